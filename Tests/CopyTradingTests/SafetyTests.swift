import CopyTrading
import JSON
import Testing

@Suite("Safety")
struct SafetyTests {
    private let open = Sample.signal(from: "0", to: "10")
    private static let day: Int64 = 86_400_000

    @Test("R-80: every gate says to which side it applies; only what makes an exit impossible applies to exits")
    func declaredSides() {
        #expect(Gate.allCases.filter { $0.appliesTo == .everything } == [.holding, .unknownOutcome, .exchangeDown])
    }

    /// What a plan is decided on.
    private struct Situation {
        var subscription = Sample.subscription()
        var account = AccountSettings()
        var facts = PlanningFacts(instrument: Sample.instrument)
    }

    private struct ClosedGate: Sendable {
        let gate: Gate
        let close: @Sendable (inout Situation) -> Void

        init(_ gate: Gate, _ close: @escaping @Sendable (inout Situation) -> Void) {
            self.gate = gate
            self.close = close
        }
    }

    /// Settings and facts that make one gate refuse an entry.
    private static let closedGates: [ClosedGate] = [
        ClosedGate(.killSwitch) { $0.facts.safety.killLevel = .pauseEntries },
        ClosedGate(.state) { $0.subscription.state = .stopped },
        ClosedGate(.state) { $0.account.state = .paused },
        ClosedGate(.state) { $0.facts.states.coin = .windDown },
        ClosedGate(.dailyLoss) { $0.facts.safety.losses = .entriesOff(.dailyLoss, "lost") },
        ClosedGate(.drawdown) { $0.facts.safety.losses = .entriesOff(.drawdown, "fell") },
        ClosedGate(.breaker) { $0.facts.safety.openBreakers = ["everything"] },
        ClosedGate(.frozen) { $0.facts.safety.isFrozen = true },
        ClosedGate(.coins) { $0.subscription.limits.deniedCoins = ["*"] },
        ClosedGate(.newListing) { $0.subscription.filters.newListingDays = 9 },
        ClosedGate(.direction) { $0.subscription.filters.direction = .short },
        ClosedGate(.leaderNotional) { $0.subscription.filters.minimumLeaderNotional = Notional(9_000_000) },
        ClosedGate(.conviction) { $0.subscription.filters.minimumConvictionBasisPoints = 90_000 },
        ClosedGate(.leaderLeverage) { $0.subscription.filters.maximumLeaderLeverage = 1 },
        ClosedGate(.schedule) { $0.subscription.filters.schedule = TradingSchedule(windows: [TradingSchedule.Window("wed 00:00-00:01")!]) },
        ClosedGate(.market) { $0.facts.instrument = nil },
        ClosedGate(.market) { $0.facts.instrument?.isDelisted = true },
        ClosedGate(.age) { $0.subscription.limits.entryExpiryMilliseconds = 1 },
        ClosedGate(.verification) { $0.facts.leader.verifiedAt = 5 },
        ClosedGate(.size) { $0.subscription.sizing = .volatilityScaled(.ratio(.one), target: .one, maximumWeight: .one) },
        ClosedGate(.orderCap) { $0.subscription.limits.maximumOrderNotional = Notional(1) },
        ClosedGate(.coinCap) { $0.account.limits.maximumCoinNotional = Notional(1) },
        ClosedGate(.positionCap) { $0.subscription.limits.maximumPositionNotional = Notional(1) },
        ClosedGate(.grossCap) { $0.account.limits.maximumGrossNotional = Notional(1) },
        ClosedGate(.netCap) { $0.account.limits.maximumNetNotional = Notional(1) },
        ClosedGate(.leverageCap) { $0.account.limits.maximumLeverage = 1 },
        ClosedGate(.liquidationBuffer) { $0.account.limits.minimumLiquidationBufferBasisPoints = 9_999 },
        ClosedGate(.freeMargin) { $0.facts.account = AccountFacts(equity: Notional(1), freeMargin: .zero) },
        ClosedGate(.minimumNotional) { $0.subscription.sizing = .fixedNotional(Notional(1)) },
    ]

