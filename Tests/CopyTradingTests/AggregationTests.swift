import CopyTrading
import Testing

/// which fills become one signal.
@Suite("Aggregation")
struct AggregationTests {
    private let now = Sample.received

    private func maker(_ index: Int, after: Int64, side: Side = .buy, from start: String) -> LeaderFill {
        Sample.fill(side, "0.001", from: start, tid: Int64(index), after: after, crossed: false)
    }

    @Test("R-06: what a leader does in one moment, one direction and one manner is one signal, however many orders it takes")
    func block() {
        var builder = Sample.builder()
        let fills = [
            Sample.fill(.buy, "0.001", from: "0", tid: 1), Sample.fill(.buy, "0.001", from: "0.001", tid: 2),
            Sample.fill(.buy, "0.001", from: "0.002", tid: 3, oid: 2),
        ]
        let signals = builder.receive(message: fills, at: now).signals
        #expect(signals.map(\.fillCount) == [3])
        #expect(signals[0].receivedAt == now && signals[0].firstFill == 1 && signals[0].lastFill == 3)
        #expect(builder.nextDeadline == nil)
    }

    @Test("R-06: each fill of a resting order is a signal of its own, at once", arguments: [false, true])
    func drips(isTWAP: Bool) {
        var builder = Sample.builder()
        for index in 0..<4 {
            let fill = Sample.fill(
                .buy, "0.001", from: "0.00\(index)", tid: Int64(index), after: Int64(index), crossed: isTWAP, twapID: isTWAP ? 7 : nil)
            let signals = builder.receive(message: [fill], at: now).signals
            #expect(signals.map(\.fillCount) == [1])
            // each follower gathers what is too small for an order
            #expect(signals[0].isDrip)
            #expect(builder.nextDeadline == nil)
        }
    }

    @Test("a signal ends where the other side, another time, a taker fill after a maker's or another cause begins", arguments: [
        Sample.fill(.buy, "0.001", from: "0.001", tid: 2, after: 1, crossed: false),
        Sample.fill(.sell, "0.001", from: "0.001", tid: 2, crossed: false),
        Sample.fill(.buy, "0.001", from: "0.001", tid: 2, crossed: true),
        Sample.fill(.buy, "0.001", from: "0.001", tid: 2, crossed: false, dir: "Settlement"),
    ])
    func interruption(next: LeaderFill) {
        var builder = Sample.builder()
        let signals = builder.receive(message: [maker(1, after: 0, from: "0"), next], at: now).signals
        #expect(signals.map(\.fillCount) == [1, 1])
        #expect(signals.map(\.lastFill) == [1, 2])
    }

    @Test("fills read again from history, all at once, are the signals that they were when they came one after the other, or as public trades")
    func sameSignalsFromEverySource() {
        let times: [Int64] = [0, 0, 100, 260, 260, 300, 449, 600]
        let base = LeaderCursor(positions: [:], at: Sample.t0 - 1)
        let fills = times.enumerated().map { maker($0.offset, after: $0.element, from: "0.00\($0.offset)") }
        var live = Sample.builder(cursor: base)
        var expected: [Signal] = []
        for block in Set(times).sorted() {
            let arrival = now + block * 1_000
            expected += live.receive(message: fills.filter { $0.time == Sample.t0 + block }, at: arrival).signals
            expected += live.flush(at: arrival + 10_000_000).signals
        }
        var replay = Sample.builder(cursor: base)
        let found = replay.receive(message: fills.reversed(), at: now).signals + replay.finish(at: now).signals
        var market = Sample.builder(cursor: base)
        let trades = fills.map {
            LeaderFill(tradeIn: $0.coin, price: $0.price, size: $0.size, side: $0.side, time: $0.time, crossed: $0.crossed, tid: $0.tid)
        }
        let public_ = market.receive(message: trades, at: now).signals
        #expect(expected.map(\.fillCount) == [2, 1, 2, 1, 1, 1])
        #expect(found.map(\.id) == expected.map(\.id))
        #expect(public_.map(\.id) == expected.map(\.id))
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
