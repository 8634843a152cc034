import CopyTrading
import Testing

/// A leader is in a position when a subscription begins to copy it.
@Suite("Joining")
struct JoinTests {
    private let copied = Lifecycle(id: "opened", k: Ratio(e18: 25_000_000_000_000_000), status: .copied, direction: .buy)
    private let uncopied = Lifecycle(id: "missed", k: .zero, status: .uncopied, direction: .buy)

    private func subscription(
        _ policy: JoinPolicy = .copyAlways, inverse: Bool = false, state: Subscription.State = .active
    ) -> Subscription { Sample.subscription(state: state, inverse: inverse) { $0.joining = policy } }

    @Test("R-26: who joins opens as much as the whole position comes to, at the price of now, and follows it from there")
    func followed() throws {
        let signal = Sample.joining(at: "2020")
        let plan = Sample.plan(signal, subscription())
        let job = try #require(plan.jobs.first)
        #expect(job.action == .open && job.side == .buy && job.quantity == .size(money("0.25")) && job.limit == money("2030.1"))
        #expect(plan.lifecycle == Lifecycle(id: signal.id, k: try Ratio(exactly: "0.025"), status: .copied, direction: .buy))
        let increase = Sample.plan(Sample.signal(from: "10", to: "14", tid: 8), subscription(), lifecycle: plan.lifecycle)
        #expect(increase.jobs.first?.quantity == .size(money("0.1")) && increase.jobs.first?.lifecycle == signal.id)
        let reduce = Sample.plan(Sample.signal(from: "14", to: "7", tid: 9), subscription(), lifecycle: increase.lifecycle)
        #expect(reduce.jobs.first?.quantity == .share(try Ratio(exactly: "0.5")))
    }

    @Test("R-26: the market decides by the policy whether a position is joined, mirrored for who copies the inverse", arguments: [
        (.ignoreUntilFlat, false, "1900", .uncopiedBase),
        (.copyIfBetter, false, "2000", nil), (.copyIfBetter, false, "2000.1", .priceMoved),
        (.copyWithin(basisPoints: 100), false, "2020", nil), (.copyWithin(basisPoints: 100), false, "2020.1", .priceMoved),
        (.copyAlways, false, "2900", nil), (.copyIfBetter, true, "2000", nil), (.copyIfBetter, true, "1999.9", .priceMoved),
        (.copyWithin(basisPoints: 100), true, "1980", nil), (.copyWithin(basisPoints: 100), true, "1979.9", .priceMoved),
    ] as [(JoinPolicy, Bool, String, Outcome?)])
    func policies(policy: JoinPolicy, inverse: Bool, market: String, outcome: Outcome?) {
        let plan = Sample.plan(Sample.joining(at: market), subscription(policy, inverse: inverse))
        #expect(plan.outcomes == [outcome])
        #expect(plan.lifecycle?.status == (outcome == nil ? .copied : .uncopied))
        #expect(plan.lifecycle?.direction == (inverse ? .sell : .buy))
    }

    @Test("R-26: a refused join tells the numbers, and what the leader adds later is not copied either")
    func refused() {
        let joining = subscription(.copyWithin(basisPoints: 100))
        let plan = Sample.plan(Sample.joining(at: "2020.1"), joining)
        #expect(plan.details == ["the market at 2020.1 is more than 100 bps worse than the leader's entry 2000"])
        let increase = Sample.plan(Sample.signal(from: "10", to: "14", tid: 8), joining, lifecycle: plan.lifecycle)
        #expect(increase.outcomes == [.uncopiedBase])
        #expect(Sample.plan(Sample.signal(from: "14", to: "0", tid: 9), joining, lifecycle: increase.lifecycle).outcomes == [.noPosition])
    }

    @Test("R-26: the market is what the order would trade against, where the book is known, or the mark")
    func book() {
        let signal = Sample.joining(at: "2000")
        let better = subscription(.copyIfBetter)
        func outcomes(ask: String?, mark: String?) -> [Outcome?] {
            Sample.plan(signal, better) {
                $0.market.quote = ask.map { Quote(reference: Price(2000), bestBid: Price(1999), bestAsk: money($0)) }
                $0.market.mark = mark.map { money($0) }
            }.outcomes
        }
        #expect(outcomes(ask: "2000.2", mark: "2000") == [.priceMoved])
        #expect(outcomes(ask: "2000", mark: "2000.2") == [nil])
        #expect(outcomes(ask: nil, mark: "2000.2") == [.priceMoved])
    }

