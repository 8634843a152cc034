import CopyTrading
import Testing

@Suite("Planning entries")
struct EntryPlanningTests {
    private let open = Sample.signal(from: "0", to: "10")
    private let copied = Lifecycle(id: "opened", k: Ratio(e18: 25_000_000_000_000_000), status: .copied, direction: .buy)

    @Test("a subscription that is paused, winding down or removed opens nothing", arguments: [
        (Sample.subscription(state: .paused), Outcome.paused), (Sample.subscription(state: .windDown), .windDown), (nil, .paused),
        (Sample.subscription(state: .exitsOnly), .paused), (Sample.subscription(state: .stopped), .halted),
    ] as [(Subscription?, Outcome)])
    func states(subscription: Subscription?, outcome: Outcome) {
        let plan = Sample.plan(open, subscription)
        #expect(plan.outcomes == [outcome])
        #expect(plan.lifecycle?.status == .uncopied)
        #expect(plan.lifecycle?.id == open.id)
    }

    @Test("a coin that is denied, or not among the allowed, is not opened; denial wins", arguments: [
        (nil, ["ETH"], Outcome.filterCoin), (["BTC"], [], .filterCoin), (["ETH"], ["ETH"], .filterCoin), (["ETH"], ["BTC"], nil),
    ] as [(Set<CoinPattern>?, Set<CoinPattern>, Outcome?)])
    func coinFilter(allowed: Set<CoinPattern>?, denied: Set<CoinPattern>, outcome: Outcome?) {
        let limits = Subscription.Limits(allowedCoins: allowed, deniedCoins: denied)
        #expect(Sample.plan(open, Sample.subscription(limits: limits)).outcomes == [outcome])
    }

    @Test("R-18: a coin that the exchange does not list, or lists no more, is not opened")
    func markets() {
        var delisted = Sample.instrument
        delisted.isDelisted = true
        #expect(Sample.plan(open, instrument: nil).outcomes == [.unsupported])
        #expect(Sample.plan(open, instrument: delisted).outcomes == [.delisted])
    }

    @Test("R-28: an entry is stale one millisecond past its limit, not at it", arguments: [(0, false), (5_000, false), (5_001, true), (60_000, true)])
    func staleness(age: Int64, isStale: Bool) {
        #expect(Sample.plan(open, age: age).outcomes == [isStale ? .stale : nil])
    }

    @Test("R-28: the limit is the subscription's own")
    func ownExpiry() {
        let limits = Subscription.Limits(entryExpiryMilliseconds: 60_000)
        let plan = Sample.plan(open, Sample.subscription(limits: limits), age: 60_000)
        #expect(plan.jobs.first?.expiresAt == Sample.t0 + 60_000)
    }

    @Test("R-20: each mode's open and the k it fixes", arguments: [
        (SizingMode.fixedNotional(Notional(100)), "0.05", "0.005"), (.ratio(Ratio(e18: 10_000_000_000_000_000)), "0.1", "0.01"),
        (.equityProportional(allocation: Notional(5_000), multiplier: .one), "0.25", "0.025"),
        (.equityProportional(allocation: Notional(5_000), multiplier: Ratio(basisPoints: 5_000)), "0.125", "0.0125"),
    ])
    func modes(sizing: SizingMode, size: String, k: String) throws {
        let plan = Sample.plan(open, Sample.subscription(sizing))
        #expect(plan.jobs.first?.quantity == .size(money(size)))
        #expect(try #require(plan.lifecycle) == Lifecycle(id: open.id, k: try Ratio(exactly: k), status: .copied, direction: .buy))
    }

    @Test("R-20: increases of a fixed notional are anchored to its open")
    func anchored() throws {
        let opened = Sample.plan(open, Sample.subscription(.fixedNotional(Notional(100))))
        let more = Sample.plan(
            Sample.signal(from: "10", to: "30", at: "2500", tid: 8), Sample.subscription(.fixedNotional(Notional(900))),
            lifecycle: opened.lifecycle)
        #expect(more.jobs.first?.quantity == .size(money("0.1")))
    }

    @Test("a ratio with endless decimals still gives the whole lot where the exact product is one")
    func endlessRatio() {
        let third = Sample.signal(from: "0", to: "30", equity: Notional(150_000))
        #expect(Sample.plan(third).jobs.first?.quantity == .size(Size(1)))
    }

    @Test("R-16: without the leader's equity nothing proportional is sized, the other modes are")
    func unknownEquity() {
        let signal = Sample.signal(from: "0", to: "10", equity: nil)
        #expect(Sample.plan(signal).outcomes == [.equityUnknown])
        #expect(Sample.plan(Sample.signal(from: "0", to: "10", equity: .zero)).outcomes == [.equityUnknown])
        #expect(Sample.plan(signal, Sample.subscription(.fixedNotional(Notional(100)))).outcomes == [nil])
        #expect(Sample.plan(Sample.signal(from: "10", to: "12", equity: nil), lifecycle: copied).outcomes == [nil])
    }

