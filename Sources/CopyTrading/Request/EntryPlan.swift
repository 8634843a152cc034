/// The gates of one entry leg, in the order of R-81.
struct EntryPlan {
    let id: JobID
    let leg: Leg
    let request: ExecutionRequest
    let subscription: Subscription?
    let instrument: Instrument?
    let lifecycle: Lifecycle?

    /// A gate that refused.
    struct Refusal: Error, Equatable {
        var outcome: Outcome
        var detail: String
        var size: Size = .zero
    }

    /// - Parameter stored: the lifecycle after this leg. An OPEN begins one, copied or not; an INCREASE that a cap made smaller
    ///   corrects its `k` (R-21).
    func decide(now: Int64, _ stored: inout Lifecycle?) -> PlannedLeg {
        do {
            let (job, k, clips) = try plan(now: now)
            if leg.action == .open {
                stored = Lifecycle(id: request.signal.id, k: k, status: .copied, direction: side)
            } else {
                stored?.k = k
            }
            return .job(job, detail: clips.isEmpty ? nil : clips.joined(separator: "; "))
        } catch {
            if leg.action == .open {
                stored = Lifecycle(id: request.signal.id, k: .zero, status: .uncopied, direction: side)
            }
            return .skip(
                SkippedLeg(
                    job: id, action: leg.action, side: side, outcome: error.outcome, detail: error.detail, requestedSize: error.size))
        }
    }

    private var signal: Signal { request.signal }

    private var side: Side {
        if leg.action == .increase, let lifecycle { return lifecycle.direction }
        return subscription?.inverse == true ? leg.side.opposite : leg.side
    }

    private func plan(now: Int64) throws(Refusal) -> (job: ExecutionJob, k: Ratio, clips: [String]) {
        let subscription = try activeSubscription()
        try checkCoin(subscription)
        let instrument = try tradableInstrument()
        try checkAge(subscription, now: now)
        let base = leg.action == .increase ? try copiedBase() : nil
        let raw = try entrySize(subscription, base: base)
        var entry = ClippedEntry(size: raw.size, price: signal.averagePrice)
        entry.clip(to: subscription.limits.maximumOrderNotional, name: "max_order_notional", outcome: .capOrder)
        if leg.action == .open {
            entry.clip(to: subscription.limits.maximumPositionNotional, name: "max_position_notional", outcome: .capSleeve)
        }
        let size = entry.size.roundedDown(to: instrument)
        let limit = try limitPrice(subscription, instrument)
        try checkSize(size, entry: entry, raw: raw.size, instrument: instrument, limit: limit)
        let job = ExecutionJob(
            id: id, request: request.id, signal: signal.id, subscription: request.subscription, subscriber: request.subscriber,
            account: request.account, influencer: signal.influencer, coin: signal.coin, action: leg.action, side: side,
            quantity: .size(size), limit: limit, referencePrice: signal.averagePrice,
            expiresAt: signal.lastFillTime + subscription.limits.entryExpiryMilliseconds,
            maximumPositionNotional: subscription.limits.maximumPositionNotional, leaderFillTime: signal.lastFillTime,
            receivedAt: signal.receivedAt, lifecycle: base?.id ?? signal.id)
        return (job, k(raw: raw, entry: entry, base: base), entry.clips)
    }

    private func activeSubscription() throws(Refusal) -> Subscription {
        guard let subscription else { throw Refusal(outcome: .paused, detail: "the subscription was removed") }
        switch subscription.state {
        case .active: return subscription
        case .paused: throw Refusal(outcome: .paused, detail: "the subscription is paused: exits only")
        case .windDown: throw Refusal(outcome: .windDown, detail: "the subscription is winding down: exits only")
        }
    }

