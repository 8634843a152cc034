import CopyTrading
import Testing

@Suite("Drift")
struct DriftTests {
    private func check(_ target: String, _ held: String, _ change: (inout DriftCheck) -> Void = { _ in }) -> DriftCheck {
        var check = DriftCheck(leaderPosition: Size(10), target: money(target), held: money(held), price: Price(2000))
        change(&check)
        return check
    }

    @Test("R-55: what is held against what should be has its kind, and only what removes risk is done by itself", arguments: [
        ("0.25", "0.25", DriftCheck.Kind.none, DriftCheck.Decision.nothing), ("0", "0.25", .extra, .reduce(money("0.25"))),
        ("0", "0.00499", .extra, .watch), ("0", "0.0051", .extra, .reduce(money("0.0051"))),
        ("0.25", "-0.1", .side, .reduce(money("0.1"))), ("-0.25", "0.001", .side, .reduce(money("0.001"))),
        ("0.25", "0.2624", .oversized, .nothing), ("0.25", "0.2625", .oversized, .watch),
        ("0.25", "0.2", .undersized, .alert("holds 0.2, should hold 0.25")), ("-0.25", "0", .missing, .alert("holds 0, should hold -0.25")),
        ("0.25", "0.246", .undersized, .nothing),
    ])
    func kinds(target: String, held: String, kind: DriftCheck.Kind, decision: DriftCheck.Decision) {
        #expect(check(target, held).kind == kind)
        #expect(check(target, held).decision == decision)
    }

    @Test("R-52: what opens for the account is given up when it is worth an entry, and not asked for again and again before")
    func opensForAccount() {
        for (held, decision) in [("0.0051", DriftCheck.Decision.watch), ("0.00516", .reduce(money("0.00516")))] {
            #expect(check("0", held) { $0.opensForAccount = true }.decision == decision)
            #expect(check("-0.25", held) { $0.opensForAccount = true }.decision == decision)
        }
    }

    @Test("R-55: an excess is reduced after a second look, with nothing on its way")
    func oversized() {
        #expect(check("0.25", "0.2625") { $0.isConfirmed = true }.decision == .reduce(money("0.0125")))
        #expect(check("0.25", "0.2625") { $0.isConfirmed = true; $0.isOrderInFlight = true }.decision == .watch)
        #expect(check("0", "0.25") { $0.isOrderInFlight = true }.decision == .watch)
    }

    @Test("R-55: what is missing is bought only when asked for, copied, confirmed and at a fair price")
    func topUp() {
        func all(_ change: (inout DriftCheck) -> Void = { _ in }) -> DriftCheck.Decision {
            check("0.25", "0.2") {
                $0.healsEntries = true
                $0.isPriceFair = true
                $0.isConfirmed = true
                change(&$0)
            }.decision
        }
        #expect(all() == .topUp(money("0.05")))
        #expect(all { $0.healsEntries = false } == .alert("holds 0.2, should hold 0.25"))
        #expect(all { $0.isPriceFair = false } == .alert("holds 0.2, should hold 0.25"))
        #expect(all { $0.isConfirmed = false } == .alert("holds 0.2, should hold 0.25"))
        #expect(all { $0.isOrderInFlight = true } == .alert("holds 0.2, should hold 0.25"))
        #expect(all { $0.isCopied = false } == .nothing)
    }

    private let held = Sleeve(position: money("0.25"), averageEntry: Price(2000), lifecycle: "life", residue: money("0.001"), residueUntil: 1)

    @Test("R-56: a fill without an order of ours is the subscriber's own, and stops entries until the leader is flat")
    func manual() throws {
        #expect(ForeignFill.classify(cloid: nil, isOurs: false, dir: "Close Long", isLiquidation: false) == .manual)
        #expect(ForeignFill.classify(cloid: "0xab", isOurs: true, dir: "Close Long", isLiquidation: false) == nil)
        let (sleeve, rest) = held.applying(foreign: .manual, side: .sell, size: money("0.1"), price: Price(2000))
        #expect(sleeve.position == money("0.15") && sleeve.isManual && rest.isZero && sleeve.residue.isZero)
        let more = try #require(Sample.plan(Sample.signal(from: "10", to: "12"), lifecycle: Lifecycle(id: "life", k: .one, status: .copied, direction: .buy)).jobs.first)
        #expect(Sample.prepare(more, sleeve).outcome == .manual)
        // The leader's close still closes what is left, and ends it.
        let close = try #require(Sample.plan(Sample.signal(from: "10", to: "0")).jobs.first)
        let intent = try #require(Sample.prepare(close, sleeve).intent)
        #expect(intent.size == money("0.15"))
        #expect(sleeve.settling(intent, job: close, filled: intent.size, averagePrice: Price(2000)).isEmpty)
        // Closed by hand altogether: still no entries of this life.
        let (gone, beyond) = held.applying(foreign: .manual, side: .sell, size: money("0.3"), price: Price(2000))
        #expect(gone.position.isZero && gone.isManual && !gone.isEmpty && beyond == money("0.05"))
        #expect(Sample.prepare(more, gone).outcome == .manual)
        #expect(Sample.prepare(close, gone).sleeve == .empty)
    }

