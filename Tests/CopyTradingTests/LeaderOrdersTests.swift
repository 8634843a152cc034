import CopyTrading
import JSON
import Testing

@Suite("The leader's stop-losses and take-profits")
struct LeaderOrdersTests {
    private static let long = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: "life", revision: 3)

    private func trigger(
        _ oid: Int64, _ size: String?, at price: String = "1900", _ side: Side = .sell, _ kind: RestingOrder.Kind = .stopLoss, coin: Coin = Sample.coin
    ) -> LeaderOrders.Order {
        LeaderOrders.Order(oid: oid, coin: coin, kind: kind, side: side, price: money(price), size: size.map { money($0) })
    }

    private func mirrored(_ triggers: LeaderOrders.Order..., leader: String = "10", sleeve: Sleeve = long) -> [LeaderOrders.Mirrored] {
        LeaderOrders(orders: triggers, readAt: 0).mirrored(in: Sample.coin, leader: money(leader), sleeve: sleeve, instrument: Sample.instrument)
    }

    @Test("R-63: each closes the same share of the sleeve as of the leader's position, in whole lots, and never more than is held")
    func shares() {
        let found = mirrored(trigger(1, "4"), trigger(2, nil, at: "2200", .sell, .takeProfit), trigger(3, "30"), trigger(4, "3.3335"))
        #expect(found.map(\.oid) == [1, 2, 3, 4])
        #expect(found.map(\.order.size) == [money("0.1"), money("0.25"), money("0.25"), money("0.0833")])
        #expect(found.map(\.order.price) == [Price(1900), Price(2200), Price(1900), Price(1900)])
        #expect(found.map(\.order.kind) == [.stopLoss, .takeProfit, .stopLoss, .stopLoss])
        #expect(found.allSatisfy { $0.order.side == .sell })
    }

    @Test("R-63: what would not reduce the leader's position, or is of another coin, is not mirrored; nor is anything while one of both is flat or on the other side")
    func others() {
        #expect(mirrored(trigger(1, "4", .buy), trigger(2, "4", coin: "BTC")).isEmpty)
        #expect(mirrored(trigger(1, "4"), leader: "0").isEmpty)
        #expect(mirrored(trigger(1, "4", .buy), leader: "-10").isEmpty)
        #expect(mirrored(trigger(1, "4"), sleeve: .empty).isEmpty)
        let short = Sleeve(position: money("-0.25"), averageEntry: Price(2000))
        #expect(mirrored(trigger(1, "4", .buy), leader: "-10", sleeve: short).map(\.order.side) == [.buy])
    }

    @Test("R-63, R-30: a share worth less than the exchange takes is left out, unless it closes the sleeve")
    func minimum() {
        #expect(mirrored(trigger(1, "0.2")).isEmpty)
        let small = Sleeve(position: money("0.004"), averageEntry: Price(2000))
        #expect(mirrored(trigger(1, "5"), trigger(2, nil), sleeve: small).map(\.oid) == [2])
    }

    @Test("R-63: a sleeve has a bounded number of them, the oldest")
    func bounded() {
        let many = (1...40 as ClosedRange<Int64>).reversed().map { trigger($0, "4") }
        let found = LeaderOrders(orders: many, readAt: 0).mirrored(
            in: Sample.coin, leader: Size(10), sleeve: Self.long, instrument: Sample.instrument)
        #expect(found.map(\.oid) == Array(1...Int64(LeaderOrders.mostMirrored)))
    }

    @Test("R-40: a mirrored trigger's id is another when the leader's order, its share, its price or the sleeve has changed")
    func ids() {
        func id(_ triggers: LeaderOrders.Order, revision: Int64 = 3, life: SignalID = "life") -> ClientOrderID? {
            let sleeve = Sleeve(lifecycle: life, revision: revision)
            return mirrored(triggers).first.map { .mirrored($0, subscription: "sub-1", coin: Sample.coin, sleeve: sleeve) }
        }
        let ids = [
            id(trigger(1, "4")), id(trigger(2, "4")), id(trigger(1, "5")), id(trigger(1, "4", at: "1901")), id(trigger(1, "4"), revision: 4),
            id(trigger(1, "4"), life: "another"),
        ]
        #expect(Set(ids).count == 6 && !ids.contains(nil))
        #expect(id(trigger(1, "4")) == ids[0])
    }

    @Test("a list is known for a limited time, and counts only for a position that is older")
    func age() throws {
        let orders = LeaderOrders(orders: [trigger(2, nil), trigger(1, "4")], readAt: 100_000)
        #expect(orders.isKnown(at: 100_000 + LeaderOrders.life) && !orders.isKnown(at: 100_001 + LeaderOrders.life))
        #expect(orders.isNewer(than: 99_000) && !orders.isNewer(than: 99_001))
        #expect(try LeaderOrders(json: JSON.parse(orders.json.text())) == orders)
    }

    // MARK: - What they closed ahead

    private func reduce(to end: String, from start: String = "10") throws -> ExecutionJob {
        let copied = Lifecycle(id: "life", k: .one, status: .copied, direction: .buy)
        return try #require(Sample.plan(Sample.signal(from: start, to: end), lifecycle: copied).jobs.first)
    }

    @Test("R-22, R-63: what a mirrored trigger closed is not closed again by the leader's own fill")
    func ahead() throws {
        let fired = Self.long.applyingMirrored(side: .sell, size: money("0.1"), price: Price(1900))
        #expect(fired.position == money("0.15") && fired.ahead == money("0.1"))
        let met = Sample.prepare(try reduce(to: "6"), fired)
        #expect(met.outcome == .coalesced)
        let after = try #require(met.sleeve)
        #expect(after.position == money("0.15") && after.ahead.isZero)
        // The next reduction is of what is left.
        let next = try reduce(to: "3", from: "6")
        #expect(Sample.prepare(next, after).intent?.size == money("0.075"))
    }

    @Test("R-22, R-63: a greater reduction of the leader's closes the rest, a smaller one leaves the rest to the next; a close closes everything")
    func partlyAhead() throws {
        let fired = Self.long.applyingMirrored(side: .sell, size: money("0.1"), price: Price(1900))
        let greater = try reduce(to: "2")
        let intent = try #require(Sample.prepare(greater, fired).intent)
        #expect(intent.size == money("0.1"))
        let settled = fired.settling(intent, job: greater, filled: money("0.1"), averagePrice: Price(1900))
        #expect(settled.position == money("0.05") && settled.ahead.isZero)
        let smaller = try #require(Sample.prepare(try reduce(to: "8"), fired).sleeve)
        #expect(smaller.position == money("0.15") && smaller.ahead == money("0.05"))
        #expect(Sample.prepare(try reduce(to: "0"), fired).intent?.size == money("0.15"))
    }

    @Test("R-22: an exit that is prepared again counts what was closed ahead of it once")
    func once() throws {
        let fired = Self.long.applyingMirrored(side: .sell, size: money("0.1"), price: Price(1900))
        let job = try reduce(to: "8")
        let first = try #require(Sample.prepare(job, fired).sleeve)
        let again = try #require(Sample.prepare(job, first).sleeve)
        #expect(again.position == first.position && again.ahead == money("0.05"))
        #expect(try Sleeve(json: JSON.parse(first.json.text())) == first)
    }

    @Test("a trigger that closes the whole sleeve leaves nothing ahead")
    func whole() {
        #expect(Self.long.applyingMirrored(side: .sell, size: money("0.25"), price: Price(1900)).ahead.isZero)
    }
}
