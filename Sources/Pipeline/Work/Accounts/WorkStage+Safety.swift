import CopyTrading
import Hyperliquid
import RedisStreams
import Safety

/// What keeps an entry from being sent, whatever it was planned under: asked right before, of the newest that is known. Exits are not asked.
extension WorkStage {
    /// Why the entry at the head of a lane is refused; `nil` lets it through.
    /// - Parameter settings: of its account.
    func refusal(of job: LaneJob, _ settings: AccountSettings?, _ partition: Int) -> (outcome: Outcome, detail: String)? {
        let entry = job.job
        if let latches {
            let (level, latch) = latches.level(
                influencer: entry.influencer, subscriber: entry.subscriber, subscription: entry.subscription, coin: entry.coin)
            if !level.allowsEntries {
                return (.halted, latch?.text ?? "the kill switch cannot be read")
            }
        }
        if let refusal = configurationRefusal(of: entry) ?? agentRefusal(of: entry, partition) { return refusal }
        let book = partitions[partition]?.books[entry.account]
        if let frozen = book?.record.frozen[entry.coin] { return (.manual, frozen.reason) }
        if settings?.losses.isEmpty == false {
            if let refusal = book?.record.losses?.refusal { return refusal }
            if book?.record.losses == nil, job.accountUnread { return (.equityUnknown, "what the account lost is not known: it could not be read") }
        }
        if unaudited > configuration.maximumAuditLag {
            return (.halted, "\(unaudited) entries wait for the audit trail, \(configuration.maximumAuditLag) may")
        }
        let budget = partitions[partition]?.accounts[entry.account]?.budget ?? AccountBudget()
        if !budget.allows(entry.action.use) {
            return (.budget, "the account has \(budget.remaining ?? 0) actions left at the exchange, kept for exits")
        }
        return nil
    }

    /// Why an entry is not wanted any more, or never was, by the configuration as it is now; `nil` when it is.
    func configurationRefusal(of entry: ExecutionJob) -> (outcome: Outcome, detail: String)? {
        let snapshot = config.current()
        guard let subscription = snapshot.subscriptions[entry.subscription] else { return (.paused, "the subscription was removed") }
        let states = snapshot.states(influencer: entry.influencer, subscriber: entry.subscriber, coin: entry.coin)
        if let refusal = states.refusal(subscription: subscription.state) { return refusal }
        // what no leader's trade led to has passed no filter
        guard entry.origin != nil else { return nil }
        if !subscription.limits.allows(entry.coin) { return (.filterCoin, "\(entry.coin) is not among the coins that may be opened") }
        guard subscription.filters.allows(entry.side) else {
            return (.filterSide, "copies \(subscription.filters.direction.rawValue) positions only")
        }
        return nil
    }

    /// Whether something of the account has to be read before this entry is decided.
    func needsReading(_ job: LaneJob, _ settings: AccountSettings?, _ partition: Int) -> Bool {
        if awaitsAgent(job.job, partition) { return true }
        guard let settings, settings.needsReading, !job.accountUnread else { return false }
        return partitions[partition]?.books[job.job.account]?.hasFreshReading(at: .now) != true
    }

    func accountView(_ job: ExecutionJob, _ settings: AccountSettings?, _ partition: Int) -> AccountView {
        guard job.action.isEntry, let limits = settings?.limits, limits.needAccountFacts else { return AccountView() }
        return AccountView(limits: limits, facts: partitions[partition]?.books[job.account]?.facts(coin: job.coin, for: job.id))
    }

    /// Counts an entry that is about to be sent against the room of those after it.
    func reserve(_ job: ExecutionJob, _ intent: OrderIntent, _ settings: AccountSettings?, _ partition: Int) {
        guard settings?.needsReading == true else { return }
        let isReserved = partitions[partition]?.books[job.account, default: AccountBook()].reservations.reserve(
            job, size: intent.size, limit: intent.limit)
        if isReserved == false {
            logger.error("account.reservations.full", metadata: ["account": "\(job.account)"])
        }
    }

    // MARK: - Circuit breakers

    /// Why a circuit breaker keeps the entry at the head of a lane back; `nil` lets it go.
    func breakerRefusal(_ lane: LaneKey, _ partition: Int) -> String? {
        guard let job = partitions[partition]?.lanes[lane]?.jobs.first else { return nil }
        var trials = job.trials
        let refusal = breakers.refusal(of: job.job, at: WallClock.milliseconds, trials: &trials)
        updateHead(lane, partition) { $0.trials = trials }
        return refusal
    }