    @Test("R-56: who opted out keeps the position when the leader closes")
    func manualOptOut() throws {
        let subscription = Sample.subscription { $0.closesManual = false }
        let (sleeve, _) = held.applying(foreign: .manual, side: .sell, size: money("0.1"), price: Price(2000))
        let close = try #require(Sample.plan(Sample.signal(from: "10", to: "0"), subscription).jobs.first)
        let result = Sample.prepare(close, sleeve)
        #expect(result.outcome == .manual && result.sleeve == .empty)
        #expect(Sample.prepare(close, held).intent?.size == money("0.25"))
    }

    @Test("R-57: a liquidated follower is taken by its fills, and a frozen coin opens nothing")
    func forced() {
        #expect(ForeignFill.classify(cloid: "0xab", isOurs: true, dir: "Liquidated Cross Long", isLiquidation: false) == .liquidation)
        #expect(ForeignFill.classify(cloid: nil, isOurs: false, dir: "Auto-Deleveraging", isLiquidation: false) == .autoDeleveraging)
        let (sleeve, _) = held.applying(foreign: .liquidation, side: .sell, size: money("0.25"), price: Price(1800))
        #expect(sleeve.isEmpty)
        #expect(Sample.plan(Sample.signal(from: "0", to: "10")) { $0.safety.isFrozen = true }.outcomes == [.manual])
    }
}

@Suite("Leverage and triggers")
struct LeverageTests {
    @Test("R-60: the least of leader, subscription, account and market, without the leader while it is not known; a fixed one within account and market", arguments: [
        (LeverageSetting.matching(maximum: 10), 5, 20, 25, 5), (.matching(maximum: 3), 5, 20, 25, 3), (.matching(maximum: 10), 50, 4, 25, 4),
        (.matching(maximum: 100), 50, nil, 25, 25), (.matching(maximum: 10), nil, nil, 25, 10), (.fixed(7), 2, nil, 25, 7), (.fixed(40), 2, nil, 25, 25),
        (.fixed(7), nil, 3, 25, 3),
    ] as [(LeverageSetting, Int?, Int?, Int, Int)])
    func choice(setting: LeverageSetting, leader: Int?, account: Int?, market: Int, expected: Int) {
        #expect(setting.leverage(leader: leader, account: account, market: market) == expected)
    }

    @Test("R-61, R-62: leverage is set once, while flat; an open position keeps what it has, on record")
    func steps() {
        let five = LeverageState(leverage: 5, mode: .cross)
        func step(_ current: LeverageState?, _ leverage: Int, isFlat: Bool, coin: Coin = "ETH", onlyIsolated: Bool = false) -> LeverageState.Step {
            LeverageState.step(current: current, leverage: leverage, mode: .cross, isFlat: isFlat, coin: coin, onlyIsolated: onlyIsolated)
        }
        #expect(step(five, 5, isFlat: true) == .none)
        #expect(step(five, 6, isFlat: true) == .update(LeverageState(leverage: 6, mode: .cross)))
        #expect(step(nil, 5, isFlat: true) == .update(five))
        #expect(step(five, 6, isFlat: false) == .kept(five, wanted: LeverageState(leverage: 6, mode: .cross)))
        #expect(step(five, 5, isFlat: true, coin: "xyz:TSLA") == .update(LeverageState(leverage: 5, mode: .isolated)))
        #expect(step(five, 5, isFlat: true, onlyIsolated: true) == .update(LeverageState(leverage: 5, mode: .isolated)))
    }

    @Test("R-60: the job of an entry says its leverage")
    func onTheJob() {
        let subscription = Sample.subscription { $0.leverage = .matching(maximum: 10) }
        #expect(Sample.plan(Sample.signal(from: "0", to: "10"), subscription) { $0.leader.leverage = 7 }.jobs.first?.terms?.leverage == 7)
        var told = Sample.signal(from: "0", to: "10")
        told.leaderLeverage = 4
        #expect(Sample.plan(told, subscription).jobs.first?.terms?.leverage == 4)
    }

    @Test("R-63: triggers lie around the average entry, close the sleeve, and follow its size")
    func triggers() throws {
        let protection = Protection(stopLossBasisPoints: 500, takeProfitBasisPoints: 1_000)
        let long = Sleeve(position: money("0.25005"), averageEntry: Price(2000))
        let placed = protection.triggers(for: long, instrument: Sample.instrument)
        #expect(placed == [
            RestingOrder(kind: .stopLoss, side: .sell, size: money("0.25"), price: Price(1900)),
            RestingOrder(kind: .takeProfit, side: .sell, size: money("0.25"), price: Price(2200)),
        ])
        let short = protection.triggers(for: Sleeve(position: money("-0.1"), averageEntry: Price(2000)), instrument: Sample.instrument)
        #expect(short.map(\.price) == [Price(2100), Price(1800)] && short.allSatisfy { $0.side == .buy })
        #expect(protection.triggers(for: .empty, instrument: Sample.instrument).isEmpty)
        let present = [(id: 1, trigger: placed[0]), (id: 2, trigger: placed[1]), (id: 3, trigger: placed[1])]
        let same = Protection.changes(present: present, wanted: placed)
        #expect(same.cancel == [3] && same.place.isEmpty)
        let flat = Protection.changes(present: present, wanted: [])
        #expect(flat.cancel == [1, 2, 3])
        let smaller = protection.triggers(for: Sleeve(position: money("0.1"), averageEntry: Price(2000)), instrument: Sample.instrument)
        let resized = Protection.changes(present: [(id: 1, trigger: placed[0])], wanted: smaller)
        #expect(resized.cancel == [1] && resized.place == smaller)
    }
}