    @Test("R-26: an increase of what was never copied is skipped, known or unknown")
    func uncopiedBase() {
        var uncopied = copied
        uncopied.status = .uncopied
        let increase = Sample.signal(from: "10", to: "12")
        #expect(Sample.plan(increase).outcomes == [.uncopiedBase])
        let plan = Sample.plan(increase, lifecycle: uncopied)
        #expect(plan.outcomes == [.uncopiedBase])
        #expect(plan.lifecycle == uncopied)
    }

    @Test("R-45: an entry that may have been sent, alone or as the end of a composition, is refused only when the exchange knows no order of it")
    func mayBeSent() throws {
        var uncopied = copied
        uncopied.status = .uncopied
        for (signal, life, outcome) in [
            (open, nil, Outcome.unsupported), (Sample.signal(from: "10", to: "12"), copied, .unsupported),
            (Sample.signal(from: "10", to: "12"), uncopied, .unsupported),
        ] as [(Signal, Lifecycle?, Outcome)] {
            let plan = Sample.plan(signal, instrument: nil, lifecycle: life) { $0.mayBeSent = true }
            let job = try #require(plan.jobs.first)
            #expect(job.refusal?.outcome == outcome)
            #expect(plan.lifecycle == life, "a position that may have been opened is not known to be uncopied")
            let answer = Sample.prepare(job, .empty)
            #expect(answer.outcome == outcome && answer.detail == job.refusal?.detail)
        }
    }

    @Test("an order above its cap is clipped, the clip is recorded, and k follows")
    func orderCap() throws {
        let limits = Subscription.Limits(maximumOrderNotional: Notional(200))
        let plan = Sample.plan(open, Sample.subscription(limits: limits))
        #expect(plan.jobs.first?.quantity == .size(money("0.1")))
        #expect(plan.details == ["0.25 → 0.1 by max_order_notional"])
        #expect("\(try #require(plan.lifecycle).k)" == "0.01")
    }

    @Test("an open is clipped by the position's cap too, and the job carries that cap for the worker")
    func positionCap() {
        let limits = Subscription.Limits(maximumOrderNotional: Notional(400), maximumPositionNotional: Notional(100))
        let plan = Sample.plan(open, Sample.subscription(limits: limits))
        #expect(plan.details == ["0.25 → 0.2 by max_order_notional; 0.2 → 0.05 by max_position_notional"])
        #expect(plan.jobs.first?.quantity == .size(money("0.05")))
        #expect(plan.jobs.first?.maximumPositionNotional == Notional(100))
    }

    @Test("R-21: a clipped increase corrects k to what the whole position then is")
    func clippedIncrease() throws {
        let limits = Subscription.Limits(maximumOrderNotional: Notional(100))
        let plan = Sample.plan(Sample.signal(from: "10", to: "20"), Sample.subscription(limits: limits), lifecycle: copied)
        #expect(plan.jobs.first?.quantity == .size(money("0.05")))
        #expect("\(try #require(plan.lifecycle).k)" == "0.015")
    }

    @Test("an absurdly large order is clipped, not passed as beyond computing")
    func hugeOrder() {
        let signal = Sample.signal(from: "0", to: "40000000000", at: "100000")
        let limits = Subscription.Limits(maximumOrderNotional: Notional(500))
        let plan = Sample.plan(signal, Sample.subscription(.ratio(.one), limits: limits))
        #expect(plan.jobs.first?.quantity == .size(money("0.005")))
        #expect(plan.details == ["40000000000 → 0.005 by max_order_notional"])
        #expect(Sample.plan(signal, Sample.subscription(.fixedNotional(Notional(100)))).outcomes == [.unsupported])
    }

    @Test("R-30, R-24: what is too small is skipped, and says by which rule", arguments: [
        ("0.208", Outcome?.none), ("0.207", .minimumNotional), ("0.003", .roundedToZero),
    ])
    func tooSmall(end: String, outcome: Outcome?) {
        let plan = Sample.plan(Sample.signal(from: "0", to: end), Sample.subscription(.ratio(Ratio(e18: 25_000_000_000_000_000))))
        #expect(plan.outcomes == [outcome])
        #expect(plan.lifecycle?.status == (outcome == nil ? .copied : .uncopied))
    }

