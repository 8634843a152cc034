import CopyTrading
import Testing

/// positions and signals from public trades, which tell neither order nor position.
@Suite("Fills read from the market")
struct MarketFillTests {
    private let now = Sample.received
    private let base = LeaderCursor(positions: [:], at: Sample.t0 - 1_000)

    private func trade(
        _ side: Side, _ size: String, tid: Int64, after: Int64 = 0, crossed: Bool = true, price: String = "2000"
    ) -> LeaderFill {
        LeaderFill(
            tradeIn: "ETH", price: money(price), size: money(size), side: side, time: Sample.t0 + after, crossed: crossed, tid: tid)
    }

    private func moves(_ events: [SignalEvent]) -> [String] { events.signals.map { "\($0.start)>\($0.end)" } }
    private func putAside(_ event: SignalEvent) -> Int64? { if case .quarantine(let fill, _) = event { fill.tid } else { nil } }

    @Test("R-13: a position is followed from a snapshot by trades alone, and the signals say tier 2")
    func followed() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(4)], at: Sample.t0 - 1_000))
        var events = builder.receive(message: [trade(.buy, "2", tid: 9), trade(.buy, "1", tid: 3)], at: now)
        events += builder.receive(message: [trade(.sell, "10", tid: 4, after: 900)], at: now)
        #expect(moves(events) == ["4>7", "7>-3"])
        #expect(events.signals.map(\.tier) == [2, 2])
        #expect(events.signals[0].fillCount == 2)
        #expect(events.signals[1].legs.map(\.action) == [.close, .open])
        #expect(builder.positions == ["ETH": Size(-3)])
    }

    @Test("R-01: the same trade by two tiers counts once, whichever comes first", arguments: [true, false])
    func bothTiers(ownFirst: Bool) {
        var builder = Sample.builder(cursor: base)
        var events: [SignalEvent] = []
        let own = [Sample.fill(.buy, "1", from: "0", tid: 1), Sample.fill(.buy, "2", from: "1", tid: 2, oid: 8, after: 40), Sample.fill(.sell, "3", from: "3", tid: 3, oid: 9, after: 80)]
        let market = [trade(.buy, "1", tid: 1), trade(.buy, "2", tid: 2, after: 40), trade(.sell, "3", tid: 3, after: 80)]
        for (mine, public_) in zip(own, market) {
            events += builder.receive(message: [ownFirst ? mine : public_], at: now)
            events += builder.receive(message: [ownFirst ? public_ : mine], at: now)
        }
        #expect(moves(events) == ["0>1", "1>3", "3>0"])
        #expect(events.others.isEmpty)
        #expect(builder.duplicatesDropped == 3)
    }

    @Test("R-01: the same trade id with another price is a conflict between tiers too; another order id is not")
    func conflict() {
        var builder = Sample.builder(cursor: base)
        _ = builder.receive(message: [trade(.buy, "1", tid: 1)], at: now)
        let other = Sample.fill(.buy, "1", at: "2001", from: "0", tid: 1)
        guard case .quarantine? = builder.receive(message: [other], at: now).first else { Issue.record("no quarantine"); return }
        #expect(builder.receive(message: [Sample.fill(.buy, "1", from: "0", tid: 1, oid: 77)], at: now).isEmpty)
        guard case .quarantine? = builder.receive(message: [Sample.fill(.buy, "1", from: "0", tid: 1, oid: 78)], at: now).first
        else { Issue.record("two own orders for one trade"); return }
    }

    @Test("a trade delivered late, by the slower of two sockets, changes the position all the same; once")
    func late() {
        var builder = Sample.builder(cursor: base)
        var events = builder.receive(message: [trade(.buy, "1", tid: 1)], at: now)
        events += builder.receive(message: [trade(.buy, "5", tid: 3, after: 200)], at: now)
        events += builder.receive(message: [trade(.sell, "1", tid: 2, after: 100)], at: now)
        events += builder.receive(message: [trade(.sell, "1", tid: 2, after: 100)], at: now)
        #expect(moves(events) == ["0>1", "1>6", "6>5"])
        #expect(builder.positions == ["ETH": Size(5)])
        // proven meanwhile by a fill that says where it began: what is older is contained in that
        events = builder.receive(message: [Sample.fill(.buy, "1", from: "5", tid: 4, oid: 4, after: 300)], at: now)
        events += builder.receive(message: [trade(.buy, "9", tid: 5, after: 250)], at: now)
        #expect(moves(events) == ["5>6"] && events.others.isEmpty)
    }

    @Test("after a reading that agreed, trades before its moment are history, in coins never seen too; those after it count")
    func settled() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(2)], at: Sample.t0 - 1_000))
        builder.settle(at: Sample.t0 + 500, isWhole: true) { _ in true }
        #expect(builder.receive(message: [trade(.buy, "1", tid: 1), trade(.sell, "1", tid: 2, after: 10)], at: now).isEmpty)
        var other = trade(.buy, "1", tid: 3)
        other.coin = "BTC"
        #expect(builder.receive(message: [other], at: now).isEmpty)
        #expect(moves(builder.receive(message: [trade(.buy, "1", tid: 4, after: 501)], at: now)) == ["2>3"])
        #expect(builder.cursor.floor == Sample.t0 + 500)
    }

    @Test("a missed trade that history brings is traded, though later trades are known already")
    func fromHistory() {
        var builder = Sample.builder(cursor: base)
        _ = builder.receive(message: [trade(.buy, "1", tid: 1)], at: now)
        _ = builder.receive(message: [trade(.buy, "1", tid: 3, after: 200)], at: now)
        let history = [
            Sample.fill(.buy, "1", from: "0", tid: 1), Sample.fill(.buy, "4", from: "1", tid: 2, oid: 2, after: 100),
            Sample.fill(.buy, "1", from: "5", tid: 3, oid: 3, after: 200),
        ]
        let events = builder.receive(message: history, at: now)
        #expect(moves(events) == ["2>6"])
        #expect(events.signals[0].lastFill == 2)
        #expect(builder.compare(positions: ["ETH": Size(6)], at: Sample.t0 + 500, covers: { _ in true }).isEqual)
    }

    @Test("own fills that overtook a trade wait for it and link over it", arguments: [0, 100])
    func bridge(between: Int64) {
        var builder = Sample.builder(cursor: base)
        let later = Sample.fill(.buy, "1", from: "3", tid: 2, oid: 2, after: between)
        #expect(builder.receive(message: [later], at: now).isEmpty)
        let events = builder.receive(message: [trade(.buy, "3", tid: 1)], at: now + 1_000)
        #expect(moves(events) == (between == 0 ? ["0>4"] : ["0>3", "3>4"]))
        #expect(builder.nextDeadline == nil)
    }

    @Test("trades before the snapshot, as they are replayed on subscribing, are history")
    func replayed() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(2)], at: Sample.t0))
        let old = (1...30).map { trade(.buy, "1", tid: Int64($0), after: -Int64($0)) }
        #expect(builder.receive(message: old, at: now).isEmpty)
        #expect(builder.historyDropped == 30)
        #expect(builder.positions == ["ETH": Size(2)])
    }

    @Test("a trade in the snapshot's own millisecond waits for the leader's own fill, which tells whether it is contained", arguments: [
        ("2", "2", [String]()), ("2", "3", ["2>3"]),
    ])
    func seam(snapshot: String, end: String, expected: [String]) {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": money(snapshot)], at: Sample.t0))
        #expect(builder.receive(message: [trade(.buy, "1", tid: 1)], at: now).isEmpty)
        #expect(builder.flush(at: now + 250_000) == [.gap(coin: "ETH", expected: money(snapshot), found: money(snapshot), since: Sample.t0)])
        let start: Size = money(end) - Size(1)
        var events = builder.receive(message: [Sample.fill(.buy, "1", from: "\(start)", tid: 1)], at: now + 300_000)
        events += builder.backfillEnded(at: now + 300_000)
        #expect(moves(events) == expected)
        #expect(builder.positions == ["ETH": money(end)])
        #expect(builder.nextDeadline == nil)
        #expect(moves(builder.receive(message: [trade(.sell, "1", tid: 2, after: 5)], at: now + 400_000)).count == 1)
    }

    @Test("without the own fill a trade in the snapshot's millisecond counts as contained, and nothing is held up")
    func seamUnresolved() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(2)], at: Sample.t0))
        _ = builder.receive(message: [trade(.buy, "1", tid: 1), trade(.buy, "4", tid: 2, after: 3)], at: now)
        _ = builder.flush(at: now + 250_000)
        let events = builder.backfillEnded(at: now + 300_000)
        #expect(moves(events) == ["2>6"])
        guard case .late? = events.others.first else { Issue.record("not told as late"); return }
    }

    @Test("trades that together leave the range of a position are put aside, late ones too, and what is known stays", arguments: [false, true])
    func outOfRange(isLate: Bool) {
        var builder = Sample.builder(cursor: base)
        let most = "46000000000"
        var events = builder.receive(message: [trade(.buy, most, tid: 1, after: 100)], at: now)
        for tid in 2...3 { events += builder.receive(message: [trade(.buy, most, tid: Int64(tid), after: Int64(tid) * (isLate ? 10 : 100))], at: now) }
        #expect(moves(events) == ["0>\(most)"])
        #expect(events.others.compactMap(putAside) == [2, 3])
        #expect(builder.positions == ["ETH": money(most)])
        #expect(moves(builder.receive(message: [trade(.sell, most, tid: 4, after: 400)], at: now)) == ["\(most)>0"])
    }

    @Test("no number of such trades in one message ends the process")
    func outOfRangeTogether() {
        var builder = Sample.builder(cursor: base)
        let events = builder.receive(message: (1...9).map { trade(.sell, "46000000000", tid: Int64($0)) }, at: now)
        #expect(moves(events) == ["0>-46000000000"])
        #expect(events.others.compactMap(putAside) == Array(2...9))
    }

    // MARK: - Snapshots

    @Test("R-13: a snapshot agrees with the trades up to its moment, those after it left out, and those in its millisecond either way")
    func comparison() {
        var builder = Sample.builder(cursor: base)
        for (tid, after) in [(Int64(1), Int64(0)), (2, 100), (3, 100), (4, 200)] {
            _ = builder.receive(message: [trade(.buy, "1", tid: tid, after: after)], at: now)
        }
        func equal(_ position: String, _ after: Int64) -> Bool {
            var copy = builder
            return copy.compare(positions: ["ETH": money(position)], at: Sample.t0 + after, covers: { _ in true }).isEqual
        }
        #expect([-1, 50, 99].map { equal($0 < 0 ? "0" : "1", $0) } == [true, true, true])
        #expect(["1", "2", "3"].map { equal($0, 100) } == [true, true, true])
        #expect(["0", "4"].map { equal($0, 100) } == [false, false])
        #expect(equal("3", 150) && !equal("2", 150) && equal("4", 5_000))
        let difference = builder.compare(positions: [:], at: Sample.t0 + 5_000, covers: { _ in true })
        #expect(difference.differences == [.init(coin: "ETH", expected: Size(4), found: .zero)])
        #expect(builder.compare(positions: [:], at: Sample.t0 + 5_000, covers: { $0 == "BTC" }).isEqual)
    }

    @Test("R-12: a position that differs is taken as truth with the trades since, the unseen exit is mirrored, an unseen entry is not", arguments: [
        ("10", "4", "12", "10>4", "4>6"), ("10", "12", "12", "", "12>14"),
    ])
    func adopted(known: String, snapshot: String, other: String, exit: String, next: String) {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": money(known)], at: Sample.t0 - 1_000))
        // two coins more after the snapshot's moment
        _ = builder.receive(message: [trade(.buy, "2", tid: 1, after: 100)], at: now)
        let events = builder.adopt(positions: ["ETH": money(snapshot)], at: Sample.t0 + 50, now: now)
        let end: Size = money(snapshot) + Size(2)
        #expect(builder.positions == ["ETH": end])
        #expect(events.others.count == 1)
        if exit.isEmpty { #expect(events.signals.isEmpty) } else { #expect(events.signals.map { $0.cause } == [.resync]) }
        // the trade that was missing comes after all: it is contained
        let missed = builder.receive(message: [trade(.sell, "6", tid: 2, after: 20)], at: now)
        #expect(missed.signals.isEmpty)
        #expect(builder.positions == ["ETH": end])
    }

    @Test("adopting a snapshot that agrees changes nothing")
    func adoptedEqual() {
        var builder = Sample.builder(cursor: base)
        _ = builder.receive(message: [trade(.buy, "2", tid: 1, after: 100)], at: now)
        #expect(builder.adopt(positions: ["ETH": Size(2)], at: Sample.t0 + 100, now: now).isEmpty)
        #expect(builder.adopt(positions: [:], at: Sample.t0 + 100, now: now).isEmpty)
        #expect(builder.adopt(positions: [:], at: Sample.t0 + 99, now: now).isEmpty)
        #expect(builder.positions == ["ETH": Size(2)])
    }

    // MARK: - R-14

    @Test("R-14: an unverified leader's entries are left out and told, its exits pass, and a flip closes only")
    func unverified() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(4)], at: Sample.t0 - 1_000))
        builder.allowsEntries = false
        let increase = builder.receive(message: [trade(.buy, "1", tid: 1)], at: now)
        let legs = [Leg(action: .increase, start: Size(4), end: Size(5))]
        guard case .entriesDropped("ETH", legs, _, Sample.t0, Sample.t0)? = increase.first, increase.count == 1 else {
            Issue.record("\(increase)")
            return
        }
        let reduce = builder.receive(message: [trade(.sell, "2", tid: 2, after: 10)], at: now)
        #expect(moves(reduce) == ["5>3"] && reduce.others.isEmpty)
        let flip = builder.receive(message: [trade(.sell, "5", tid: 3, after: 20)], at: now)
        #expect(moves(flip) == ["3>0"])
        #expect(flip.signals[0].legs.map(\.action) == [.close])
        #expect(flip.others.count == 1)
        builder.allowsEntries = true
        #expect(moves(builder.receive(message: [trade(.sell, "1", tid: 4, after: 30)], at: now)) == ["-2>-3"])
    }

    @Test("a flip whose entry is left out is the same signal as the whole one, when its fills are read again")
    func sameFlip() throws {
        let fill = trade(.sell, "5", tid: 1)
        let cursor = LeaderCursor(positions: ["ETH": Size(3)], at: Sample.t0 - 1_000)
        var whole = Sample.builder(cursor: cursor)
        var part = Sample.builder(cursor: cursor)
        part.allowsEntries = false
        let first = try #require(whole.receive(message: [fill], at: now).signals.first)
        let second = try #require(part.receive(message: [fill], at: now).signals.first)
        #expect(first.legs.count == 2 && second.legs.count == 1)
        #expect(first.id == second.id)
    }

    @Test("any shuffle of trades and own fills over both tiers ends at the true position, each change in one signal", arguments: 0..<60)
    func shuffled(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var position = Size.zero
        var own: [LeaderFill] = []
        var market: [LeaderFill] = []
        for tid in 1...40 {
            let side: Side = Bool.random(using: &generator) ? .buy : .sell
            let size = "\(Int.random(in: 1...5, using: &generator))"
            let after = Int64(tid / 2) * 10
            own.append(Sample.fill(side, size, from: "\(position)", tid: Int64(tid), oid: Int64(tid), after: after))
            market.append(trade(side, size, tid: Int64(tid), after: after))
            position = own[tid - 1].end
        }
        var builder = Sample.builder(cursor: base)
        var events: [SignalEvent] = []
        // one leader moving between tiers: each stretch is read by one of them or both, and overlaps are delivered twice
        for start in stride(from: 0, to: 40, by: 8) {
            let stretch = start..<min(start + 12, 40)
            let pick = Int.random(in: 0...2, using: &generator)
            if pick != 0 { for index in stretch { events += builder.receive(message: [own[index]], at: now) } }
            if pick != 1 { for index in stretch { events += builder.receive(message: [market[index]], at: now) } }
        }
        events += builder.finish(at: now + 5_000_000)
        #expect(builder.positions["ETH"] == position)
        let total = events.signals.reduce(Size.zero) { $0 + ($1.end - $1.start) }
        #expect(total == position)
        #expect(events.signals.reduce(0) { $0 + $1.fillCount } == 40)
        #expect(!events.others.contains { if case .resync = $0 { true } else { false } })
        for (previous, next) in zip(events.signals, events.signals.dropFirst()) { #expect(previous.end == next.start) }
    }

    @Test("public trades that were applied and forgotten are not applied once more when history tells of them")
    func forgottenTrades() {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(10)], at: Sample.t0 - 1_000)) { $0.seenLimit = 4 }
        let trades = (0..<8).map { trade(.sell, "1", tid: Int64($0), after: Int64($0) * 10) }
        for trade in trades { _ = builder.receive(message: [trade], at: now) }
        #expect(builder.positions == ["ETH": Size(2)])
        let history = (0..<8).map { Sample.fill(.sell, "1", from: "\(10 - $0)", tid: Int64($0), oid: Int64($0), after: Int64($0) * 10) }
        let again = builder.receive(message: history, at: now)
        #expect(again.signals.isEmpty)
        #expect(builder.positions == ["ETH": Size(2)])
    }

    @Test("once all was read, a coin never seen was flat: what is traded there is told, also after a cursor that knew nothing")
    func floorAfterReading() {
        var builder = Sample.builder(cursor: LeaderCursor())
        #expect(!builder.hasFloor)
        builder.beginFloor(at: Sample.t0)
        #expect(builder.hasFloor && builder.cursor.floor == Sample.t0)
        let events = builder.receive(message: [trade(.buy, "1", tid: 1, after: 10)], at: now)
        #expect(events.signals.map(\.legs) == [[Leg(action: .open, start: .zero, end: Size(1))]])
    }
}
