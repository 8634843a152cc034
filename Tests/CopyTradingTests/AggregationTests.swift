import CopyTrading
import Testing

/// R-06: which fills become one signal, and when it leaves.
@Suite("Aggregation")
struct AggregationTests {
    private let now = Sample.received

    /// A maker fill worth 2 USDC, which alone is below the flush minimum of 10.
    private func drip(_ index: Int, after: Int64, oid: Int64 = 1, side: Side = .buy, from start: String) -> LeaderFill {
        Sample.fill(side, "0.001", from: start, tid: Int64(index), oid: oid, after: after, crossed: false)
    }

    @Test("R-06: taker fills leave with their message, each order as one signal")
    func takers() {
        var builder = Sample.builder()
        let fills = [
            Sample.fill(.buy, "0.001", from: "0", tid: 1), Sample.fill(.buy, "0.001", from: "0.001", tid: 2),
            Sample.fill(.buy, "0.001", from: "0.002", tid: 3, oid: 2),
        ]
        #expect(builder.receive(message: fills, at: now).signals.map(\.fillCount) == [2, 1])
        #expect(builder.nextDeadline == nil)
    }

    @Test("R-06: small maker fills wait 150 ms for the next one and leave as one signal")
    func debounce() {
        var builder = Sample.builder()
        #expect(builder.receive(message: [drip(1, after: 0, from: "0")], at: now).signals.isEmpty)
        #expect(builder.nextDeadline == now + 150_000)
        #expect(builder.receive(message: [drip(2, after: 100, from: "0.001")], at: now + 100_000).signals.isEmpty)
        #expect(builder.nextDeadline == now + 250_000)
        #expect(builder.flush(at: now + 249_999).isEmpty)
        let signals = builder.flush(at: now + 250_000).signals
        #expect(signals.map(\.fillCount) == [2])
        #expect(signals[0].receivedAt == now)
        #expect(signals[0].lastFillTime == Sample.t0 + 100)
        #expect(!signals[0].crossed)
    }

    @Test("R-06: a drip that never pauses leaves after one second")
    func maximumHold() {
        var builder = Sample.builder { $0.flushNotional = Notional(1_000_000) }
        var signals: [Signal] = []
        for index in 0..<12 {
            let start = "0.\(String(repeating: "0", count: index < 10 ? 2 : 1))\(index)"
            signals += builder.receive(
                message: [drip(index, after: Int64(index) * 100, from: start)], at: now + Int64(index) * 100_000).signals
        }
        #expect(signals.map(\.fillCount) == [10])
        #expect(builder.finish(at: now + 2_000_000).signals.map(\.fillCount) == [2])
    }

    @Test("R-06: a drip leaves at once when it is worth the minimum")
    func flushAtMinimum() {
        var builder = Sample.builder()
        for index in 0..<4 {
            #expect(builder.receive(message: [drip(index, after: Int64(index), from: "0.00\(index)")], at: now).signals.isEmpty)
        }
        #expect(builder.receive(message: [drip(4, after: 4, from: "0.004")], at: now).signals.map(\.fillCount) == [5])
    }

    @Test("a drip leaves at once when it closed the position")
    func flushAtZero() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": money("0.001")], at: Sample.t0 - 1))
        let signals = builder.receive(message: [drip(1, after: 0, side: .sell, from: "0.001")], at: now).signals
        #expect(signals.map(\.legs) == [[Leg(action: .close, start: money("0.001"), end: .zero)]])
    }

    @Test("R-06: a drip ends where another order, the other side, a taker fill or another cause interrupts it", arguments: [
        Sample.fill(.buy, "0.001", from: "0.001", tid: 2, oid: 2, after: 10, crossed: false),
        Sample.fill(.sell, "0.001", from: "0.001", tid: 2, oid: 1, after: 10, crossed: false),
        Sample.fill(.buy, "0.001", from: "0.001", tid: 2, oid: 1, after: 10, crossed: true),
        Sample.fill(.buy, "0.001", from: "0.001", tid: 2, oid: 1, after: 10, crossed: false, dir: "Settlement"),
    ])
    func interruption(next: LeaderFill) {
        var builder = Sample.builder()
        _ = builder.receive(message: [drip(1, after: 0, from: "0")], at: now)
        var signals = builder.receive(message: [next], at: now + 10_000).signals
        #expect(signals.first?.fillCount == 1 && signals.first?.lastFill == 1)
        signals += builder.finish(at: now + 20_000).signals
        #expect(signals.map(\.fillCount) == [1, 1])
    }

    @Test("R-06: slices of a TWAP are gathered although they take liquidity")
    func twap() {
        var builder = Sample.builder()
        let slices = (0..<3).map { Sample.fill(.buy, "0.001", from: "0.00\($0)", tid: Int64($0), after: Int64($0) * 50, twapID: 7) }
        #expect(builder.receive(message: slices, at: now).signals.isEmpty)
        let signals = builder.flush(at: now + 150_000).signals
        #expect(signals.map(\.fillCount) == [3])
        #expect(signals[0].cause == .twap && signals[0].crossed)
    }

    @Test("fills delivered together make the signals that they made one by one")
    func backfillAggregatesAlike() {
        let times: [Int64] = [0, 100, 260, 300, 449, 600]
        let fills = times.enumerated().map { drip($0.offset, after: $0.element, from: "0.00\($0.offset)") }
        var live = Sample.builder { $0.flushNotional = Notional(1_000_000) }
        var expected: [Signal] = []
        for fill in fills {
            let arrival = fill.time * 1_000
            while let deadline = live.nextDeadline, deadline <= arrival { expected += live.flush(at: deadline).signals }
            expected += live.receive(message: [fill], at: arrival).signals
        }
        expected += live.finish(at: .max / 2).signals
        var replay = Sample.builder { $0.flushNotional = Notional(1_000_000) }
        let found = replay.receive(message: fills, at: now).signals + replay.finish(at: now).signals
        #expect(expected.map(\.id) == found.map(\.id))
        #expect(expected.map(\.fillCount) == [2, 3, 1])
    }

    @Test("the leader's equity at the moment of emission is in the signal")
    func equity() {
        var builder = Sample.builder()
        builder.leaderEquity = nil
        #expect(builder.receive(message: [Sample.fill(.buy, "1", from: "0", tid: 1)], at: now).signals.first?.leaderEquity == nil)
        builder.leaderEquity = Notional(50)
        let next = Sample.fill(.buy, "1", from: "1", tid: 2, oid: 2, after: 1)
        #expect(builder.receive(message: [next], at: now).signals.first?.leaderEquity == Notional(50))
    }
}
