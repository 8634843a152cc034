/// An entry's size, caps, minimum and price, once the gates before them are passed.
struct EntrySizing {
    typealias Refusal = EntryPlan.Refusal

    let size: Size
    /// Follower coins per leader coin from here on.
    let k: Ratio
    let limit: Price
    let terms: EntryTerms
    let clips: [Clip]

    init(plan: EntryPlan, subscription: Subscription, instrument: Instrument, base: Lifecycle?) throws(Refusal) {
        let leverage = subscription.leverage.leverage(
            leader: plan.leader.leverage, account: plan.account.limits.maximumLeverage, market: instrument.maximumLeverage)
        let raw = try Self.raw(plan, subscription, base: base, leverage: leverage)
        let caps = subscription.limits.priceCaps(for: plan.signal.coin)
        var entry = ClippedEntry(size: raw.size, price: plan.signal.averagePrice)
        Self.clip(&entry, plan, subscription, instrument, leverage: leverage, slippage: caps.leader, isFirst: base == nil)
        guard
            let limit = caps.limit(
                side: plan.side, leaderPrice: plan.signal.averagePrice, quote: plan.facts.market.quote, markPrice: plan.facts.market.mark,
                sizeDecimals: instrument.sizeDecimals)
        else { throw Refusal(.price, .unsupported, "no legal price within \(caps.leader) bps of \(plan.signal.averagePrice)") }
        let policy = subscription.belowMinimum.effective(isDrip: plan.signal.isDrip)
        size = try Self.sized(&entry, policy, instrument, limit)
        self.limit = limit
        clips = entry.clips
        k = Self.k(raw: raw, entry: entry, leg: plan.leg, base: base)
        terms = EntryTerms(
            leaderStart: plan.leg.start, leaderEnd: plan.leg.end,
            followsLeader: (base == nil ? subscription.sizing.orderNotional : base?.orderNotional) == nil, belowMinimum: policy,
            accumulateMilliseconds: subscription.limits.accumulateMilliseconds,
            maximumOrderNotional: subscription.limits.maximumOrderNotional, maximumCoinNotional: plan.account.limits.maximumCoinNotional,
            bookSlippageBasisPoints: caps.book, maximumSpreadBasisPoints: subscription.limits.maximumSpreadBasisPoints,
            leverage: subscription.leverage == .keep ? nil : leverage)
    }

    private static func raw(
        _ plan: EntryPlan, _ subscription: Subscription, base: Lifecycle?, leverage: Int
    ) throws(Refusal) -> EntrySize {
        do throws(EntrySize.Fault) {
            if let base {
                do throws(MoneyError) {
                    if let notional = base.orderNotional { return EntrySize(size: try notional / plan.signal.averagePrice, k: base.k) }
                    return try .increase(k: base.k, leaderChange: plan.leg.change)
                } catch { throw EntrySize.Fault.money(error) }
            }
            return try .open(
                subscription.sizing,
                EntrySize.Inputs(
                    leaderChange: plan.leg.change, leaderEnd: plan.leg.end, price: plan.signal.averagePrice,
                    leaderEquity: plan.signal.leaderEquity, leaderOrderMargin: plan.leader.orderMargin,
                    leaderMarginBalance: plan.leader.marginBalance, leverage: leverage,
                    dailyVolatility: plan.facts.market.dailyVolatility))
        } catch {
            switch error {
            case .unknown(let outcome, let detail): throw Refusal(.size, outcome, detail)
            case .money(let error): throw Refusal(.size, .unsupported, "no size: \(error)")
            }
        }
    }

    private static func clip(
        _ entry: inout ClippedEntry, _ plan: EntryPlan, _ subscription: Subscription, _ instrument: Instrument, leverage: Int,
        slippage: Int, isFirst: Bool
    ) {
        let limits = subscription.limits
        entry.clip(to: limits.maximumOrderNotional, by: .orderCap)
        let positionCap = isFirst ? limits.maximumPositionNotional : nil
        guard let facts = plan.facts.account else {
            // The caps over the account are the worker's then, which reads it.
            entry.clip(to: plan.account.limits.maximumCoinNotional, by: .coinCap)
            return entry.clip(to: positionCap, by: .positionCap)
        }
        entry.clip(to: plan.account.limits.maximumCoinNotional.map { $0 - facts.coinNotional }, by: .coinCap)
        // An increase meets the sleeve's cap in the worker, which knows what the sleeve holds.
        entry.clip(to: positionCap, by: .positionCap)
        let caps = ExposureCaps(
            settings: plan.account.limits, facts: facts, side: plan.side, maximumLeverage: instrument.maximumLeverage, leverage: leverage,
            slippageBasisPoints: slippage)
        for (gate, room) in caps.rooms { entry.clip(to: room, by: gate) }
    }

    /// Whole lots worth enough, or, where it may wait for more, all of it: the worker knows what waits already.
    private static func sized(
        _ entry: inout ClippedEntry, _ policy: BelowMinimum, _ instrument: Instrument, _ limit: Price
    ) throws(Refusal) -> Size {
        if policy == .accumulate, entry.size > .zero, entry.clips.isEmpty { return entry.size }
        do throws(MinimumRule.Refusal) {
            return try MinimumRule.size(&entry, policy: policy, instrument: instrument, limit: limit)
        } catch {
            throw Refusal(.minimumNotional, error.outcome, error.detail, size: error.size, clips: entry.clips)
        }
    }

    /// For an OPEN, what the changed order makes of the leader's position; for an increase that was changed, of the sum. One that
    /// joins a position late holds only its own part of it.
    private static func k(raw: EntrySize, entry: ClippedEntry, leg: Leg, base: Lifecycle?) -> Ratio {
        let isLate = base == nil && leg.action == .increase
        // Rounding to the lot is no cap: what is filled corrects for it.
        let size = entry.clips.last.map { $0.gate == .lot ? $0.before : entry.size } ?? entry.size
        guard size != raw.size || isLate else { return raw.k }
        let before = base == nil ? .zero : (try? raw.k * leg.start.magnitude) ?? .zero
        return (try? Ratio(roundingUp: before + size, over: leg.end.magnitude)) ?? raw.k
    }
}
