import CopyTrading
import Testing

@testable import Pipeline

@Suite struct LaneTests {
    @Test("what an entry waited for beside tokens does not count against the longest wait for them")
    func tokenWait() {
        var job = LaneJob(
            entry: "1-0",
            job: ExecutionJob(
                id: "job", request: "request", signal: "signal", subscription: "s:leader", subscriber: "s", account: "0x1", influencer: "leader",
                coin: "BTC", action: .open, side: .buy, quantity: .size(Size(1)), limit: nil, referencePrice: Price(50_000), expiresAt: nil,
                maximumPositionNotional: nil, leaderFillTime: 0, receivedAt: 0, lifecycle: nil), plannedAt: 0)
        let start = ContinuousClock.now
        func limited(after seconds: Double, for wait: Double) -> String? {
            job.limited(by: "subscriber:s", for: .seconds(wait), at: start + .seconds(seconds), atMost: .seconds(3))
        }
        #expect(limited(after: 0, for: 1) == nil)
        // an exit came in between, and it asks again
        #expect(limited(after: 0.5, for: 2) == nil)
        #expect(limited(after: 2.5, for: 1)?.contains("at most 3000 ms") == true)
        // after two seconds for a better price
        #expect(limited(after: 5.5, for: 1) == nil)
    }
}
