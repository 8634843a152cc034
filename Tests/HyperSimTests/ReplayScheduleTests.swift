import CopyTrading
import Testing

@testable import HyperSim

@Suite struct ReplayScheduleTests {
    let items = [0, 1_000, 1_000, 5_000, 60_000].map { ReplaySchedule.Item(recordedAt: 1_784_000_000_000 + $0, fills: 3) }
    let burst = ReplaySchedule.Burst(fills: 100, milliseconds: 10)

    @Test("recorded offsets are divided by the speed")
    func speed() throws {
        var schedule = ReplaySchedule(items, from: 0, speed: ReplaySpeed("10")!, burst: burst, now: 500)
        #expect(schedule.step(at: 500) == (0..<1, 100))
        #expect(schedule.step(at: 599) == (1..<1, 1))
        #expect(schedule.step(at: 600) == (1..<3, 400))
        #expect(schedule.step(at: 7_000) == (3..<5, nil))
        #expect(schedule.isFinished)
    }

    @Test("at maximum speed only the burst bound paces, and a group is never cut")
    func maximum() throws {
        var schedule = ReplaySchedule(items, from: 0, speed: .maximum, burst: .init(fills: 7, milliseconds: 10), now: 0)
        #expect(schedule.step(at: 0) == (0..<2, 10))
        #expect(schedule.step(at: 10) == (2..<4, 10))
        #expect(schedule.step(at: 20) == (4..<5, nil))
        var narrow = ReplaySchedule(items, from: 3, speed: .maximum, burst: .init(fills: 1, milliseconds: 10), now: 0)
        #expect(narrow.step(at: 0) == (3..<4, 10))
    }

    @Test("a resumed replay starts at once with the next group")
    func resumed() {
        var schedule = ReplaySchedule(items, from: 4, speed: ReplaySpeed("1")!, burst: burst, now: 77)
        #expect(schedule.step(at: 77) == (4..<5, nil))
    }

    @Test("a speed is a positive decimal or max", arguments: [
        ("3600", true), ("0.5", true), ("max", true), ("0", false), ("-1", false), ("fast", false), ("", false),
    ])
    func text(text: String, isValid: Bool) { #expect((ReplaySpeed(text) != nil) == isValid) }
}
