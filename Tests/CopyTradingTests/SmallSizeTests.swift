import CopyTrading
import Testing

@Suite("Small sizes")
struct SmallSizeTests {
    /// Drips of the leader as a maker, prepared one after the other on one sleeve.
    private func drip(
        _ ends: [String], _ subscription: Subscription = Sample.subscription(), every: Int64 = 100, from first: String = "0"
    ) throws -> (outcomes: [Outcome?], sizes: [Size], sleeve: Sleeve, lifecycle: Lifecycle?) {
        var lifecycle: Lifecycle?
        var sleeve = Sleeve.empty
        var outcomes: [Outcome?] = []
        var sizes: [Size] = []
        var start = first
        for (index, end) in ends.enumerated() {
            let after = Int64(index) * every
            let signal = Sample.signal(from: start, to: end, tid: Int64(100 + index), after: after, crossed: false)
            start = end
            let plan = Sample.plan(signal, subscription, lifecycle: lifecycle, age: after + 100)
            lifecycle = plan.lifecycle
            guard let job = plan.jobs.first else {
                outcomes.append(plan.outcomes[0])
                continue
            }
            let preparation = Sample.prepare(job, sleeve, age: after + 100)
            outcomes.append(preparation.outcome)
            switch preparation {
            case .skip(_, _, let changed): sleeve = changed
            case .send(let intent):
                sizes.append(intent.size)
                sleeve = sleeve.settling(intent, job: job, filled: intent.size, averagePrice: job.referencePrice)
            }
        }
        return (outcomes, sizes, sleeve, lifecycle)
    }

    @Test("Golden 6, R-32: twenty drips accumulate, the twenty-first flushes them")
    func goldenDrip() throws {
        let ends = (1...21).map { "\(Size(e8: Int64($0) * 1_000_000))" }
        let run = try drip(ends)
        #expect(run.outcomes == Array(repeating: .accumulated, count: 20) + [nil])
        #expect(run.sizes == [money("0.0052")])
        #expect(run.sleeve.position == money("0.0052") && run.sleeve.residue == money("0.00005"))
        #expect(run.sleeve.k == (try Ratio(exactly: "0.025")))
    }

    @Test("R-32: accumulating loses no quantity, whatever the steps", arguments: 0..<20 as Range<UInt64>)
    func losesNothing(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var position = Size.zero
        var ends: [String] = []
        for _ in 0..<60 {
            position += Size(e8: Int64.random(in: 1...40_000_000, using: &generator))
            ends.append("\(position)")
        }
        let run = try drip(ends, Sample.subscription(.ratio(try Ratio(parsing: "0.025"))))
        #expect(run.outcomes.allSatisfy { $0 == nil || $0 == .accumulated })
        let bought = run.sizes.reduce(Size.zero, +)
        #expect(bought == run.sleeve.position)
        // Each product k × change is cut at the eighth decimal, and k is measured by what came of it.
        let exact = try Ratio(parsing: "0.025") * position
        let kept = bought + run.sleeve.residue
        #expect(kept <= exact && exact - kept <= Size(e8: 60 + exact.e8 / 1_000_000))
    }

    @Test("R-32: what waits is dropped when the leader did not add to it for too long, and the life goes on")
    func expires() throws {
        let limits = Subscription.Limits(entryExpiryMilliseconds: 60_000, accumulateMilliseconds: 1_000)
        let slow = try drip(["0.1", "0.2", "0.3", "0.4", "0.5"], Sample.subscription(limits: limits), every: 1_001)
        #expect(slow.outcomes == Array(repeating: .accumulated, count: 5))
        #expect(slow.sleeve.residue == money("0.0025"))
        let steady = try drip(["0.1", "0.2", "0.3", "0.4", "0.5"], Sample.subscription(limits: limits), every: 1_000)
        #expect(steady.sizes == [money("0.0075")])
    }

