import CopyTrading
import Testing

/// Section 13 of the rules, by number.
@Suite("Golden vectors")
struct GoldenVectorTests {
    /// Vector 1: three partial fills of one order.
    static let opening = [
        Sample.fill(.buy, "4", at: "2000.0", from: "0", tid: 301),
        Sample.fill(.buy, "3.5", at: "2000.5", from: "4", tid: 205),
        Sample.fill(.buy, "2.5", at: "2001.0", from: "7.5", tid: 103),
    ]

    @Test("Golden 1: an open in three partial fills is one OPEN, sized by equity and limited 50 bps above the average")
    func openInThreeFills() throws {
        var builder = Sample.builder()
        let signals = builder.receive(message: Self.opening, at: Sample.received).signals
        let signal = try #require(signals.first)
        #expect(signals.count == 1)
        #expect(signal.legs == [Leg(action: .open, start: .zero, end: Size(10))])
        #expect("\(signal.averagePrice)" == "2000.425")
        #expect(signal.size == Size(10))
        #expect(signal.fillCount == 3)
        #expect(signal.firstFill == 301 && signal.lastFill == 103)

        let plan = Sample.plan(signal)
        let job = try #require(plan.jobs.first)
        #expect("\(try #require(plan.lifecycle).k)" == "0.025")
        #expect(job.quantity == .size(money("0.25")))
        #expect("\(try #require(job.limit))" == "2010.4")
        #expect(job.side == .buy)
        #expect(job.expiresAt == Sample.t0 + 5_000)

        let intent = try #require(Sample.prepare(job, .empty).intent)
        #expect(intent == OrderIntent(side: .buy, size: money("0.25"), limit: money("2010.4"), reduceOnly: false))
    }