    /// A market in which spread, or mark and oracle, are far apart is none to enter.
    func watch(_ market: MarketQuote, of coin: Coin) {
        report(breakers.see(market, of: coin, at: WallClock.milliseconds))
    }

    func record(_ event: CircuitBreaker.Event, of record: AttemptRecord, _ partition: Int) {
        guard let job = partitions[partition]?.lanes[lane(record)]?.jobs.first, job.job.id == record.job else { return }
        report(breakers.record(event, of: job.job, trials: job.trials, at: WallClock.milliseconds))
        updateHead(lane(record), partition) { $0.trials = [] }
    }

    func report(_ opened: [(subject: BreakerBoard.Subject, reason: String)]) {
        for (subject, reason) in opened { logger.critical("breaker.open", metadata: ["of": "\(subject)", "reason": "\(reason)"]) }
    }

    // MARK: - Closing everything

    /// By which latch or loss a sleeve was asked to be closed, and in which state.
    struct Flattening: Equatable {
        let latch: String
        let sleeve: Sleeve
    }

    /// Closes what the kill switch (level 4) or a loss limit says is to be closed: each sleeve once for each latch, whoever does it, and
    /// again when that has ended and something is left. Limit orders that a gate refuses by now are cancelled.
    func watchLatches() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: configuration.accounts.latchEvery)  // ends early only when cancelled
            for key in accountsWithOtherGates() { protect(key) }
            let isLatched = latches?.all.contains { $0.level.flattens } ?? false
            for (partition, state) in partitions where !state.draining {
                guard isLatched || state.books.values.contains(where: { $0.record.losses?.closesEverything == true }) else { continue }
                await flatten(partition, state)
            }
        }
    }

    private func flatten(_ partition: Int, _ state: PartitionState) async {
        let snapshot = config.current()
        var entries: [AccountKey: AccountLog.Entry] = [:]
        for (holding, sleeve) in state.sleeves where !sleeve.position.isZero {
            guard let subscription = snapshot.subscriptions[holding.subscription] else { continue }
            let key = AccountKey(partition: partition, account: subscription.account)
            guard let (latch, reason) = flattening(subscription, holding.coin, state.books[subscription.account]) else { continue }
            if let asked = state.flattened[holding], asked.latch == latch {
                let lane = LaneKey(account: subscription.account, coin: holding.coin)
                guard asked.sleeve != sleeve, state.lanes[lane] == nil else { continue }
            }
            let price = state.books[subscription.account]?.reading?.positions[holding.coin]?.price ?? sleeve.averageEntry
            guard let price, mayExit(holding, sleeve, key) else { continue }
            let id = JobID.flatten(latch: latch, subscription: holding.subscription, coin: holding.coin, sleeve: sleeve)
            let job = ownJob(.flatten, id, holding, sleeve, subscription, price: price, detail: reason)
            entries[key, default: AccountLog.Entry()].emissions.append((id.text, Emission(job: job, partition: stage.inputs[partition].index)))
            partitions[partition]?.flattened[holding] = Flattening(latch: latch, sleeve: sleeve)
        }
        for (key, entry) in entries {
            if await write(entry, key, generation: state.generation) { continue }
            // Asked for again at the next look.
            partitions[partition]?.flattened = [:]
        }
    }

    /// By which latch or loss the sleeve is to be closed, and why.
    func flattening(_ subscription: Subscription, _ coin: Coin, _ book: AccountBook?) -> (latch: String, reason: String)? {
        if let latch = latches?.level(
            influencer: subscription.influencer, subscriber: subscription.subscriber, subscription: subscription.id, coin: coin).latch,
            latch.level.flattens
        {
            return ("latch \(latch.scope.text) \(latch.at)", "the kill switch of \(latch.scope.text) closes everything: \(latch.reason)")
        }
        if let losses = book?.record.losses, losses.closesEverything {
            return ("losses \(losses.day)", "the day's loss reached the limit that closes everything")
        }
        return nil
    }
}

extension OrderStatusAnswer {
    /// Refused for another reason than that the market was elsewhere, or the position too small or gone: ordinary ends of an order.
    var isRefusal: Bool {
        guard case .error(let text) = self else { return false }
        switch ErrorText.classify(text) {
        case .requote, .terminal("minTradeNtlRejected"), .refresh("reduceOnlyRejected"): return false
        default: return true
        }
    }
}
