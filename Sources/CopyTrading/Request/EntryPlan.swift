/// The gates of one entry leg, in the order of R-81.
struct EntryPlan {
    let id: JobID
    let leg: Leg
    let request: ExecutionRequest
    let subscription: Subscription?
    let account: AccountSettings
    let facts: PlanningFacts
    let lifecycle: Lifecycle?

    /// A gate that refused.
    struct Refusal: Error, Equatable {
        var gate: Gate
        var outcome: Outcome
        var detail: String
        var size: Size
        var clips: [Clip]

        init(_ gate: Gate, _ outcome: Outcome, _ detail: String, size: Size = .zero, clips: [Clip] = []) {
            self.gate = gate
            self.outcome = outcome
            self.detail = detail
            self.size = size
            self.clips = clips
        }
    }

    /// - Parameter stored: the lifecycle after this leg. An OPEN begins one, copied or not, unless one was joined too late; an INCREASE
    ///   that a cap made smaller corrects its `k`. There is none after an OPEN that was refused and may have been copied all the same.
    func decide(now: Int64, _ stored: inout Lifecycle?) -> PlannedLeg {
        do {
            let (job, life) = try plan(now: now)
            stored = life
            return .job(job)
        } catch {
            if leg.action == .open, signal.join == nil || lifecycle == nil {
                stored = facts.mayBeSent ? nil : Lifecycle(id: request.signal.id, k: .zero, status: .uncopied, direction: side)
            }
            if facts.mayBeSent { return .job(refused(error)) }
            return .skip(
                SkippedLeg(
                    job: id, action: leg.action, side: side, outcome: error.outcome, detail: error.detail, requestedSize: error.size,
                    clips: error.clips))
        }
    }

    var signal: Signal { request.signal }
    /// What is known of the leader; what is not given is what its signal tells.
    var leader: PlanningFacts.Leader { facts.leader.completed(by: signal, for: leg) }

    /// Of the subscriber's order.
    var side: Side {
        if leg.action == .increase, let lifecycle, lifecycle.status == .copied { return lifecycle.direction }
        return leg.side(for: subscription)
    }

    private func plan(now: Int64) throws(Refusal) -> (job: ExecutionJob, life: Lifecycle) {
        guard let subscription else { throw Refusal(.subscription, .paused, "the subscription was removed") }
        if signal.isShed { throw Refusal(.subscription, .shed, "the fleet had more to do than it can: entries were shed") }
        try checkState(subscription)
        try checkSafety()
        try checkFilters(subscription, now: now)
        let instrument = try tradableInstrument()
        try checkAge(subscription, now: now)
        let base = try base(subscription)
        let sizing = try EntrySizing(plan: self, subscription: subscription, instrument: instrument, base: base)
        var job = job(base == nil ? .open : leg.action, sizing.size, of: base, terms: sizing.terms, clips: sizing.clips)
        job.limit = sizing.limit
        job.expiresAt = signal.lastFillTime + subscription.limits.entryExpiryMilliseconds
        job.maximumPositionNotional = subscription.limits.maximumPositionNotional
        job.detail = sizing.clips.text
        return (job, life(sizing, subscription, base: base))
    }

    /// An entry without what bounds it.
    /// - Parameter life: that it adds to; `nil` begins one.
    private func job(_ action: Action, _ size: Size, of life: Lifecycle?, terms: EntryTerms, clips: [Clip]) -> ExecutionJob {
        ExecutionJob(
            id: id, request: request.id, signal: signal.id, subscription: request.subscription, subscriber: request.subscriber,
            account: request.account, influencer: signal.influencer, coin: signal.coin, action: action, side: side, quantity: .size(size),
            limit: nil, referencePrice: signal.averagePrice, expiresAt: nil, maximumPositionNotional: nil,
            leaderFillTime: signal.lastFillTime, receivedAt: signal.receivedAt, lifecycle: life?.id ?? signal.id, terms: terms,
            sharing: account.sharing, clips: clips, place: request.place)
    }

    /// Asked for, and not sent: its numbers are the leader's.
    private func refused(_ refusal: Refusal) -> ExecutionJob {
        let terms = EntryTerms(
            leaderStart: leg.start, leaderEnd: leg.end,
            followsLeader: (lifecycle?.orderNotional ?? subscription?.sizing.orderNotional) == nil)
        var job = job(leg.action, leg.change.magnitude, of: lifecycle, terms: terms, clips: refusal.clips)
        job.refusal = .init(refusal.outcome, refusal.detail)
        return job
    }

