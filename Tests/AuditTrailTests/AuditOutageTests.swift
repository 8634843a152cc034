import Logging
import Testing

@testable import AuditTrail

@Suite("What an outage of Postgres took to make up for")
struct AuditOutageTests {
    @Test("while it is away nothing is caught up; then how long it was away, and how fast the backlog went")
    func measure() throws {
        let start = ContinuousClock.now
        var outage = AuditOutage(awaySince: start)
        outage.written = 5_000
        #expect(outage.caughtUp(at: start + .seconds(60)) == nil)
        outage.backAt = start + .milliseconds(90_250)
        let metadata = try #require(outage.caughtUp(at: start + .milliseconds(92_750)))
        #expect(metadata == ["away": "90.2 s", "caught_up_in": "2.5 s", "entries": "5000", "per_second": "2000"])
    }

    @Test("a backlog that is gone at once divides by nothing")
    func instant() throws {
        let start = ContinuousClock.now
        var outage = AuditOutage(awaySince: start)
        outage.backAt = start
        outage.written = 7
        #expect(try #require(outage.caughtUp(at: start))["entries"] == "7")
    }
}
