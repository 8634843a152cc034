import CopyTrading
import JSON
import Testing

@Suite("Sizing rules")
struct SizingRuleTests {
    private let open = Sample.signal(from: "0", to: "10")

    private func size(_ plan: Plan) -> String? {
        if case .size(let size)? = plan.jobs.first?.quantity { "\(size)" } else { nil }
    }

    @Test("R-20: the modes that need no more than the signal", arguments: [
        (SizingMode.fixedSize(money("0.3")), "0.3", "0.03"), (.tiered([SizingBracket(upTo: nil, multiplier: Ratio(basisPoints: 100))]), "0.1", "0.01"),
        (.fixedMargin(Notional(100)), "0.05", "0.005"),
    ])
    func plainModes(sizing: SizingMode, expected: String, k: String) throws {
        let plan = Sample.plan(open, Sample.subscription(sizing))
        #expect(size(plan) == expected)
        #expect(plan.lifecycle?.k == (try Ratio(exactly: k)))
    }

    @Test("R-20: fixed margin and proportional margin work at the subscription's leverage, which follows the leader's within its maximum", arguments: [
        (LeverageSetting.matching(maximum: 10), 5, "0.25"), (.matching(maximum: 3), 5, "0.15"), (.fixed(20), 5, "1"),
        (.matching(maximum: 10), nil, "0.5"), (.fixed(50), 5, "1.25"),
    ] as [(LeverageSetting, Int?, String)])
    func marginModes(leverage: LeverageSetting, leader: Int?, expected: String) {
        let subscription = Sample.subscription(.fixedMargin(Notional(100))) { $0.leverage = leverage }
        #expect(size(Sample.plan(open, subscription) { $0.leader.leverage = leader }) == expected)
        // The leader puts 4,000 of 200,000 to work: a fiftieth of 5,000 is 100.
        let proportional = Sample.subscription(.marginProportional(allocation: Notional(5_000), multiplier: .one)) { $0.leverage = leverage }
        let plan = Sample.plan(open, proportional) {
            $0.leader = PlanningFacts.Leader(leverage: leader, orderMargin: Notional(4_000), marginBalance: Notional(200_000))
        }
        #expect(size(plan) == expected)
        #expect(Sample.plan(open, proportional).outcomes == [.equityUnknown])
    }

    @Test("R-20: what a flip opens is sized as if it had been opened from flat, in every mode that follows the leader", arguments: ["-0.1", "-5", "-10"])
    func flips(end: String) throws {
        for sizing in [SizingMode.marginProportional(allocation: Notional(5_000), multiplier: .one), .ratio(try Ratio(parsing: "0.1"))] {
            let subscription = Sample.subscription(sizing)
            func opened(from start: String) -> ExecutionJob? {
                var signal = Sample.signal(from: start, to: end)
                signal.leaderLeverage = 5
                signal.leaderEquity = Notional(200_000)
                return Sample.plan(signal, subscription).jobs.first { $0.action == .open }
            }
            let (flip, plain) = (opened(from: "10"), opened(from: "0"))
            #expect(flip?.quantity == plain?.quantity)
        }
    }

    @Test("R-20: brackets are marginal: a larger order of the leader is never a smaller one")
    func tiered() throws {
        let brackets = [
            SizingBracket(upTo: Notional(1_000), multiplier: try Ratio(parsing: "0.5")),
            SizingBracket(upTo: Notional(10_000), multiplier: try Ratio(parsing: "0.1")), SizingBracket(upTo: nil, multiplier: .zero),
        ]
        // 500 of the first thousand, 900 of the next nine, nothing of the rest.
        #expect(size(Sample.plan(open, Sample.subscription(.tiered(brackets)))) == "0.7")
        #expect(size(Sample.plan(Sample.signal(from: "0", to: "1"), Sample.subscription(.tiered(brackets)))) == "0.3")
        #expect(size(Sample.plan(Sample.signal(from: "0", to: "0.25"), Sample.subscription(.tiered(brackets)))) == "0.125")
        var generator = SeededGenerator(seed: 20)
        var last = Size.zero
        for step in 1...200 {
            let end = Size(e8: Int64(step) * 10_000_000 + Int64.random(in: 0..<10_000_000, using: &generator))
            let plan = Sample.plan(Sample.signal(from: "0", to: "\(end)"), Sample.subscription(.tiered(brackets)))
            guard case .size(let size)? = plan.jobs.first?.quantity else { continue }
            #expect(size >= last)
            last = size
        }
        #expect(last == money("0.7"))
    }