    @Test("R-80: each gate stops an entry")
    func gatesStopEntries() {
        for closed in Self.closedGates {
            var situation = Situation()
            closed.close(&situation)
            let plan = Planner.decide(
                request: Sample.request(open), subscription: situation.subscription, account: situation.account, facts: situation.facts,
                lifecycle: nil, now: Sample.t0 + 1_000)
            let isSent = plan.jobs.contains {
                Sample.prepare($0, .empty, account: AccountView(limits: situation.account.limits, facts: situation.facts.account)).intent != nil
            }
            #expect(!isSent, "\(closed.gate)")
        }
    }

    @Test("R-80: an exit is never blocked by an entry's gate, whichever are closed together", arguments: 0..<40 as Range<UInt64>)
    func exitsPass(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let held = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: "life")
        for _ in 0..<50 {
            var situation = Situation()
            for closed in Self.closedGates where Bool.random(using: &generator) { closed.close(&situation) }
            let end = ["0", "5", "-5"].randomElement(using: &generator)!
            let lifecycle = [nil, Lifecycle(id: "life", k: .one, status: .copied, direction: .buy)].randomElement(using: &generator)!
            let plan = Planner.decide(
                request: Sample.request(Sample.signal(from: "10", to: end)), subscription: Bool.random(using: &generator) ? situation.subscription : nil,
                account: situation.account, facts: situation.facts, lifecycle: lifecycle, now: Sample.t0 + Int64.random(in: 0...9_000_000, using: &generator))
            let job = try #require(plan.jobs.first)
            #expect(!job.action.isEntry && job.expiresAt == nil)
            let others: [SubscriptionID: Sleeve] = Bool.random(using: &generator) ? ["sub-2": Sleeve(position: money("3"))] : [:]
            let attempt = Int.random(in: 1...5, using: &generator)
            let intent = try #require(Sample.prepare(job, held, others: others, account: AccountView(limits: situation.account.limits), age: 9_000_000, attempt: attempt).intent)
            #expect(intent.size == (end == "5" ? money("0.125") : money("0.25")) && intent.reduceOnly)
        }
    }

    @Test("R-82: a day's loss stops entries until the next day, even when it is won back")
    func dailyLoss() {
        let limits = LossLimits(dailyLoss: Notional(100))
        var state = LossState.beginning(equity: Notional(1_000), limits: limits, now: Self.day * 10)
        func observe(_ equity: Notional, _ now: Int64) -> LossLimits.Verdict { state.observe(equity: equity, limits: limits, now: now) }
        #expect(observe(money("900.01"), Self.day * 10 + 1) == .clear)
        #expect(!observe(Notional(900), Self.day * 10 + 2).allowsEntries)
        #expect(!observe(Notional(2_000), Self.day * 10 + 3).allowsEntries)
        #expect(observe(Notional(2_000), Self.day * 11) == .clear)
        #expect(state.dayStartEquity == Notional(2_000))
    }

    @Test("R-82: deposits and withdrawals are neither gain nor loss, for the day and for the highest")
    func deposits() {
        let limits = LossLimits(dailyLoss: Notional(100), drawdownBasisPoints: 2_000)
        var state = LossState.beginning(equity: Notional(1_000), limits: limits, now: 0)
        func observe(_ equity: Notional, _ now: Int64) -> LossLimits.Verdict { state.observe(equity: equity, limits: limits, now: now) }
        state.deposited(Notional(-500))
        #expect(observe(Notional(500), 1) == .clear)
        state.deposited(Notional(1_000))
        #expect(observe(Notional(1_500), 2) == .clear)
        #expect(!observe(Notional(1_400), 3).allowsEntries)
        #expect(state.highest == Notional(1_500))
    }

    @Test("R-82: a drawdown outlasts the day, and only its owner ends it")
    func drawdown() throws {
        let limits = LossLimits(drawdownBasisPoints: 2_000)
        var state = LossState.beginning(equity: Notional(1_000), limits: limits, now: 0)
        func observe(_ equity: Notional, _ now: Int64) -> LossLimits.Verdict { state.observe(equity: equity, limits: limits, now: now) }
        #expect(observe(Notional(2_000), 1) == .clear)
        #expect(observe(money("1600.01"), 2) == .clear)
        guard case .entriesOff(.drawdown, _) = observe(Notional(1_600), 3) else {
            Issue.record("a fall of a fifth did not stop")
            return
        }
        #expect(!observe(Notional(1_999), Self.day * 30).allowsEntries)
        // A restart does not clear it.
        state = try LossState(json: JSON.parse(state.json.text()))
        #expect(!observe(Notional(1_999), Self.day * 31).allowsEntries)
        state.resumeByOwner(equity: Notional(1_999))
        #expect(observe(Notional(1_999), Self.day * 31) == .clear)
    }

    @Test("R-82: a greater loss of the day closes everything; the day begins at the hour asked for")
    func flatten() {
        let limits = LossLimits(dailyLoss: Notional(100), dailyLossToFlatten: Notional(200), dayStartHour: 22)
        var state = LossState.beginning(equity: Notional(1_000), limits: limits, now: Self.day - 2 * 3_600_000)
        func observe(_ equity: Notional, _ now: Int64) -> LossLimits.Verdict { state.observe(equity: equity, limits: limits, now: now) }
        #expect(state.day == 0)
        guard case .flatten(.dailyLoss, _) = observe(Notional(800), Self.day) else {
            Issue.record("a loss of 200 did not flatten")
            return
        }
        #expect(!observe(Notional(800), 2 * Self.day - 2 * 3_600_000 - 1).allowsEntries)
        #expect(observe(Notional(800), 2 * Self.day - 2 * 3_600_000) == .clear)
    }

    @Test("R-82: a loss that closes everything does so whatever the drawdown says, until the next day")
    func flattenBesideDrawdown() throws {
        let limits = LossLimits(dailyLossToFlatten: Notional(200), drawdownBasisPoints: 1_500)
        func run(_ equities: [Int64]) throws -> (verdict: LossLimits.Verdict, state: LossState) {
            var state = LossState.beginning(equity: Notional(1_000), limits: limits, now: 0)
            var verdict = LossLimits.Verdict.clear
            for (index, equity) in equities.enumerated() {
                verdict = state.observe(equity: money("\(equity)"), limits: limits, now: Int64(index))
                state = try LossState(json: JSON.parse(state.json.text()))
            }
            return (verdict, state)
        }
        // the drawdown first; both at once; the loss first, and then the drawdown of a day that began higher
        for equities in [[840, 790], [750], [790, 840]] as [[Int64]] {
            var (verdict, state) = try run(equities)
            guard case .flatten = verdict else {
                Issue.record("\(equities) did not flatten: \(verdict)")
                continue
            }
            #expect(state.closesEverything && state.stop == .drawdown)
            var resumed = state
            resumed.resumeByOwner(equity: Notional(801))
            #expect(resumed.refusal?.outcome == .dailyLoss, "a day that closed everything stays closed")
            _ = resumed.observe(equity: Notional(801), limits: limits, now: 10)
            #expect(resumed.refusal?.outcome == .dailyLoss)
            guard case .entriesOff(.drawdown, _) = state.observe(equity: Notional(800), limits: limits, now: Self.day) else {
                Issue.record("the next day is not the drawdown's")
                continue
            }
            #expect(!state.closesEverything)
        }
        #expect(try run([840]).state.closesEverything == false)
    }

    @Test("R-82: what is kept across restarts says why entries are refused, since when, and what equity was seen last")
    func lossRecord() throws {
        let limits = LossLimits(dailyLoss: Notional(100), drawdownBasisPoints: 2_000)
        var state = LossState.beginning(equity: Notional(1_000), limits: limits, now: 5)
        #expect(state.refusal == nil && state.stoppedAt == nil)
        _ = state.observe(equity: Notional(900), limits: limits, now: 7)
        #expect(state.refusal?.outcome == .dailyLoss && state.stoppedAt == 7 && state.observedEquity == Notional(900))
        _ = state.observe(equity: Notional(800), limits: limits, now: 9)
        #expect(state.refusal?.outcome == .drawdown && state.stoppedAt == 9)
        #expect(try LossState(json: JSON.parse(state.json.text())) == state)
        state.resumeByOwner(equity: Notional(800))
        #expect(state.refusal == nil && state.stoppedAt == nil && state.highest == Notional(800))
    }

    @Test("R-82: software only tightens limits")
    func tightened() {
        let owner = LossLimits(dailyLoss: Notional(100), drawdownBasisPoints: 2_000)
        let tightened = owner.tightened(by: LossLimits(dailyLoss: Notional(500), dailyLossToFlatten: Notional(300), drawdownBasisPoints: 1_000))
        #expect(tightened == LossLimits(dailyLoss: Notional(100), dailyLossToFlatten: Notional(300), drawdownBasisPoints: 1_000))
    }

    @Test("R-83: five rejects in a minute open a breaker; it tries one entry after its pause, and then knows")
    func breaker() {
        var breaker = CircuitBreaker()
        func asks(_ now: Int64) -> Bool { breaker.allowsEntry(at: now) }
        for second in 0..<4 as Range<Int64> { breaker.record(.rejected, at: second * 1_000) }
        #expect(asks(4_000))
        breaker.record(.rejected, at: 60_000)  // the first has left the window
        #expect(breaker.state == .closed)
        breaker.record(.rejected, at: 60_500)
        #expect(breaker.state == .open(until: 90_500) && breaker.reason == "5 rejects")
        #expect(!asks(90_499))
        #expect(asks(90_500) && !asks(90_501))
        breaker.record(.rejected, at: 90_600)
        #expect(breaker.state == .open(until: 150_600))
        #expect(asks(150_600))
        breaker.record(.accepted(acknowledgedAfter: 50), at: 150_700)
        #expect(breaker.state == .closed && asks(150_701))
    }

    @Test("R-83: a trial that was never sent lets another try; the pause grows to its longest")
    func trials() {
        var breaker = CircuitBreaker()
        func asks(_ now: Int64) -> Bool { breaker.allowsEntry(at: now) }
        for _ in 0..<3 { breaker.record(.unknown, at: 0) }
        var now: Int64 = 0
        var pauses: [Int64] = []
        for _ in 0..<7 {
            guard case .open(let until) = breaker.state else { break }
            pauses.append(until - now)
            now = until
            #expect(asks(now))
            breaker.trialWithdrawn()
            #expect(asks(now))
            breaker.record(.unknown, at: now)
        }
        #expect(pauses == [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
    }

    @Test("R-83: each limit opens by itself", arguments: [
        ("3 unknown outcomes", Array(repeating: CircuitBreaker.Event.unknown, count: 3)),
        ("the spread is 201 bps", [.spread(basisPoints: 201)]), ("mark and oracle are -151 bps apart", [.markOracle(basisPoints: -151)]),
        ("the leader trades 121 times", Array(repeating: .leaderTraded, count: 121)),
        ("2 of 20 answers took longer than 3000 ms", Array(repeating: .accepted(acknowledgedAfter: 10), count: 18) + Array(repeating: .accepted(acknowledgedAfter: 3_001), count: 2)),
    ] as [(String, [CircuitBreaker.Event])])
    func limits(reason: String, events: [CircuitBreaker.Event]) {
        var breaker = CircuitBreaker()
        for event in events.dropLast() { breaker.record(event, at: 5) }
        #expect(breaker.state == .closed)
        breaker.record(events[events.count - 1], at: 6)
        #expect(breaker.reason == reason)
    }

    @Test("R-83: more than half of twenty orders rejected opens, even below the count allowed by itself")
    func ratio() {
        var limits = CircuitBreaker.Limits()
        limits.rejects = 100
        var breaker = CircuitBreaker(limits: limits)
        for _ in 0..<10 { breaker.record(.accepted(acknowledgedAfter: 1), at: 1) }
        for _ in 0..<10 { breaker.record(.rejected, at: 2) }
        #expect(breaker.state == .closed)
        breaker.record(.rejected, at: 3)
        #expect(breaker.reason == "11 of 21 orders rejected")
    }

    @Test("R-84: the strictest latch holds, and one that cannot be read counts as a pause of entries")
    func killSwitch() {
        #expect(KillLevel.effective([KillLevel.none, KillLevel.none]) == .none)
        #expect(KillLevel.effective([KillLevel.none, nil]) == .pauseEntries)
        #expect(KillLevel.effective([nil, .cancelAll]) == .cancelAll)
        #expect(KillLevel.effective([]) == .pauseEntries)
        #expect(KillLevel.allCases.map(\.allowsEntries) == [true, false, false, false, false])
        #expect(KillLevel.allCases.filter(\.flattens) == [.flattenThenHalt])
        #expect(Sample.plan(open) { $0.safety.killLevel = .windDown }.outcomes == [.halted])
    }

    @Test("R-84, R-45: a flatten has one order for each state of a position, whoever carries it out, and so has a correction")
    func flattenIDs() {
        let ids = [("7", "sub-1", "ETH"), ("8", "sub-1", "ETH"), ("7", "sub-2", "ETH"), ("7", "sub-1", "BTC"), ("7", "sub-1", "ETH")].map {
            JobID.flatten(latch: $0, subscription: SubscriptionID($1), coin: Coin($2), sleeve: Sleeve(lifecycle: "life", revision: 1))
        }
        #expect(Set(ids).count == 4 && ids[0] == ids[4])
        // what came to nothing is asked for again; another life begins its revisions anew
        let sleeves = [
            Sleeve(lifecycle: "life", revision: 1), Sleeve(lifecycle: "life", revision: 2), Sleeve(lifecycle: "other", revision: 1),
            Sleeve(lifecycle: "life", revision: 1, fruitlessExits: 1),
        ]
        #expect(Set(sleeves.map { JobID.flatten(latch: "7", subscription: "sub-1", coin: "ETH", sleeve: $0) }).count == 4)
        #expect(Set(sleeves.map { JobID.drift(.extra, subscription: "sub-1", coin: "ETH", sleeve: $0) }).count == 4)
        func trigger(_ sleeve: Sleeve, at price: Price = Price(2_000)) -> ClientOrderID {
            .trigger(RestingOrder(kind: .stopLoss, side: .sell, size: Size(1), price: price), subscription: "sub-1", coin: "ETH", sleeve: sleeve)
        }
        #expect(Set(sleeves.map { trigger($0) }).count == 3)
        #expect(trigger(sleeves[0]) != trigger(sleeves[0], at: Price(1_900)), "one that was moved is another")
    }

    @Test("R-87: each sign that a leader is no longer one to copy", arguments: [
        (LeaderHygiene.Record(equity: Notional(500), highestEquity: Notional(1_000)), nil),
        (LeaderHygiene.Record(equity: money("499.9"), highestEquity: Notional(1_000)), "the leader's equity fell 5001 bps from its highest"),
        (LeaderHygiene.Record(equity: Notional(400), withdrawnInDay: Notional(401)), "the leader withdrew 401 within a day"),
        (LeaderHygiene.Record(equity: Notional(400), withdrawnInDay: Notional(400)), nil),
        (LeaderHygiene.Record(lastTradeAt: Sample.t0 - 31 * 86_400_000), "the leader has not traded for 31 days"),
        (LeaderHygiene.Record(fills: 100, makerFills: 95, flipsInHour: 20), "the leader trades like a market maker: 95 of 100 fills as maker, 20 changes of side in an hour"),
        (LeaderHygiene.Record(fills: 100, makerFills: 95, flipsInHour: 19), nil), (LeaderHygiene.Record(), nil),
    ] as [(LeaderHygiene.Record, String?)])
    func hygiene(record: LeaderHygiene.Record, verdict: String?) {
        #expect(LeaderHygiene(maximumInactiveDays: 30).verdict(record, now: Sample.t0) == verdict)
    }
}
