import CopyTrading
import Testing

@Suite("Filters and states")
struct FilterTests {
    private let open = Sample.signal(from: "0", to: "10")

    private func outcome(_ filters: EntryFilters, signal: Signal? = nil, _ change: (inout PlanningFacts) -> Void = { _ in }) -> Outcome? {
        Sample.plan(signal ?? open, Sample.subscription(filters: filters), change).outcomes[0]
    }

    @Test("coins are matched by pattern, as a whole and with upper and lower case", arguments: [
        ("ETH", "ETH", true), ("ETH", "ETHFI", false), ("k*", "kPEPE", true), ("k*", "KAITO", false), ("xyz:*", "xyz:TSLA", true),
        ("*", "anything", true), ("?TC", "BTC", true), ("?TC", "WBTC", false), ("*U*D", "USUAL", false), ("*U*D", "xUSD", true),
        ("**", "", true), ("a*b*c", "aXbXbXc", true), ("", "A", false),
    ])
    func patterns(pattern: String, coin: String, matches: Bool) {
        #expect(CoinPattern(pattern).matches(Coin(coin)) == matches)
    }

    @Test("a denied pattern refuses and says which")
    func deniedPattern() {
        let plan = Sample.plan(open, Sample.subscription(limits: Subscription.Limits(deniedCoins: ["BTC", "E*"])))
        #expect(plan.outcomes == [.filterCoin] && plan.details == ["ETH is denied by E*"])
    }

    @Test("a coin listed too short, or nobody knows how long, is not opened", arguments: [(7, nil), (6, .filterCoin), (nil, .filterCoin)] as [(Int?, Outcome?)])
    func newListing(days: Int?, expected: Outcome?) {
        let found = outcome(EntryFilters(newListingDays: 7)) { facts in
            facts.market.listedAt = days.map { Sample.t0 - Int64($0) * 86_400_000 }
        }
        #expect(found == expected)
        #expect(outcome(EntryFilters()) == nil)
    }

    @Test("the direction is that of the subscriber's position", arguments: [
        (EntryFilters.Direction.long, false, nil), (.short, false, .filterSide), (.long, true, .filterSide), (.short, true, nil), (.both, true, nil),
    ] as [(EntryFilters.Direction, Bool, Outcome?)])
    func direction(direction: EntryFilters.Direction, inverse: Bool, expected: Outcome?) {
        let subscription = Sample.subscription(filters: EntryFilters(direction: direction), inverse: inverse)
        #expect(Sample.plan(open, subscription).outcomes == [expected])
    }

    @Test("the leader's order is weighed by its worth, its share of equity and its leverage")
    func leaderOrder() {
        #expect(outcome(EntryFilters(minimumLeaderNotional: Notional(20_000))) == nil)
        #expect(outcome(EntryFilters(minimumLeaderNotional: Notional(20_001))) == .filterNotional)
        #expect(outcome(EntryFilters(maximumLeaderNotional: Notional(19_999))) == .filterNotional)
        #expect(outcome(EntryFilters(minimumConvictionBasisPoints: 1_000)) == nil)
        #expect(outcome(EntryFilters(minimumConvictionBasisPoints: 1_001)) == .filterNotional)
        #expect(outcome(EntryFilters(minimumConvictionBasisPoints: 1), signal: Sample.signal(from: "0", to: "10", equity: nil)) == .equityUnknown)
        #expect(outcome(EntryFilters(maximumLeaderLeverage: 10)) { $0.leader.leverage = 10 } == nil)
        #expect(outcome(EntryFilters(maximumLeaderLeverage: 10)) { $0.leader.leverage = 11 } == .filterLeverage)
        #expect(outcome(EntryFilters(maximumLeaderLeverage: 10)) == .filterLeverage)
    }

    /// Monday 24 November 2025, 00:00 UTC.
    private static let monday: Int64 = 1_763_942_400_000

