import Testing

@testable import Health

/// When a loop counts as stopped. Times are seconds here, nanoseconds in a process: the detector does not care.
@Suite("The watchdog's judgement")
struct StallDetectorTests {
    private func detector() -> StallDetector { StallDetector(limit: 30, period: 1, now: 100) }

    /// Looks each second from the last look to `end`.
    private func look(_ detector: inout StallDetector, from start: UInt64, to end: UInt64, _ beats: (UInt64) -> [(name: String, last: UInt64)])
        -> (at: UInt64, name: String)?
    {
        for now in start...end { if let stalled = detector.look(at: now, beats(now)) { return (now, stalled.name) } }
        return nil
    }

    @Test("a loop that beats is never stopped, one that is silent for the limit is, by name")
    func silence() throws {
        var detector = detector()
        #expect(look(&detector, from: 101, to: 400) { [("a", $0 - 1), ("b", $0 - 29)] } == nil)
        let found = try #require(look(&detector, from: 401, to: 500) { [("a", $0), ("b", 400)] })
        #expect(found.at == 430)
        #expect(found.name == "b")
    }

    @Test("a loop that rests is not looked at, however long")
    func rest() {
        var detector = detector()
        #expect(look(&detector, from: 101, to: 1_000) { [("a", $0)] } == nil)
        #expect(look(&detector, from: 1_001, to: 2_000) { _ in [] } == nil)
    }

    @Test("after the whole process stood still, every loop has the whole limit again")
    func stopped() throws {
        var detector = detector()
        #expect(look(&detector, from: 101, to: 120) { _ in [("a", 100)] } == nil)
        // SIGSTOP for an hour: neither it nor the loop ran
        #expect(look(&detector, from: 3_720, to: 3_749) { _ in [("a", 100)] } == nil)
        let found = try #require(look(&detector, from: 3_750, to: 3_800) { _ in [("a", 100)] })
        #expect(found.at == 3_750)
    }

    @Test("a look that is a little late begins nothing anew")
    func late() throws {
        var detector = detector()
        #expect(look(&detector, from: 101, to: 125) { _ in [("a", 100)] } == nil)
        #expect(detector.look(at: 125 + StallDetector.latePeriods, [("a", 100)]) == nil)
        #expect(detector.look(at: 130, [("a", 100)])?.name == "a")
    }

    @Test("a beat of the future, as from another processor's view of the clock, is no silence")
    func future() {
        var detector = detector()
        #expect(detector.look(at: 101, [("a", 102)]) == nil)
    }
}

@Suite("Hearts")
struct HeartTests {
    @Test("a loop started under a process' hearts is known to it, its rest too; elsewhere to nobody")
    func registry() {
        let hearts = Heartbeats()
        let heart = Heartbeats.$current.withValue(hearts) { Heart.start("loop") }
        #expect(hearts.beating.map(\.name) == ["loop"])
        heart.rest()
        #expect(hearts.beating.isEmpty)
        heart.beat()
        #expect(hearts.beating.count == 1)
        _ = Heart.start("stranger")
        #expect(hearts.beating.count == 1)
    }

    @Test("silence counts after a loop's patience, and fails the sample of the process")
    func patience() {
        let hearts = Heartbeats()
        hearts.add(Heart(name: "old", at: 1))
        #expect(hearts.sample(limit: .seconds(1)).state == .failed)
        #expect(hearts.sample(limit: .seconds(1)).detail.contains("old"))
        hearts.add(Heart(name: "old", patience: .seconds(100 * 365 * 86_400), at: 1))
        #expect(hearts.sample(limit: .seconds(1)).state == .ok)
    }
}