    private func checkCoin(_ subscription: Subscription) throws(Refusal) {
        if subscription.limits.deniedCoins.contains(signal.coin) {
            throw Refusal(outcome: .filterCoin, detail: "\(signal.coin) is denied")
        }
        if let allowed = subscription.limits.allowedCoins, !allowed.contains(signal.coin) {
            throw Refusal(outcome: .filterCoin, detail: "\(signal.coin) is not among the allowed coins")
        }
    }

    private func tradableInstrument() throws(Refusal) -> Instrument {
        guard let instrument else { throw Refusal(outcome: .unsupported, detail: "the exchange does not list \(signal.coin)") }
        guard !instrument.isDelisted else { throw Refusal(outcome: .delisted, detail: "\(signal.coin) is delisted") }
        return instrument
    }

    private func checkAge(_ subscription: Subscription, now: Int64) throws(Refusal) {
        let age = now - signal.lastFillTime
        let limit = subscription.limits.entryExpiryMilliseconds
        if age > limit { throw Refusal(outcome: .stale, detail: "the leader's fill is \(age) ms old, limit \(limit) ms") }
    }

    private func copiedBase() throws(Refusal) -> Lifecycle {
        guard let lifecycle else {
            throw Refusal(outcome: .uncopiedBase, detail: "the leader's position was opened before it was followed")
        }
        guard lifecycle.status == .copied else {
            throw Refusal(outcome: .uncopiedBase, detail: "the position opened by signal \(lifecycle.id) was not copied")
        }
        return lifecycle
    }

    private func entrySize(_ subscription: Subscription, base: Lifecycle?) throws(Refusal) -> EntrySize {
        let size: EntrySize?
        do throws(MoneyError) {
            if let base {
                size = try .increase(k: base.k, leaderChange: leg.change)
            } else {
                size = try .open(
                    subscription.sizing, leaderChange: leg.change, price: signal.averagePrice, leaderEquity: signal.leaderEquity)
            }
        } catch {
            throw Refusal(outcome: .unsupported, detail: "no size: \(error)")
        }
        guard let size else { throw Refusal(outcome: .equityUnknown, detail: "the leader's equity is not known") }
        return size
    }

    private func limitPrice(_ subscription: Subscription, _ instrument: Instrument) throws(Refusal) -> Price {
        let basisPoints = subscription.limits.entrySlippageBasisPoints
        guard
            let limit = TickRounding.limit(
                reference: signal.averagePrice, basisPoints: basisPoints, side: side, purpose: .entry,
                sizeDecimals: instrument.sizeDecimals)
        else { throw Refusal(outcome: .unsupported, detail: "no legal price within \(basisPoints) bps of \(signal.averagePrice)") }
        return limit
    }

    /// Policy `skip` of R-32. `raise_to_min` and `accumulate` would act here, on the same facts.
    private func checkSize(_ size: Size, entry: ClippedEntry, raw: Size, instrument: Instrument, limit: Price) throws(Refusal) {
        if size.isZero {
            throw Refusal(
                outcome: .roundedToZero, detail: "\(entry.size) is below the lot of \(instrument.sizeDecimals) decimals", size: raw)
        }
        guard MinimumNotional.allows(size, reference: signal.averagePrice, limit: limit) else {
            let clips = entry.clips.isEmpty ? "" : " (\(entry.clips.joined(separator: "; ")))"
            throw Refusal(
                outcome: entry.outcome ?? .minimumNotional,
                detail: "\(size) at \(signal.averagePrice) is worth less than \(MinimumNotional.planned)\(clips)", size: size)
        }
    }

    /// For an OPEN, what the clipped order makes of the leader's position; for an increase that was clipped, of the sum.
    private func k(raw: EntrySize, entry: ClippedEntry, base: Lifecycle?) -> Ratio {
        guard entry.size != raw.size else { return raw.k }
        let before = (try? raw.k * leg.start.magnitude) ?? .zero
        return (try? Ratio(roundingUp: before + entry.size, over: leg.end.magnitude)) ?? raw.k
    }
}
