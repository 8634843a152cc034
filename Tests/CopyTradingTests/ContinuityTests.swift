import CopyTrading
import Testing

/// what happens when fills are missing.
@Suite("Continuity")
struct ContinuityTests {
    private let now = Sample.received
    private let first = Sample.fill(.buy, "10", from: "0", tid: 1)
    private let second = Sample.fill(.sell, "3", from: "10", tid: 2, oid: 2, after: 100)
    private let third = Sample.fill(.sell, "2", from: "7", tid: 3, oid: 3, after: 200)

    private func started() -> SignalBuilder {
        var builder = Sample.builder()
        _ = builder.receive(message: [first], at: now)
        return builder
    }

    @Test("R-03: a fill that overtook another waits for it, and both become signals in their order")
    func reordered() {
        var builder = started()
        #expect(builder.receive(message: [third], at: now + 1_000).isEmpty)
        #expect(builder.nextDeadline == now + 251_000)
        #expect(builder.flush(at: now + 250_999).isEmpty)
        let events = builder.receive(message: [second], at: now + 250_999)
        #expect(events.signals.map { "\($0.start)>\($0.end)" } == ["10>7", "7>5"])
        #expect(events.others.isEmpty)
        #expect(builder.nextDeadline == nil)
    }

    @Test("R-03: after 250 ms a backfill is asked for; its fills close the gap without a resync")
    func backfilled() {
        var builder = started()
        _ = builder.receive(message: [third], at: now)
        #expect(builder.flush(at: now + 250_000) == [.gap(coin: "ETH", expected: Size(10), found: Size(7), since: Sample.t0)])
        #expect(builder.nextDeadline == now + 1_250_000)
        let events = builder.receive(message: [first, second, third], at: now + 400_000)
        #expect(events.signals.map { "\($0.start)>\($0.end)" } == ["10>7", "7>5"])
        #expect(builder.backfillEnded(at: now + 400_000).isEmpty)
    }

    @Test("R-03: a gap that the backfill does not close is accepted at its end: resync, and the unseen exit is mirrored")
    func resync() throws {
        var builder = started()
        _ = builder.receive(message: [third], at: now)
        _ = builder.flush(at: now + 250_000)
        let events = builder.backfillEnded(at: now + 300_000)
        #expect(events.others == [.resync(coin: "ETH", expected: Size(10), found: Size(7))])
        #expect(events.signals.map { "\($0.start)>\($0.end) \($0.cause.rawValue)" } == ["10>7 resync", "7>5 voluntary"])
        #expect(events.signals[0].fillCount == 0)
        #expect(events.signals[0].id != events.signals[1].id)
        #expect(builder.positions == ["ETH": Size(5)])
    }

    @Test("without an answer to the backfill the gap is accepted when its time is over")
    func resyncByTime() {
        var builder = started()
        _ = builder.receive(message: [third], at: now)
        _ = builder.flush(at: now + 250_000)
        #expect(builder.flush(at: now + 1_249_999).isEmpty)
        #expect(builder.flush(at: now + 1_250_000).signals.count == 2)
        #expect(builder.nextDeadline == nil)
    }

    @Test("R-03: only the exit of an unseen move is mirrored, never its entry", arguments: [
        ("10", "15", ""), ("10", "4", "reduce 10 4"), ("10", "0", "close 10 0"), ("10", "-4", "close 10 0"), ("-10", "4", "close -10 0"),
        ("-10", "-4", "reduce -10 -4"), ("0", "4", ""),
    ])
    func mirroredExit(known: String, found: String, expected: String) {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": money(known)], at: Sample.t0 - 1))
        _ = builder.receive(message: [Sample.fill(.buy, "1", from: found, tid: 1)], at: now)
        _ = builder.flush(at: now + 250_000)
        let unseen = builder.flush(at: now + 1_250_000).signals.filter { $0.cause == .resync }
        #expect(unseen.flatMap(\.legs).map { "\($0.action.rawValue) \($0.start) \($0.end)" }.joined() == expected)
    }

    @Test("a fill that arrives after the resync that covers it is not traded")
    func lateFill() {
        var builder = started()
        _ = builder.receive(message: [third], at: now)
        _ = builder.flush(at: now + 250_000)
        _ = builder.flush(at: now + 1_250_000)
        #expect(builder.receive(message: [second], at: now + 1_300_000) == [.late(second)])
        #expect(builder.positions == ["ETH": Size(5)])
    }

    @Test("a fill in the millisecond of an accepted position that cannot follow it is covered by it")
    func coveredSibling() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(3)], at: Sample.t0))
        let covered = Sample.fill(.buy, "1", from: "2", tid: 1)
        #expect(builder.receive(message: [covered], at: now).isEmpty)
        #expect(builder.flush(at: now + 250_000) == [.late(covered)])
        #expect(builder.nextDeadline == nil)
    }

    @Test("more waiting fills than are allowed end the waiting")
    func boundedHold() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(1)], at: Sample.t0 - 1)) { $0.heldLimit = 3 }
        let fills = (0..<4).map { Sample.fill(.buy, "1", from: "\(5 + $0)", tid: Int64($0), oid: Int64($0), after: Int64($0)) }
        #expect(builder.receive(message: Array(fills.prefix(3)), at: now).isEmpty)
        let events = builder.receive(message: [fills[3]], at: now + 1)
        #expect(events.others == [.resync(coin: "ETH", expected: Size(1), found: Size(5))])
        #expect(events.signals.count == 4)
    }

    @Test("one coin's gap does not hold another coin")
    func independentCoins() {
        var builder = started()
        let other = Sample.fill(.buy, "1", from: "0", tid: 9, oid: 9, after: 300, coin: "BTC")
        let events = builder.receive(message: [third, other], at: now)
        #expect(events.signals.map(\.coin) == ["BTC"])
    }

    @Test("a snapshot mirrors a close that no fill told, and leaves coins with newer fills alone")
    func adoptedSnapshot() throws {
        var builder = started()
        let other = Sample.fill(.buy, "1", at: "60000", from: "0", tid: 9, oid: 9, after: 5_000, coin: "BTC")
        _ = builder.receive(message: [other], at: now + 5_000_000)
        let events = builder.adopt(positions: [:], at: Sample.t0 + 4_000, now: now + 6_000_000)
        #expect(events.others == [.resync(coin: "ETH", expected: Size(10), found: .zero)])
        let signal = try #require(events.signals.first)
        #expect(signal.legs == [Leg(action: .close, start: Size(10), end: .zero)])
        #expect(signal.averagePrice == Price(2000))
        #expect(builder.positions == ["ETH": .zero, "BTC": Size(1)])
        #expect(builder.adopt(positions: [:], at: Sample.t0 + 4_000, now: now + 7_000_000).isEmpty)
    }

    @Test("the memory of trade ids is bounded, and what it forgot is still not traded twice")
    func boundedMemory() {
        var builder = Sample.builder { $0.seenLimit = 8 }
        let fills = (0..<100).map { Sample.fill(.buy, "1", from: "\($0)", tid: Int64($0), oid: Int64($0), after: Int64($0)) }
        var signals = 0
        for fill in fills { signals += builder.receive(message: [fill], at: now).signals.count }
        let again = builder.receive(message: fills, at: now)
        #expect(signals == 100)
        #expect(again.signals.isEmpty)
        #expect(builder.positions == ["ETH": Size(100)])
    }
}