    private func checkState(_ subscription: Subscription) throws(Refusal) {
        if !facts.safety.killLevel.allowsEntries {
            throw Refusal(.killSwitch, .halted, facts.safety.killReason ?? "the kill switch is at level \(facts.safety.killLevel.rawValue)")
        }
        var states = facts.states
        states.subscriber = max(states.subscriber, account.state)
        if let (outcome, detail) = states.refusal(subscription: subscription.state) { throw Refusal(.state, outcome, detail) }
        if signal.endsEntries { throw Refusal(.state, .windDown, "the leader's position was taken: \(signal.cause.rawValue)") }
    }

    private func checkSafety() throws(Refusal) {
        switch facts.safety.losses {
        case .clear: break
        // The worker keeps the account's losses.
        case nil: break
        case .entriesOff(let outcome, let detail), .flatten(let outcome, let detail):
            throw Refusal(outcome == .drawdown ? .drawdown : .dailyLoss, outcome, detail)
        }
        if let breaker = facts.safety.openBreakers.first { throw Refusal(.breaker, .breaker, "the breaker of \(breaker) is open") }
        if facts.safety.isFrozen {
            throw Refusal(.frozen, .manual, "the account holds \(signal.coin) that no subscription accounts for: adopt, ignore or flatten it")
        }
    }

    private func tradableInstrument() throws(Refusal) -> Instrument {
        guard let instrument = facts.instrument else {
            throw Refusal(.market, .unsupported, "the exchange does not list \(signal.coin)")
        }
        guard !instrument.isDelisted else { throw Refusal(.market, .delisted, "\(signal.coin) is delisted") }
        return instrument
    }

    private func checkAge(_ subscription: Subscription, now: Int64) throws(Refusal) {
        let age = now - signal.lastFillTime
        let limit = subscription.limits.entryExpiryMilliseconds
        if age > limit { throw Refusal(.age, .stale, "the leader's fill is \(age) ms old, limit \(limit) ms") }
        if let verified = facts.leader.verifiedAt, now - verified > PlanningFacts.Leader.verificationMilliseconds {
            throw Refusal(.verification, .stale, "the leader's position was last verified \(now - verified) ms ago")
        }
    }

    /// The life that an increase belongs to; `nil` for an entry that begins one.
    private func base(_ subscription: Subscription) throws(Refusal) -> Lifecycle? {
        if let join = signal.join { try checkJoin(join, subscription.joining) }
        guard leg.action == .increase else { return nil }
        if let lifecycle, lifecycle.status == .copied { return lifecycle }
        if subscription.joinsOnIncrease { return nil }
        guard let lifecycle else {
            throw Refusal(.base, .uncopiedBase, "the leader's position was opened before it was followed")
        }
        throw Refusal(.base, .uncopiedBase, "the position opened by signal \(lifecycle.id) was not copied")
    }

    /// A life that is stored began after the subscription first followed: then there is nothing to join.
    private func checkJoin(_ join: Signal.Join, _ policy: JoinPolicy) throws(Refusal) {
        if let lifecycle {
            throw Refusal(
                .base, .uncopiedBase, "already \(lifecycle.status.rawValue): the position opened by signal \(lifecycle.id) is not joined")
        }
        if policy == .ignoreUntilFlat {
            throw Refusal(.base, .uncopiedBase, "the leader's position was opened before it was followed, and is not to be joined")
        }
        let market = facts.market.quote?.opposite(of: side) ?? facts.market.mark ?? signal.averagePrice
        let worst = policy.worstBasisPoints ?? 0
        guard policy.copies(side: side, leaderEntry: join.leaderEntry, market: market) else {
            throw Refusal(
                .price, .priceMoved, "the market at \(market) is more than \(worst) bps worse than the leader's entry \(join.leaderEntry)")
        }
    }

    private func life(_ sizing: EntrySizing, _ subscription: Subscription, base: Lifecycle?) -> Lifecycle {
        if var life = base {
            life.k = sizing.k
            return life
        }
        return Lifecycle(
            id: signal.id, k: sizing.k, status: .copied, direction: side, orderNotional: subscription.sizing.orderNotional)
    }
}

extension SizingMode {
    /// Of the sizes that do not follow the leader's.
    var orderNotional: Notional? { if case .fixedNotional(let notional, perOrder: true) = self { notional } else { nil } }
}