    @Test("R-26: where a position was copied, or was not, since the subscription first followed, nothing is joined and nothing changes")
    func already() {
        for life in [copied, uncopied] {
            let plan = Sample.plan(Sample.joining(), subscription(), lifecycle: life)
            #expect(plan.outcomes == [.uncopiedBase] && plan.lifecycle == life)
            #expect(plan.details.first??.hasPrefix("already \(life.status.rawValue): ") == true)
            let paused = Sample.plan(Sample.joining(), subscription(state: .paused), lifecycle: life)
            #expect(paused.outcomes == [.paused] && paused.lifecycle == life)
        }
    }

    @Test("R-26, R-81: who joins passes the gates of every entry")
    func gates() {
        #expect(Sample.plan(Sample.joining(), subscription(), age: 5_001).outcomes == [.stale])
        #expect(Sample.plan(Sample.joining(), subscription(state: .paused)).outcomes == [.paused])
        let halted = Sample.plan(Sample.joining(), subscription()) { $0.safety.killLevel = .windDown }
        #expect(halted.outcomes == [.halted] && halted.lifecycle?.status == .uncopied)
        #expect(Sample.plan(Sample.joining("0.01"), subscription()).outcomes == [.minimumNotional])
    }

    @Test("R-26: each joins each coin by a signal of its own that continues what was told so far, and the leader's next one continues that")
    func signals() throws {
        var builder = Sample.builder(
            cursor: LeaderCursor(positions: ["BTC": Size(-2), "ETH": Size(10), "SOL": Size(5), "kPEPE": Size(1)], at: Sample.t0 - 5_000))
        builder.leaderLeverages = ["ETH": 7]
        let holdings: [Coin: LeaderHolding] = [
            "BTC": .init(position: Size(-2), entry: Price(51_000), price: Price(50_000)),
            // a fill since is not told yet
            "ETH": .init(position: Size(12), entry: Price(2_000), price: Price(2_020)),
            // turned; gone; never told
            "SOL": .init(position: Size(-1), entry: Price(100), price: Price(100)),
            "xyz:CL": .init(position: Size(1), entry: Price(60), price: Price(60)),
        ]
        let before = builder.cursor
        var other = builder
        let signals = builder.join(["sub-1", "sub-2"], holdings: holdings, through: 4, at: Sample.t0, now: Sample.received).signals
        #expect(signals.map { "\($0.coin) \($0.start)>\($0.end) \($0.averagePrice) \($0.join?.subscription.text ?? "")" } == [
            "BTC 0>-2 50000 sub-1", "BTC 0>-2 50000 sub-2", "ETH 0>10 2020 sub-1", "ETH 0>10 2020 sub-2",
        ])
        #expect(Set(signals.map(\.id)).count == 4)
        #expect(signals.allSatisfy { $0.cause == .join && $0.fillCount == 0 && $0.lastFillTime == Sample.t0 && !$0.isDrip })
        #expect(signals[2].leaderEquity == Sample.leaderEquity && signals[2].leaderLeverage == 7)
        #expect(signals[2].join == Signal.Join(subscription: "sub-1", leaderEntry: Price(2_000), configVersion: 4))
        let again = other.join(["sub-1", "sub-2"], holdings: holdings, through: 4, at: Sample.t0 + 9, now: Sample.received + 9).signals
        #expect(again.map(\.id) == signals.map(\.id))

        var expected = before
        expected.joinedThrough = 4
        #expect(builder.cursor == expected)
        let next = builder.receive(message: [Sample.fill(.sell, "4", from: "10", tid: 9)], at: Sample.received).signals
        #expect(next.map { "\($0.start)>\($0.end)" } == ["10>6"])
    }

    @Test("R-26, R-87: who joins says nothing of the leader's conduct")
    func conduct() {
        var keeper = LeaderRecordKeeper(since: Sample.t0 - 1)
        let before = keeper.record(at: Sample.t0)
        keeper.note(Sample.joining())
        #expect(keeper.record(at: Sample.t0) == before)
    }
}
