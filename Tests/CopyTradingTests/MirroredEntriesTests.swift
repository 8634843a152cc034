import CopyTrading
import JSON
import Testing

@Suite("The leader's limit orders")
struct MirroredEntriesTests {
    private static let k = Ratio(basisPoints: 250)
    /// A copy of the leader's 10.
    private static let long = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: "life", k: k, revision: 3)

    private func limit(_ oid: Int64, _ size: String, at price: String = "1990", _ side: Side = .buy, coin: Coin = Sample.coin) -> LeaderOrders.Order {
        LeaderOrders.Order(oid: oid, coin: coin, kind: .limit, side: side, price: money(price), size: money(size))
    }

    private func mirrored(
        _ orders: [LeaderOrders.Order], leader: String = "10", sleeve: Sleeve = long, admitted: (RestingOrder) -> Size? = { $0.size }
    ) -> [LeaderOrders.Mirrored] {
        LeaderOrders(orders: orders, readAt: 0).mirroredEntries(
            in: Sample.coin, leader: money(leader), sleeve: sleeve, instrument: Sample.instrument, admitted: admitted)
    }

    @Test("R-21, R-31: each is mirrored for the sleeve's share of what is left of it, in whole lots, the best prices first and a bounded number")
    func shares() {
        let found = mirrored([limit(1, "4", at: "1980"), limit(2, "3.3335", at: "1990"), limit(3, "4", at: "1990")])
        #expect(found.map(\.oid) == [2, 3, 1])
        #expect(found.map(\.order.size) == [money("0.0833"), money("0.1"), money("0.1")])
        #expect(found.map(\.order.price) == [Price(1990), Price(1990), Price(1980)])
        #expect(found.allSatisfy { $0.order.kind == .limit && $0.order.side == .buy })
        #expect(mirrored((1...9).map { limit($0, "4") }).count == LeaderOrders.mostEntries)
        let short = Sleeve(position: money("-0.25"), averageEntry: Price(2000), lifecycle: "life", k: Self.k)
        #expect(mirrored([limit(1, "4", at: "2020", .sell), limit(2, "4", at: "2010", .sell)], leader: "-10", sleeve: short).map(\.oid) == [2, 1])
    }

    @Test("R-26, R-56: nothing rests for a sleeve that is flat, was not copied, is on the other side or is traded by hand; nor what would reduce, or is of another coin")
    func others() {
        let adds = [limit(1, "4")]
        #expect(mirrored(adds).count == 1)
        #expect(mirrored(adds, sleeve: .empty).isEmpty)
        #expect(mirrored(adds, sleeve: Sleeve(position: money("0.25"), averageEntry: Price(2000))).isEmpty)
        #expect(mirrored(adds, leader: "0").isEmpty && mirrored(adds, leader: "-10").isEmpty)
        var manual = Self.long
        manual.isManual = true
        #expect(mirrored(adds, sleeve: manual).isEmpty)
        #expect(mirrored([limit(1, "4", at: "2010", .sell), limit(2, "4", coin: "BTC")]).isEmpty)
    }

    @Test("R-27: the price is rounded to one that is not worse than the leader's")
    func price() {
        #expect(mirrored([limit(1, "4", at: "1990.07")]).map(\.order.price) == [money("1990")])
        let short = Sleeve(position: money("-0.25"), averageEntry: Price(2000), lifecycle: "life", k: Self.k)
        #expect(mirrored([limit(1, "4", at: "2010.07", .sell)], leader: "-10", sleeve: short).map(\.order.price) == [money("2010.1")])
    }

    @Test("R-81: what the caps leave of it rests, and never more than the share")
    func capped() {
        #expect(mirrored([limit(1, "4")]) { _ in money("0.05") }.map(\.order.size) == [money("0.05")])
        #expect(mirrored([limit(1, "4")]) { _ in money("7") }.map(\.order.size) == [money("0.1")])
        #expect(mirrored([limit(1, "4")]) { _ in nil }.isEmpty)
    }

    @Test("R-21: what was bought before the leader's is filled does not rest again, the best prices first")
    func bought() {
        let ahead = Self.long.applyingEntry(side: .buy, size: money("0.12"), price: Price(1990), lifecycle: "life")
        #expect(ahead.position == money("0.37") && ahead.boughtAhead == money("0.12") && ahead.k == Self.k)
        let found = mirrored([limit(1, "4", at: "1980"), limit(2, "4", at: "1990")], sleeve: ahead)
        #expect(found.map(\.oid) == [1] && found.map(\.order.size) == [money("0.08")])
        // Once the leader's is filled nothing was ahead.
        #expect(mirrored([limit(1, "4", at: "1980")], leader: "14.8", sleeve: ahead).map(\.order.size) == [money("0.1")])
    }

    private func increase(from start: Size, to end: Size, tid: Int64 = 7) throws -> ExecutionJob {
        let copied = Lifecycle(id: "life", k: .one, status: .copied, direction: .buy)
        let signal = Sample.signal(from: start.description, to: end.description, tid: tid, crossed: false)
        return try #require(Sample.plan(signal, lifecycle: copied).jobs.first)
    }

    @Test("R-21, R-81: the leader's fill buys what is left, and says what was bought before; less than that is met by it")
    func ahead() throws {
        let ahead = Self.long.applyingEntry(side: .buy, size: money("0.1"), price: Price(1990), lifecycle: "life")
        let job = try increase(from: Size(10), to: Size(16))
        let intent = try #require(Sample.prepare(job, ahead).intent)
        #expect(intent.size == money("0.05") && intent.clips.contains { $0.gate == .ahead } && !intent.correctsK)
        let settled = ahead.settling(intent, job: job, filled: intent.size, averagePrice: Price(2000))
        #expect(settled.position == money("0.4") && settled.boughtAhead.isZero && settled.k == Self.k)
        let smaller = Sample.prepare(try increase(from: Size(10), to: Size(12)), ahead)
        #expect(smaller.outcome == .coalesced)
        let met = try #require(smaller.sleeve)
        #expect(met.position == money("0.35") && met.boughtAhead == money("0.05"))
        #expect(try Sleeve(json: JSON.parse(met.json.text())) == met)
    }

    @Test("R-21: what the leader never did is no part of another life, and an increase that was skipped has been met")
    func left() throws {
        let ahead = Self.long.applyingEntry(side: .buy, size: money("0.1"), price: Price(1990), lifecycle: "life")
        #expect(ahead.applying(side: .sell, size: money("0.35"), price: Price(2000), lifecycle: nil).boughtAhead.isZero)
        // The leader's fill of 4 was too old to be copied: 0.35 is the share of 14.
        #expect(Sample.prepare(try increase(from: Size(14), to: Size(18)), ahead).intent?.size == money("0.1"))
    }

    @Test("R-21: whichever limit order is filled first, the follower ends with its share of the leader's position and never had more", arguments: 0..<200 as Range<UInt64>)
    func interleaved(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var leader = Size(10)
        var left: Size = money("16")
        var sleeve = Self.long
        let most = try Self.k * (leader + left)
        while !left.isZero {
            // What rests for the follower now: a part of it may be filled first.
            for order in mirrored([limit(1, left.description)], leader: leader.description, sleeve: sleeve).map(\.order) {
                let lots = order.size.e8 / Sample.instrument.lot.e8
                let filled = Size(e8: Int64.random(in: 0...lots, using: &random) * Sample.instrument.lot.e8)
                sleeve = sleeve.applyingEntry(side: .buy, size: filled, price: order.price, lifecycle: "life")
            }
            #expect(sleeve.position <= most)
            // Then the leader's, whole lots of the follower's share.
            let part = min(left, Size(e8: Int64.random(in: 1...10, using: &random) * 40_000_000))
            let job = try increase(from: leader, to: leader + part, tid: Int64(left.e8))
            leader += part
            left -= part
            switch Sample.prepare(job, sleeve) {
            case .send(let intent): sleeve = sleeve.settling(intent, job: job, filled: intent.size, averagePrice: Price(2000))
            case .skip(_, _, let next): sleeve = next
            }
            #expect(sleeve.position <= most)
        }
        #expect(sleeve.position + sleeve.residue == most)
        #expect(sleeve.boughtAhead.isZero)
    }

    @Test("R-80: only where an entry would pass without its leader's order being looked at may one rest")
    func gates() {
        func mayRest(_ side: Side = .buy, states: ScopeStates = ScopeStates(), _ change: (inout Subscription) -> Void = { _ in }) -> Bool {
            Sample.subscription(.ratio(.one), change).mayRest(in: Sample.coin, side, states: states, at: Sample.t0)
        }
        #expect(mayRest())
        #expect(!mayRest { $0.state = .windDown } && !mayRest(states: ScopeStates(coin: .paused)))
        #expect(!mayRest { $0.limits.deniedCoins = [CoinPattern(Sample.coin.text)] } && !mayRest { $0.limits.allowedCoins = [] })
        #expect(!mayRest { $0.filters.direction = .short } && mayRest(.sell) { $0.filters.direction = .short })
        #expect(!mayRest { $0.filters.minimumLeaderNotional = Notional(1) } && !mayRest { $0.filters.newListingDays = 1 })
    }

    @Test("R-21, R-29: only a subscription that follows the leader's sizes on its side has a share of its limit orders")
    func subscriptions() {
        func mirrors(_ sizing: SizingMode = .ratio(.one), inverse: Bool = false, _ mirroring: OrderMirroring = .all) -> Bool {
            Sample.subscription(sizing, inverse: inverse) { $0.mirrorOrders = mirroring }.mirrorsEntries
        }
        #expect(mirrors())
        #expect(!mirrors(inverse: true) && !mirrors(.ratio(.one), .triggers) && !mirrors(.fixedNotional(Notional(100), perOrder: true)))
    }

    @Test("what rests is kept with the account's record, and one of before is read")
    func record() throws {
        let order = RestingOrder(kind: .limit, side: .buy, size: money("0.1"), price: Price(1990))
        let placed = AccountRecord.PlacedOrder(
            subscription: "sub-1", coin: Sample.coin, order: order, leaderOrder: 7, lifecycle: "life", placedAt: Sample.t0)
        let record = AccountRecord(orders: ["0x01": placed])
        #expect(try AccountRecord(json: JSON.parse(record.json.text())) == record)
        let former = record.json.text().replacing("\"orders\"", with: "\"triggers\"")
        #expect(try AccountRecord(json: JSON.parse(former)) == record)
    }
}