    @Test("Golden 2: the same fills in every order, and in several deliveries, give the same signal and bytes", arguments: [
        [2, 0, 1], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 1, 0],
    ])
    func anyOrder(order: [Int]) throws {
        var straight = Sample.builder()
        var shuffled = Sample.builder()
        let expected = straight.receive(message: Self.opening, at: Sample.received)
        let found = shuffled.receive(message: order.map { Self.opening[$0] }, at: Sample.received)
        #expect(found == expected)
        #expect(found.signals.map { $0.json.bytes() } == expected.signals.map { $0.json.bytes() })
        #expect(found.signals.first?.id == expected.signals.first?.id)
    }

    @Test("Golden 3: a reduce from 10 to 7 gives up 0.0750 and leaves 0.1750")
    func reduce() throws {
        let lifecycle = Lifecycle(id: "opened", k: try Ratio(parsing: "0.025"), status: .copied, direction: .buy)
        let plan = Sample.plan(Sample.signal(from: "10", to: "7"), lifecycle: lifecycle)
        let job = try #require(plan.jobs.first)
        #expect(job.quantity == .share(try Ratio(parsing: "0.3")))
        #expect(job.expiresAt == nil && job.limit == nil)
        #expect(plan.lifecycle == lifecycle)

        let held = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: "opened")
        let intent = try #require(Sample.prepare(job, held).intent)
        #expect(intent == OrderIntent(side: .sell, size: money("0.075"), limit: Price(1980), reduceOnly: true, owed: money("0.075")))
        let after = held.settling(intent, job: job, filled: money("0.075"), averagePrice: Price(1999))
        #expect("\(after.position)" == "0.175")
        #expect(after.owed.isZero)
        #expect(after.averageEntry == Price(2000))
    }

    @Test("Golden 4: a near-close snaps to a full close, and the leader's last exit finds nothing")
    func nearClose() throws {
        let lifecycle = Lifecycle(id: "opened", k: try Ratio(parsing: "0.025"), status: .copied, direction: .buy)
        let first = try #require(Sample.plan(Sample.signal(from: "7", to: "0.1"), lifecycle: lifecycle).jobs.first)
        let held = Sleeve(position: money("0.175"), averageEntry: Price(2000), lifecycle: "opened")
        let intent = try #require(Sample.prepare(first, held).intent)
        #expect("\(intent.size)" == "0.175")
        #expect(intent.isSnapClose && intent.reduceOnly)
        #expect(Outcome.settled(asked: intent.size, filled: intent.size, isSnapClose: intent.isSnapClose) == .snapClose)

        let flat = held.settling(intent, job: first, filled: intent.size, averagePrice: Price(2000))
        #expect(flat.position.isZero && flat.averageEntry == nil && flat.lifecycle == nil && flat.owed.isZero)
        let last = try #require(Sample.plan(Sample.signal(from: "0.1", to: "0", tid: 8), lifecycle: lifecycle).jobs.first)
        #expect(Sample.prepare(last, flat).outcome == .noPosition)
    }

    @Test("Golden 5: a flip by one order closes all, then opens the other side as a new life")
    func flip() throws {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(10)], at: Sample.t0 - 1))
        let fill = Sample.fill(.sell, "15", from: "10", tid: 9, dir: "Long > Short")
        let signal = try #require(builder.receive(message: [fill], at: Sample.received).signals.first)
        #expect(signal.legs == [
            Leg(action: .close, start: Size(10), end: .zero), Leg(action: .open, start: .zero, end: Size(-5)),
        ])
        let old = Lifecycle(id: "opened", k: try Ratio(parsing: "0.025"), status: .copied, direction: .buy)
        let plan = Sample.plan(signal, lifecycle: old)
        #expect(plan.jobs.count == 2)
        #expect(plan.jobs[0].action == .close && plan.jobs[0].side == .sell && plan.jobs[0].lifecycle == "opened")
        #expect(plan.jobs[1].action == .open && plan.jobs[1].side == .sell && plan.jobs[1].lifecycle == signal.id)
        #expect(plan.jobs[0].id != plan.jobs[1].id)
        #expect(plan.lifecycle == Lifecycle(id: signal.id, k: try Ratio(parsing: "0.025"), status: .copied, direction: .sell))

        let held = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: "opened")
        let closing = try #require(Sample.prepare(plan.jobs[0], held).intent)
        #expect("\(closing.size)" == "0.25" && closing.reduceOnly && !closing.isSnapClose)
        let flat = held.settling(closing, job: plan.jobs[0], filled: closing.size, averagePrice: Price(2000))
        let opening = try #require(Sample.prepare(plan.jobs[1], flat).intent)
        #expect("\(opening.size)" == "0.125" && !opening.reduceOnly && opening.side == .sell)
        #expect("\(opening.limit)" == "1990")
        #expect(Sample.prepare(plan.jobs[1], flat, age: 6_000).outcome == .stale)
    }

    @Test("Golden 7: an increase keeps k after the allocation doubled; the next life takes the new one")
    func increaseAfterEdit() throws {
        let doubled = Sample.subscription(.equityProportional(allocation: Notional(10_000), multiplier: .one))
        let opened = Sample.plan(Sample.signal(from: "0", to: "10"))
        let increase = Sample.plan(Sample.signal(from: "10", to: "14", tid: 8), doubled, lifecycle: opened.lifecycle)
        #expect(increase.jobs.first?.quantity == .size(money("0.1")))
        #expect("\(try #require(increase.lifecycle).k)" == "0.025")
        let closed = Sample.plan(Sample.signal(from: "14", to: "0", tid: 9), doubled, lifecycle: increase.lifecycle)
        #expect(closed.lifecycle == nil)
        let next = Sample.plan(Sample.signal(from: "0", to: "10", tid: 10), doubled, lifecycle: closed.lifecycle)
        #expect("\(try #require(next.lifecycle).k)" == "0.05")
    }

    @Test("Golden 9: one fill from two sockets and from a backfill is one signal")
    func duplicates() {
        var builder = Sample.builder()
        var signals = builder.receive(message: Self.opening, at: Sample.received).signals
        signals += builder.receive(message: Self.opening, at: Sample.received + 1_000).signals
        signals += builder.receive(message: Self.opening.reversed(), at: Sample.received + 900_000).signals
        signals += builder.finish(at: Sample.received + 1_000_000).signals
        #expect(signals.count == 1)
        #expect(builder.duplicatesDropped == 6)
    }

    @Test("Golden 10: the liquidation of a leader is a REDUCE with its cause")
    func liquidation() throws {
        var builder = Sample.builder(cursor: LeaderCursor(positions: ["ETH": Size(10)], at: Sample.t0 - 1))
        let fill = Sample.fill(.sell, "4", from: "10", tid: 9, dir: "Liquidated Cross Long", isLiquidation: true)
        let signal = try #require(builder.receive(message: [fill], at: Sample.received).signals.first)
        #expect(signal.cause == .liquidation)
        #expect(signal.legs == [Leg(action: .reduce, start: Size(10), end: Size(6))])
    }

    @Test("Golden 14: a cap on the price of BTC is rounded down to a whole number")
    func integerPrice() {
        #expect(TickRounding.price(money("112345.67"), sizeDecimals: 5, toward: .down) == Price(112_345))
    }

    @Test("Golden 15: a reduce by size is clamped to what is held, and does nothing on the wrong side")
    func clamp() throws {
        var job = try #require(Sample.plan(Sample.signal(from: "10", to: "7")).jobs.first)
        job.quantity = .size(money("0.075"))
        let intent = try #require(Sample.prepare(job, Sleeve(position: money("0.05"))).intent)
        #expect("\(intent.size)" == "0.05" && intent.reduceOnly)
        let short = Sample.prepare(job, Sleeve(position: money("-0.05")))
        #expect(short.outcome == .noPosition)
        #expect(short.detail == "holds -0.05, which a sell does not reduce")
    }
}