    @Test("R-20: volatility scales any mode, downward and up to the greatest weight, and never on a guess", arguments: [
        ("0.04", "0.125"), ("0.02", "0.25"), ("0.01", "0.375"),
    ])
    func volatility(daily: String, expected: String) throws {
        let base = SizingMode.equityProportional(allocation: Notional(5_000), multiplier: .one)
        let sizing = SizingMode.volatilityScaled(base, target: try Ratio(parsing: "0.02"), maximumWeight: try Ratio(parsing: "1.5"))
        let known = try Ratio(parsing: daily)
        #expect(size(Sample.plan(open, Sample.subscription(sizing)) { $0.market.dailyVolatility = known }) == expected)
        #expect(Sample.plan(open, Sample.subscription(sizing)).outcomes == [.unsupported])
    }

    @Test("R-20: volatility is that of completed days: the same at any hour of a day")
    func completedDays() throws {
        let day: Int64 = 20_000
        let closes = (0...10).map { index in
            DailyVolatility.Close(day: day - 10 + Int64(index), price: Price(index.isMultiple(of: 2) ? 100 : 103))
        }
        let morning = try #require(DailyVolatility.realised(closes, now: day * 86_400_000))
        #expect(DailyVolatility.realised(closes, now: day * 86_400_000 + 86_399_999) == morning)
        #expect(try morning > Ratio(parsing: "0.029") && morning < Ratio(parsing: "0.0301"))
        // The day under way does not count, however wild.
        #expect(DailyVolatility.realised(closes.dropLast() + [.init(day: day, price: Price(9_000))], now: day * 86_400_000 + 5) == morning)
        #expect(DailyVolatility.realised(Array(closes.prefix(5)), now: day * 86_400_000) == nil)
    }

    @Test("R-20: with per_order each increase is worth the same, for the life it began with")
    func perOrder() throws {
        let limits = Subscription.Limits(maximumPositionNotional: Notional(1_000))
        let each = Sample.subscription(.fixedNotional(Notional(100), perOrder: true), limits: limits)
        let opened = Sample.plan(open, each)
        #expect(size(opened) == "0.05")
        let more = Sample.plan(Sample.signal(from: "10", to: "11", at: "2500", tid: 8), Sample.subscription(.ratio(.one)), lifecycle: opened.lifecycle)
        #expect(size(more) == "0.04")
        #expect(more.jobs.first?.terms?.followsLeader == false)
        // Half of the opening order was filled: the next is worth the same all the same.
        let half = Sleeve(position: money("0.025"), averageEntry: Price(2000), lifecycle: open.id, k: try Ratio(exactly: "0.0025"))
        #expect(Sample.prepare(try #require(more.jobs.first), half).intent?.size == money("0.04"))
        // It is no share of the leader's, so no drift is seen in it.
        let job = try #require(opened.jobs.first)
        let intent = try #require(Sample.prepare(job, .empty).intent)
        let sleeve = Sleeve.empty.settling(intent, job: job, filled: intent.size, averagePrice: Price(2000))
        #expect(sleeve.position == money("0.05") && sleeve.k == nil && sleeve.isInverse == false)
        #expect(try Sleeve(json: JSON.parse(sleeve.json.text())) == sleeve)
    }

