import CopyTrading
import Testing

@Suite("Caps over an account")
struct CapTests {
    private let open = Sample.signal(from: "0", to: "10")

    private func plan(
        _ limits: AccountSettings.Limits, _ facts: AccountFacts?, own: Subscription.Limits = Subscription.Limits(), signal: Signal? = nil
    ) -> Plan {
        Sample.plan(signal ?? open, Sample.subscription(limits: own), account: AccountSettings(limits: limits)) { $0.account = facts }
    }

    private func rich(gross: Int = 0, net: Int = 0, coin: Int = 0) -> AccountFacts {
        AccountFacts(
            equity: Notional(5_000), freeMargin: Notional(100_000), grossNotional: Notional(gross), netNotional: Notional(net),
            coinNotional: Notional(coin))
    }

    @Test("R-81: caps are applied in the documented order, each recorded with before and after")
    func order() {
        let limits = AccountSettings.Limits(
            maximumCoinNotional: Notional(460), maximumGrossNotional: Notional(400), maximumNetNotional: Notional(380), maximumLeverage: 1,
            minimumLiquidationBufferBasisPoints: 9_999)
        let own = Subscription.Limits(maximumOrderNotional: Notional(480), maximumPositionNotional: Notional(440))
        let facts = AccountFacts(equity: Notional(360), freeMargin: Notional(100))
        let plan = plan(limits, facts, own: own)
        #expect(plan.jobs.first?.clips.map(\.gate) == [
            .orderCap, .coinCap, .positionCap, .grossCap, .netCap, .leverageCap, .liquidationBuffer, .freeMargin, .lot,
        ])
        let clips = plan.jobs.first?.clips ?? []
        #expect(clips.map(\.before).dropFirst() == clips.map(\.after).dropLast())
        #expect(clips.first?.before == money("0.25"))
        #expect(clips.last.map { $0.after >= money("0.0485") && $0.after < money("0.049") } == true)
    }

    @Test("R-81: each cap leaves its room, and an entry left with nothing is skipped by its code", arguments: [
        (AccountSettings.Limits(maximumCoinNotional: Notional(1_000)), 0, 0, 1_000, Outcome.capCoin),
        (AccountSettings.Limits(maximumGrossNotional: Notional(1_000)), 1_000, 0, 0, .capAccount),
        (AccountSettings.Limits(maximumNetNotional: Notional(1_000)), 1_000, 1_000, 0, .capAccount),
        (AccountSettings.Limits(maximumLeverage: 2), 10_000, 0, 0, .capAccount),
        (AccountSettings.Limits(minimumLiquidationBufferBasisPoints: 5_000), 10_000, 0, 0, .liquidationBuffer),
    ])
    func full(limits: AccountSettings.Limits, gross: Int, net: Int, coin: Int, outcome: Outcome) {
        #expect(plan(limits, rich(gross: gross, net: net, coin: coin)).outcomes == [outcome])
    }

    @Test("R-81: an entry that shrinks the net position has more room, not less")
    func netRoom() {
        let limits = AccountSettings.Limits(maximumNetNotional: Notional(300))
        #expect(plan(limits, rich(net: 300), signal: Sample.signal(from: "0", to: "-10")).jobs.first?.quantity == .size(money("0.25")))
        #expect(plan(limits, rich(net: 200)).jobs.first?.quantity == .size(money("0.05")))
    }

    @Test("Golden 12, R-81: the margin an order may use, less its slippage and a reserve")
    func discount() throws {
        let usable = MarginDiscount.usable(slippageBasisPoints: 100, leverage: 20)
        #expect(try usable > Ratio(parsing: "0.815") && usable < Ratio(parsing: "0.8154"))
    }

    @Test("R-81: free margin bounds an entry at its leverage; none is SKIP_MARGIN")
    func freeMargin() {
        let some = AccountFacts(equity: Notional(5_000), freeMargin: Notional(100))
        // Leverage 1, 50 bps: 0.995 / (0.995 + 0.005) × 0.98 of 100.
        #expect(plan(AccountSettings.Limits(), some).jobs.first?.quantity == .size(money("0.0487")))
        #expect(plan(AccountSettings.Limits(), AccountFacts(equity: Notional(5_000), freeMargin: .zero)).outcomes == [.margin])
    }

    @Test("Golden 13: R-16: the equity of a unified account is in its spot balances; of an unknown mode, or without them, there is none")
    func unifiedEquity() {
        let spot = Notional(1_000)
        #expect(AccountEquity.total(collateral: .shared, perpetuals: [.zero], spot: spot) == spot)
        #expect(AccountEquity.total(collateral: .shared, perpetuals: [Notional(40), Notional(-10)], spot: spot) == Notional(1_030))
        #expect(AccountEquity.total(collateral: .shared, perpetuals: [.zero], spot: nil) == nil)
        #expect(AccountEquity.total(collateral: .separate, perpetuals: [Notional(40), Notional(2)], spot: spot) == Notional(42))
        #expect(AccountEquity.total(collateral: nil, perpetuals: [Notional(40)], spot: spot) == nil)
        #expect(Sample.plan(Sample.signal(from: "0", to: "10", equity: nil)).outcomes == [.equityUnknown])
    }

    @Test("R-16, R-81: caps on figures that are not known refuse before sending; without such caps the exchange decides")
    func unknownAccount() throws {
        let job = try #require(plan(AccountSettings.Limits(maximumGrossNotional: Notional(9_000)), nil).jobs.first)
        let capped = Sample.prepare(job, .empty, account: AccountView(limits: .init(maximumGrossNotional: Notional(9_000))))
        #expect(capped.outcome == .equityUnknown)
        #expect(Sample.prepare(job, .empty).intent?.size == money("0.25"))
    }

    @Test("R-81, R-35: what the account holds when an entry is sent caps it, with the same caps as at planning")
    func atSending() throws {
        let job = try #require(plan(AccountSettings.Limits(), nil).jobs.first)
        func sent(_ limits: AccountSettings.Limits, _ facts: AccountFacts) -> Preparation {
            Sample.prepare(job, .empty, account: AccountView(limits: limits, facts: facts))
        }
        let limits = AccountSettings.Limits(maximumGrossNotional: Notional(1_000))
        let clipped = sent(limits, rich(gross: 800))
        #expect(clipped.intent?.size == money("0.1"))
        #expect(clipped.intent?.clips.map(\.gate) == [.grossCap])
        #expect(clipped.intent?.correctsK == true)
        #expect(sent(limits, rich(gross: 1_000)).outcome == .capAccount)
        #expect(sent(AccountSettings.Limits(), AccountFacts(equity: Notional(5_000), freeMargin: .zero)).outcome == .margin)
    }

    @Test("R-81: no size exceeds any cap, whatever the caps and the account", arguments: 0..<10 as Range<UInt64>)
    func neverExceeded(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func cap() -> Notional? {
            Bool.random(using: &generator) ? Notional(e8: Int64.random(in: 1_000_000_000...200_000_000_000, using: &generator)) : nil
        }
        for tid in 0..<300 as Range<Int64> {
            let account = AccountSettings.Limits(maximumCoinNotional: cap(), maximumGrossNotional: cap(), maximumNetNotional: cap())
            let own = Subscription.Limits(maximumOrderNotional: cap(), maximumPositionNotional: cap())
            let facts = AccountFacts(
                equity: Notional(1_000), freeMargin: cap() ?? Notional(500), grossNotional: cap() ?? .zero, netNotional: cap() ?? .zero,
                coinNotional: cap() ?? .zero)
            let price = Price(e8: Int64.random(in: 100_000...10_000_000_000_000, using: &generator))
            let leader = Size(e8: Int64.random(in: 1...100_000_000_000, using: &generator))
            let signal = Sample.signal(from: "0", to: "\(leader)", at: "\(price)", tid: tid)
            let policy = BelowMinimum.allCases.randomElement(using: &generator)!
            let subscription = Sample.subscription(.ratio(.one), limits: own, belowMinimum: policy)
            let plan = Sample.plan(signal, subscription, account: AccountSettings(limits: account)) { $0.account = facts }
            guard let job = plan.jobs.first, case .size(let size) = job.quantity else { continue }
            let worth = Int128(price.e8) * Int128(size.e8)
            func fits(_ cap: Notional?, less used: Notional = .zero) -> Bool {
                cap.map { worth <= Int128($0.e8 - used.e8) * Int128(Notional.scale) } ?? true
            }
            #expect(fits(own.maximumOrderNotional) && fits(own.maximumPositionNotional))
            #expect(fits(account.maximumCoinNotional, less: facts.coinNotional))
            #expect(fits(account.maximumGrossNotional, less: facts.grossNotional) && fits(account.maximumNetNotional, less: facts.netNotional))
            #expect(fits(facts.freeMargin))
            let sent = Sample.prepare(job, .empty)
            if let intent = sent.intent { #expect(intent.size <= size) }
        }
    }
}