    @Test("an order that a cap made too small is skipped by that cap")
    func cappedBelowMinimum() {
        let order = Subscription.Limits(maximumOrderNotional: Notional(10))
        #expect(Sample.plan(open, Sample.subscription(limits: order)).outcomes == [.capOrder])
        let position = Subscription.Limits(maximumPositionNotional: Notional(10))
        #expect(Sample.plan(open, Sample.subscription(limits: position)).outcomes == [.capSleeve])
    }

    @Test("R-29: an inverse subscription trades the other side, with that side's limit")
    func inverse() {
        let plan = Sample.plan(open, Sample.subscription(inverse: true))
        #expect(plan.jobs.first?.side == .sell)
        #expect(plan.jobs.first?.limit == Price(1990))
        #expect(plan.lifecycle?.direction == .sell)
        let short = Sample.plan(Sample.signal(from: "0", to: "-10"), Sample.subscription(inverse: true))
        #expect(short.jobs.first?.side == .buy)
    }

    @Test("R-40: ids are functions of the signal, the subscription and the leg alone")
    func ids() {
        let late = Sample.plan(open, age: 4_000)
        #expect(Sample.plan(open).jobs.map(\.id) == late.jobs.map(\.id))
        #expect(late.jobs.first?.id == JobID(request: RequestID(signal: open.id, subscription: "sub-1"), leg: 0))
    }
}

@Suite("Planning exits")
struct ExitPlanningTests {
    private let copied = Lifecycle(id: "opened", k: .one, status: .copied, direction: .buy)
    private let close = Sample.signal(from: "10", to: "0")

    @Test("R-80: no gate holds an exit", arguments: [
        Sample.subscription(state: .paused), Sample.subscription(state: .windDown), nil,
        Sample.subscription(limits: Subscription.Limits(allowedCoins: [], deniedCoins: ["ETH"])),
    ] as [Subscription?])
    func ungated(subscription: Subscription?) {
        var delisted = Sample.instrument
        delisted.isDelisted = true
        for instrument in [Sample.instrument, delisted, nil] {
            for lifecycle in [copied, nil] {
                let plan = Sample.plan(close, subscription, instrument: instrument, lifecycle: lifecycle, age: 3_600_000)
                #expect(plan.jobs.map(\.quantity) == [.share(.one)])
                #expect(plan.jobs.first?.side == .sell)
                #expect(plan.jobs.first?.expiresAt == nil)
                #expect(plan.lifecycle == nil)
            }
        }
    }

    @Test("R-26: what was never copied has nothing to exit, and its life ends with the leader's")
    func uncopied() {
        var uncopied = copied
        uncopied.status = .uncopied
        let reduced = Sample.plan(Sample.signal(from: "10", to: "5"), lifecycle: uncopied)
        #expect(reduced.outcomes == [.noPosition])
        #expect(reduced.lifecycle == uncopied)
        let closed = Sample.plan(close, lifecycle: uncopied)
        #expect(closed.outcomes == [.noPosition])
        #expect(closed.lifecycle == nil)
    }

    @Test("an exit leaves the direction that was opened, even after the subscription changed to inverse or was removed")
    func directionOfTheLife() {
        var short = copied
        short.direction = .sell
        #expect(Sample.plan(close, Sample.subscription(), lifecycle: short).jobs.first?.side == .buy)
        #expect(Sample.plan(close, nil, lifecycle: short).jobs.first?.side == .buy)
        #expect(Sample.plan(close, Sample.subscription(inverse: true), lifecycle: nil).jobs.first?.side == .buy)
    }

    @Test("R-25: a stale flip still closes; its open is skipped and the new life is not copied")
    func staleFlip() {
        let flip = Sample.signal(from: "10", to: "-5")
        let plan = Sample.plan(flip, lifecycle: copied, age: 6_000)
        #expect(plan.outcomes == [nil, .stale])
        #expect(plan.jobs.map(\.action) == [.close])
        #expect(plan.lifecycle == Lifecycle(id: flip.id, k: .zero, status: .uncopied, direction: .sell))
    }

    @Test("skipped legs become results with the request's names and the planner's numbers")
    func results() throws {
        let flip = Sample.signal(from: "10", to: "-5")
        let request = Sample.request(flip)
        let plan = Sample.plan(flip, lifecycle: copied, age: 6_000)
        let results = plan.results(for: request, at: 77)
        #expect(results.count == 1)
        #expect(results[0].outcome == .stale && results[0].action == .open && results[0].side == .sell)
        #expect(results[0].job == JobID(request: request.id, leg: 1))
        #expect(results[0].detail == "the leader's fill is 6000 ms old, limit 5000 ms")
        #expect(results[0].times.planned == 77 && results[0].times.received == Sample.received)
        #expect(results[0].subscriber == "alice" && results[0].influencer == "leader-1")
        #expect(results[0].filledSize.isZero && results[0].attempts == 0)
    }
}