    @Test("R-21: increases follow what was filled of the open, not what was planned")
    func correctedByFill() throws {
        let opened = Sample.plan(open)
        let job = try #require(opened.jobs.first)
        let intent = try #require(Sample.prepare(job, .empty).intent)
        let half = Sleeve.empty.settling(intent, job: job, filled: money("0.125"), averagePrice: Price(2001))
        #expect(half.k == (try Ratio(exactly: "0.0125")))
        // Planned while the open was still on its way: 0.1, half of which is sent.
        let more = try #require(Sample.plan(Sample.signal(from: "10", to: "14", tid: 8), lifecycle: opened.lifecycle).jobs.first)
        #expect(more.quantity == .size(money("0.1")))
        let second = try #require(Sample.prepare(more, half).intent)
        #expect(second.size == money("0.05"))
        #expect(second.clips == [Clip(gate: .filledShare, before: money("0.1"), after: money("0.05"))])
        // Once corrected it stays: an increase that is filled in part does not change it again.
        let after = half.settling(second, job: more, filled: money("0.02"), averagePrice: Price(2001))
        #expect(after.k == half.k)
    }

    @Test("R-21: a clipped increase makes k what is held of the leader's position")
    func correctedByClip() throws {
        let limits = Subscription.Limits(maximumPositionNotional: Notional(600))
        let opened = Sample.plan(open, Sample.subscription(limits: limits))
        let held = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: open.id, k: try Ratio(exactly: "0.025"))
        let job = try #require(
            Sample.plan(Sample.signal(from: "10", to: "20", tid: 8), Sample.subscription(limits: limits), lifecycle: opened.lifecycle).jobs.first)
        let intent = try #require(Sample.prepare(job, held).intent)
        #expect(intent.size == money("0.05") && intent.correctsK)
        #expect(held.settling(intent, job: job, filled: money("0.05"), averagePrice: Price(2000)).k == (try Ratio(exactly: "0.015")))
    }

    @Test("R-24: a size that rounds to nothing is not sent")
    func roundsToNothing() {
        let plan = Sample.plan(Sample.signal(from: "0", to: "0.003"), Sample.subscription(belowMinimum: .skip))
        #expect(plan.outcomes == [.roundedToZero])
    }

    @Test("R-31: a size is rounded down to the lot, what that takes is on record, and k is not touched by it")
    func roundedDown() throws {
        let plan = Sample.plan(Sample.signal(from: "0", to: "10.003"))
        #expect(plan.jobs.first?.quantity == .size(money("0.25")))
        #expect(plan.jobs.first?.clips == [Clip(gate: .lot, before: money("0.250075"), after: money("0.25"))])
        #expect(plan.lifecycle?.k == (try Ratio(exactly: "0.025")))
        let dear = Sample.plan(Sample.signal(from: "0", to: "10.003"), Sample.subscription(belowMinimum: .accumulate))
        #expect(dear.jobs.first?.quantity == .size(money("0.250075")) && dear.jobs.first?.clips == [])
    }

    @Test("R-26: an uncopied position may be joined with the leader's next increase, as large as that")
    func joinOnIncrease() throws {
        let joining = Sample.subscription { $0.joinsOnIncrease = true }
        let signal = Sample.signal(from: "10", to: "14", tid: 8)
        let plan = Sample.plan(signal, joining)
        let job = try #require(plan.jobs.first)
        #expect(job.action == .open && job.quantity == .size(money("0.1")) && job.lifecycle == signal.id)
        // 0.1 of the leader's 14.
        #expect(plan.lifecycle?.k == (try Ratio(exactly: "0.007142857142857143")))
        #expect(Sample.prepare(job, .empty).intent?.size == money("0.1"))
        let uncopied = Lifecycle(id: "missed", k: .zero, status: .uncopied, direction: .buy)
        #expect(Sample.plan(signal, joining, lifecycle: uncopied).lifecycle?.id == signal.id)
        #expect(Sample.plan(signal, joining, lifecycle: uncopied, age: 6_000).lifecycle == uncopied)
    }

    @Test("R-26: whether a position that the leader already holds is copied when it is followed", arguments: [
        (JoinPolicy.ignoreUntilFlat, "90", false), (.copyIfBetter, "100", true), (.copyIfBetter, "100.01", false),
        (.copyWithin(basisPoints: 300), "103", true), (.copyWithin(basisPoints: 300), "103.01", false), (.copyAlways, "900", true),
    ])
    func existingPosition(policy: JoinPolicy, market: String, copies: Bool) {
        #expect(policy.copies(side: .buy, leaderEntry: Price(100), market: money(market)) == copies)
        #expect(policy.copies(side: .buy, leaderEntry: nil, market: nil) == (policy == .copyAlways))
        let mirrored = Price(200) - money(market)
        #expect(mirrored <= .zero || policy.copies(side: .sell, leaderEntry: Price(100), market: mirrored) == copies)
    }

    @Test("R-29: the inverse of a flip closes its short and opens a long")
    func inverseFlip() throws {
        let inverse = Sample.subscription(inverse: true)
        let opened = Sample.plan(open, inverse)
        #expect(opened.jobs.first?.side == .sell)
        let plan = Sample.plan(Sample.signal(from: "10", to: "-5", tid: 8), inverse, lifecycle: opened.lifecycle)
        #expect(plan.jobs.map(\.side) == [.buy, .buy] && plan.jobs.map(\.action) == [.close, .open])
    }
}

