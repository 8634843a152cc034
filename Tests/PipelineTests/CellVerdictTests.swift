import RedisStreams
import Testing

@testable import Recovery

/// What a Redis is taken for.
@Suite struct CellVerdictTests {
    private static func sight(_ incarnation: String?, halted: Bool = false, _ numbers: [String: Int64] = [:]) -> CellSight {
        CellSight(
            server: "s", isFirst: false, incarnation: incarnation, isHalted: halted, reason: halted ? "found" : nil, suspectedAt: 0, numbers: numbers)
    }

    private static func row(_ incarnation: String, _ state: CellVerdict.Row.State) -> CellVerdict.Row {
        CellVerdict.Row(incarnation: incarnation, state: state, reason: state == .halted ? "before" : nil)
    }

    private func isLost(_ verdict: CellVerdict) -> Bool { if case .lost = verdict { true } else { false } }

    @Test("a cell that neither knows is new, also when it has streams from before there were incarnations")
    func new() {
        #expect(CellVerdict(Self.sight(nil), row: nil, recorded: [:]) == .new)
        #expect(CellVerdict(Self.sight(nil, ["execution_jobs:00": 7]), row: nil, recorded: ["execution_jobs:00": 7]) == .new)
        #expect(CellVerdict(Self.sight(nil), row: Self.row("a", .new), recorded: [:]) == .new)
    }

    @Test("the same incarnation with all that is on record is the cell's Redis")
    func fit() {
        let numbers: [String: Int64] = ["execution_jobs:00": 7, "execution_results:00": 3]
        #expect(CellVerdict(Self.sight("a", numbers), row: Self.row("a", .running), recorded: numbers) == .fit(incarnation: "a"))
        #expect(CellVerdict(Self.sight("a", numbers), row: Self.row("a", .running), recorded: ["execution_jobs:00": 2]) == .fit(incarnation: "a"))
        #expect(CellVerdict(Self.sight("a"), row: Self.row("a", .new), recorded: [:]) == .fit(incarnation: "a"))
    }

    @Test("an empty one, another incarnation, or one entry less than is on record is lost")
    func lost() {
        #expect(isLost(CellVerdict(Self.sight(nil), row: Self.row("a", .running), recorded: [:])))
        #expect(isLost(CellVerdict(Self.sight("b"), row: Self.row("a", .running), recorded: [:])))
        #expect(isLost(CellVerdict(Self.sight("b"), row: nil, recorded: [:])))
        #expect(isLost(CellVerdict(Self.sight("a", ["execution_jobs:00": 6]), row: Self.row("a", .running), recorded: ["execution_jobs:00": 7])))
        #expect(isLost(CellVerdict(Self.sight(nil), row: nil, recorded: ["influencer_signals:01": 1])))
    }

    @Test("halted in one of both is halted")
    func halted() {
        #expect(CellVerdict(Self.sight("a"), row: Self.row("a", .halted), recorded: [:]) == .halted(reason: "before"))
        #expect(CellVerdict(Self.sight("a", halted: true), row: Self.row("a", .running), recorded: [:]) == .lost(reason: "found"))
    }
}