    @Test("R-32: a leader that gives up what was never bought takes it along; flat, nothing waits any more")
    func leaderLeaves() throws {
        let run = try drip(["0.1", "0.2"])
        let life = try #require(run.lifecycle)
        let halved = Sample.signal(from: "0.2", to: "0.1", tid: 9)
        let reduce = Sample.prepare(try #require(Sample.plan(halved, lifecycle: life).jobs.first), run.sleeve)
        #expect(reduce.outcome == .noPosition && reduce.sleeve?.residue == money("0.0025"))
        let flat = Sample.signal(from: "0.1", to: "0", tid: 10)
        let close = Sample.prepare(try #require(Sample.plan(flat, lifecycle: life).jobs.first), try #require(reduce.sleeve))
        #expect(close.outcome == .noPosition && close.sleeve == .empty)
    }

    @Test("R-32: what waits and what is owed meet: opposite small changes make no order")
    func nets() throws {
        let held = Sleeve(position: Size(1), averageEntry: Price(2000), lifecycle: "life", residue: money("0.003"), residueUntil: Sample.t0)
        let reduce = try #require(Sample.plan(Sample.signal(from: "1000", to: "998"), lifecycle: life("life")).jobs.first)
        let netted = try #require(Sample.prepare(reduce, held).sleeve)
        // 0.002 are owed, 0.003 less 0.2 % wait.
        #expect(netted.owed.isZero && netted.residue == money("0.000994"))
        // What has waited too long will not be bought: it meets nothing, and the reduction stays owed.
        var expired = held
        expired.residueUntil = Sample.t0 - 1
        let kept = try #require(Sample.prepare(reduce, expired).sleeve)
        #expect(kept.owed == money("0.002") && kept.residue.isZero)
        let owing = Sleeve(position: Size(1), averageEntry: Price(2000), lifecycle: "life", owed: money("0.004"))
        let small = try #require(try entry("1000", "1002", k: "0.001"))
        let met = Sample.prepare(small, owing)
        #expect(met.outcome == .accumulated && met.sleeve?.owed == money("0.002"))
        let large = try #require(try entry("1000", "1100", k: "0.001"))
        let intent = try #require(Sample.prepare(large, owing).intent)
        #expect(intent.size == money("0.096") && intent.clips.map(\.gate) == [.owed])
        #expect(owing.settling(intent, job: large, filled: intent.size, averagePrice: Price(2000)).owed.isZero)
    }

    @Test("R-21: an opening onto what an earlier life left is measured anew, whether it buys or keeps what was owed", arguments: ["0.01", "0.2"])
    func anotherLife(left: String) throws {
        let sleeve = Sleeve(
            position: money(left), averageEntry: Price(2000), lifecycle: "before", owed: money(left), k: try Ratio(exactly: "0.5"), isInverse: false)
        // worth 200 USDC, 0.1 at that price, of the leader's 100
        let job = try #require(Sample.plan(Sample.signal(from: "0", to: "100"), Sample.subscription(.ratio(try Ratio(exactly: "0.001")))).jobs.first)
        let preparation = Sample.prepare(job, sleeve)
        let after: Sleeve
        switch preparation {
        case .skip(let outcome, _, let changed):
            #expect(outcome == .accumulated && left == "0.2")
            after = try #require(changed)
            #expect(after.owed == money("0.1") && after.position == money("0.2"))
        case .send(let intent):
            #expect(intent.size == money("0.09"))
            after = sleeve.settling(intent, job: job, filled: intent.size, averagePrice: Price(2000))
            #expect(after.position == money("0.1") && after.owed.isZero)
        }
        #expect(after.lifecycle == job.lifecycle)
        #expect(try after.k == Ratio(exactly: "0.001"))
    }

    private func life(_ id: SignalID, k: String = "0.001") -> Lifecycle {
        Lifecycle(id: id, k: try! Ratio(exactly: k), status: .copied, direction: .buy)
    }

    private func entry(_ start: String, _ end: String, k: String) throws -> ExecutionJob? {
        Sample.plan(Sample.signal(from: start, to: end), Sample.subscription(belowMinimum: .accumulate), lifecycle: life("life", k: k)).jobs.first
    }

    @Test("R-32: drips accumulate by default, a taker's order is skipped", arguments: [(false, nil), (true, .minimumNotional)] as [(Bool, Outcome?)])
    func automatic(crossed: Bool, outcome: Outcome?) {
        #expect(Sample.plan(Sample.signal(from: "0", to: "0.2", crossed: crossed)).outcomes == [outcome])
        #expect(Sample.plan(Sample.signal(from: "0", to: "0.2", crossed: true, cause: .twap)).outcomes == [nil])
    }

    @Test("R-32: raised to the minimum at most twofold", arguments: [("0.3", "0.0075", nil), ("0.206", "0.0052", nil), ("0.104", "0.0052", nil), ("0.103", nil, .minimumNotional)] as [(String, String?, Outcome?)])
    func raised(end: String, size: String?, outcome: Outcome?) {
        let plan = Sample.plan(Sample.signal(from: "0", to: end), Sample.subscription(belowMinimum: .raiseToMinimum))
        #expect(plan.outcomes == [outcome])
        #expect(plan.jobs.first?.quantity == size.map { .size(money($0)) })
    }

    @Test("R-32: all caps are checked again after the raise")
    func raisedIntoCap() {
        let limits = Subscription.Limits(maximumOrderNotional: money("10.35"))
        let plan = Sample.plan(Sample.signal(from: "0", to: "0.2"), Sample.subscription(limits: limits, belowMinimum: .raiseToMinimum))
        #expect(plan.outcomes == [.capOrder])
        #expect(plan.details == ["raised to the minimum 0.0052, max_order_notional leaves room for 0.005175"])
        let wider = Subscription.Limits(maximumOrderNotional: money("10.4"))
        #expect(Sample.plan(Sample.signal(from: "0", to: "0.2"), Sample.subscription(limits: wider, belowMinimum: .raiseToMinimum)).jobs.count == 1)
    }

    @Test("R-35: what is on its way takes room and margin until it has ended, once each")
    func reservations() throws {
        let job = try #require(Sample.plan(Sample.signal(from: "0", to: "10")).jobs.first)
        var reservations = Reservations()
        for _ in 0..<2 { let isReserved = reservations.reserve(job); #expect(isReserved) }
        let facts = AccountFacts(equity: Notional(5_000), freeMargin: Notional(5_000))
        let held = reservations.applied(to: facts, coin: "ETH")
        // 0.25 at the limit of 2,010, at leverage 1.
        #expect(held.grossNotional == money("502.5") && held.netNotional == money("502.5") && held.coinNotional == money("502.5"))
        #expect(held.freeMargin == money("4497.49999999"))
        #expect(reservations.applied(to: facts, coin: "BTC").coinNotional.isZero)
        let exit = try #require(Sample.plan(Sample.signal(from: "10", to: "0")).jobs.first)
        let exitNeedsNothing = reservations.reserve(exit)
        #expect(exitNeedsNothing && reservations.applied(to: facts, coin: "ETH") == held)
        reservations.release(exit.id)
        reservations.release(job.id)
        reservations.release(job.id)
        #expect(reservations.isEmpty && reservations.applied(to: facts, coin: "ETH") == facts)
    }

    @Test("R-35: what an order filled counts until the account is read by a reading that began after it")
    func settledReservations() throws {
        let job = try #require(Sample.plan(Sample.signal(from: "0", to: "10")).jobs.first)
        var reservations = Reservations()
        let facts = AccountFacts(equity: Notional(5_000), freeMargin: Notional(5_000))
        var isReserved = reservations.reserve(job)
        #expect(isReserved)
        reservations.settle(job.id, filled: Notional(201), at: 100)
        let held = reservations.applied(to: facts, coin: "ETH")
        // Two fifths of what was asked for.
        #expect(held.grossNotional == Notional(201) && held.freeMargin >= money("4798.9") && held.freeMargin <= Notional(4_799))
        reservations.read(begun: 99)
        #expect(!reservations.isEmpty)
        reservations.read(begun: 101)
        #expect(reservations.isEmpty)
        isReserved = reservations.reserve(job)
        #expect(isReserved)
        reservations.settle(job.id, filled: .zero, at: 200)
        #expect(reservations.isEmpty)
    }
}