    @Test("windows of the week are UTC, may go over midnight and over the weekend", arguments: [
        ("mon-fri 08:00-20:00", 0, 480, true), ("mon-fri 08:00-20:00", 0, 479, false), ("mon-fri 08:00-20:00", 4, 1_200, false),
        ("mon-fri 08:00-20:00", 5, 540, false), ("22:00-02:00", 3, 60, true), ("22:00-02:00", 3, 120, false),
        ("sun 22:00-02:00", 0, 60, true), ("sun 22:00-02:00", 1, 60, false), ("sat-mon 00:00-24:00", 0, 1_439, true),
        ("sat-mon 00:00-24:00", 1, 0, false), ("tue,thu 10:00-10:01", 3, 600, true), ("tue,thu 10:00-10:01", 2, 600, false),
    ] as [(String, Int64, Int64, Bool)])
    func schedule(window: String, day: Int64, minute: Int64, isOpen: Bool) throws {
        let schedule = TradingSchedule(windows: [try #require(TradingSchedule.Window(window))])
        #expect(schedule.allows(Self.monday + day * 86_400_000 + minute * 60_000) == isOpen)
        #expect(schedule.allows(Self.monday + day * 86_400_000 + minute * 60_000 - 7 * 86_400_000 * 3_000) == isOpen)
        let text = try #require(schedule.windows.first).description
        #expect(TradingSchedule.Window(text) == schedule.windows[0])
    }

    @Test("text that is no window is refused", arguments: ["", "mon", "8:00-20:00", "mon 08:00", "foo 08:00-20:00", "24:00-10:00", "08:00-24:01", "mon- 08:00-10:00", "08:00-00:00"])
    func noWindow(text: String) { #expect(TradingSchedule.Window(text) == nil) }

    @Test("R-80: outside its schedule nothing is opened, and everything is closed")
    func scheduled() throws {
        // Sample.t0 is a Sunday, 22:26 UTC.
        let schedule = TradingSchedule(windows: [try #require(TradingSchedule.Window("mon-fri 00:00-24:00"))])
        #expect(outcome(EntryFilters(schedule: schedule)) == .schedule)
        let close = Sample.plan(Sample.signal(from: "10", to: "0"), Sample.subscription(filters: EntryFilters(schedule: schedule)))
        #expect(close.jobs.count == 1)
    }

    @Test("the strictest state of all scopes holds, and the reason says whose it is", arguments: [
        (ScopeStates(), CopyState.active, nil, nil), (ScopeStates(global: .exitsOnly), .active, .paused, "everything is exits_only: exits only"),
        (ScopeStates(influencer: .windDown, coin: .exitsOnly), .active, .windDown, "the influencer is wind_down: exits only"),
        (ScopeStates(subscriber: .stopped), .paused, .halted, "the subscriber is stopped: exits only"),
        (ScopeStates(coin: .paused), .windDown, .paused, "the coin is paused: exits only"),
        (ScopeStates(global: .windDown), .paused, .paused, "the subscription is paused: exits only"),
    ] as [(ScopeStates, CopyState, Outcome?, String?)])
    func scopes(states: ScopeStates, own: CopyState, expected: Outcome?, detail: String?) {
        let plan = Sample.plan(open, Sample.subscription(state: own)) { $0.states = states }
        #expect(plan.outcomes == [expected] && plan.details == [detail])
        let close = Sample.plan(Sample.signal(from: "10", to: "0"), Sample.subscription(state: own)) { $0.states = states }
        #expect(close.jobs.count == 1)
    }

    @Test("R-14: a leader not verified for two minutes opens nothing")
    func unverified() {
        #expect(outcome(EntryFilters()) { $0.leader.verifiedAt = Sample.t0 + 1_000 - 120_000 } == nil)
        #expect(outcome(EntryFilters()) { $0.leader.verifiedAt = Sample.t0 + 1_000 - 120_001 } == .stale)
    }

    @Test("Golden 10, R-87: a leader that is liquidated opens nothing more, and its exits are mirrored")
    func liquidation() {
        #expect(Sample.plan(Sample.signal(from: "0", to: "10", cause: .liquidation)).outcomes == [.windDown])
        #expect(Sample.plan(Sample.signal(from: "10", to: "6", cause: .liquidation)).jobs.count == 1)
        #expect(LeaderHygiene().verdict(LeaderHygiene.Record(wasLiquidated: true), now: Sample.t0) == "the leader was liquidated")
    }
}