@Suite("Entry prices")
struct EntryPriceTests {
    private let open = Sample.signal(from: "0", to: "10")

    @Test("R-27: the strictest of leader, book and mark is the limit, and a cap without its reference does not bind", arguments: [
        (nil, nil, "2010"), ("1999", nil, "2008.9"), ("2005", nil, "2010"), (nil, "1975", "2004.6"), ("1980", "1960", "1989.4"),
    ] as [(String?, String?, String)])
    func strictest(ask: String?, mark: String?, limit: String) {
        let plan = Sample.plan(open) {
            $0.market.quote = ask.map { Quote(reference: Price(2000), bestBid: nil, bestAsk: money($0)) }
            $0.market.mark = mark.map { money($0) }
        }
        #expect(plan.jobs.first?.limit?.description == limit)
    }

    @Test("R-27: a sell mirrors it, rounded so that no cap is exceeded")
    func sells() {
        let plan = Sample.plan(Sample.signal(from: "0", to: "-10")) {
            $0.market.quote = Quote(reference: Price(2000), bestBid: money("2001.234"), bestAsk: nil)
        }
        #expect(plan.jobs.first?.limit == money("1991.3"))
    }

    @Test("R-27: the worker makes the limit stricter by the book as it is then, never wider")
    func atSending() throws {
        let job = try #require(Sample.plan(open).jobs.first)
        let near = Quote(reference: Price(1990), bestBid: Price(1989), bestAsk: Price(1990))
        #expect(Sample.prepare(job, .empty, quote: near).intent?.limit == money("1999.9"))
        let far = Quote(reference: Price(2009), bestBid: Price(2008), bestAsk: Price(2010))
        #expect(Sample.prepare(job, .empty, quote: far).intent?.limit == Price(2010))
    }

    @Test("R-27: majors may have a cap of their own")
    func majors() {
        let limits = Subscription.Limits(majorsSlippageBasisPoints: 25)
        #expect(Sample.plan(open, Sample.subscription(limits: limits)).jobs.first?.limit == Price(2005))
    }

    @Test("an entry does not trade in a spread wider than asked")
    func spread() throws {
        let limits = Subscription.Limits(maximumSpreadBasisPoints: 20)
        let job = try #require(Sample.plan(open, Sample.subscription(limits: limits)).jobs.first)
        let wide = Quote(reference: Price(2000), bestBid: Price(1997), bestAsk: money("2001.1"))
        #expect(Sample.prepare(job, .empty, quote: wide).outcome == .spread)
        let narrow = Quote(reference: Price(2000), bestBid: Price(1998), bestAsk: Price(2002))
        #expect(Sample.prepare(job, .empty, quote: narrow).intent != nil)
    }
}
