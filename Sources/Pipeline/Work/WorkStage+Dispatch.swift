import ConfigStore
import CopyTrading
import Cryptography
import Failpoints
import Health
import Hyperliquid
import Redis
import RedisStreams

/// From waiting jobs to booked actions: decide, batch by account, take tokens and journal in one call, send.
extension WorkStage {
    /// One part in so many of the tokens that entries and exits share is for exits alone.
    /// So are the actions under way.
    private static let exitShare = 5
    /// Until a coin that the exchange is being asked for is looked up again.
    private static let listingWait = Duration.milliseconds(50)

    private static let takenAlong = "waited until an exit behind it took it along"

    private struct Candidate {
        let lane: LaneKey
        let job: LaneJob
        let intent: OrderIntent
        let instrument: Instrument
        let sleeve: Sleeve
    }

    private struct Draft {
        let account: AccountKey
        let generation: Int
        let launch: Launch
        let booking: AttemptBooking
    }

    func dispatchLoop() async {
        let heart = Heart.start("dispatch")
        await Heart.$current.withValue(heart) {
            var rings = dispatching.rings()
            while !Task.isCancelled {
                while !attention.isEmpty, inFlight < configuration.maximumInFlight, !Task.isCancelled {
                    heart.beat()
                    if await dispatch() == 0 { break }
                }
                heart.rest()
                _ = await rings.next()
            }
        }
    }

    /// Brings accounts back when their moment has come.
    func watchWaiting() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))  // ends early only when cancelled
            reviewPriceWaits()
            let now = ContinuousClock.now
            let due = waiting.filter { $0.value <= now }.keys
            guard !due.isEmpty else { continue }
            for key in due {
                waiting[key] = nil
                attend(key)
            }
            dispatching.signal()
        }
    }

    /// What is traded must be on record within a bounded time. Not knowing how far the trail is behind counts as before.
    func watchAuditLag() async {
        while !Task.isCancelled {
            do {
                let lag = try await auditLag.read()
                if lag > configuration.maximumAuditLag, unaudited <= configuration.maximumAuditLag {
                    logger.critical("audit.lag", metadata: ["entries": "\(lag)", "limit": "\(configuration.maximumAuditLag)"])
                }
                unaudited = lag
            } catch { logger.warning("audit.lag.unread", metadata: ["error": "\(error)"]) }
            try? await Task.sleep(for: .seconds(1))  // ends early only when cancelled
        }
    }

    /// One round; returns how many actions were tried.
    private func dispatch() async -> Int {
        var drafts: [Draft] = []
        // what comes to be looked at meanwhile is for the next round
        var looks = attention.count
        while looks > 0, inFlight < configuration.maximumInFlight, let key = attention.next(urgentOnly: inFlight >= entriesInFlight) {
            looks -= 1
            // its exit may have ended since
            guard inFlight < entriesInFlight || hasExit(key) else { attend(key); continue }
            if let draft = await draft(key) { drafts.append(draft) }
        }
        guard !drafts.isEmpty else { return 0 }
        let byPartition = Dictionary(grouping: drafts, by: \.account.partition).sorted { $0.key < $1.key }
        do {
            try Failpoint.reached(.workBeforeJournal, throwing: RedisError.unavailable("failpoint"))
            let answers = try await journal.begin(
                byPartition.map { ($0.key, partitions[$0.key]?.epoch ?? "", $0.value.map(\.booking)) })
            try Failpoint.reached(.workAfterJournal, throwing: RedisError.unknownOutcome("failpoint"))
            for ((_, drafts), answers) in zip(byPartition, answers) {
                for (index, draft) in drafts.enumerated() { booked(draft, answers?[index]) }
            }
        } catch {
            // Nothing was written to the exchange. The journal may hold the attempts; their records are replaced by the next ones.
            logger.error("attempt.unbooked", metadata: ["error": "\(error)", "actions": "\(drafts.count)"])
            for draft in drafts { postpone(draft, for: .milliseconds(200)) }
        }
        return drafts.count
    }

    /// What waits in the transport stands in the order of asking: entries that fill all of it would have an exit wait for their answers.
    private var entriesInFlight: Int {
        let places = min(configuration.maximumInFlight, configuration.transportWidth)
        return max(1, places - places / Self.exitShare)
    }

    /// Something may be there to send.
    func attend(_ key: AccountKey) { attention.insert(key, isUrgent: hasExit(key)) }

    private func hasExit(_ key: AccountKey) -> Bool {
        guard let state = partitions[key.partition], let account = state.accounts[key.account] else { return false }
        return account.coins.contains { coin in
            state.lanes[LaneKey(account: key.account, coin: coin)]?.jobs.first.map { !$0.job.action.isEntry } ?? false
        }
    }

    /// The next action of an account, if it may send one.
    private func draft(_ key: AccountKey) async -> Draft? {
        guard let state = partitions[key.partition], !state.draining, let account = state.accounts[key.account] else { return nil }
        guard account.actionsUnderWay < configuration.actionsPerAccount else { return nil }
        guard !state.unsettled.values.contains(where: { $0.account == key.account }) else { return nil }
        // What was found settled is applied before anything new is decided.
        if WallClock.milliseconds - state.begunAt < Self.deliveryWait.milliseconds,
            state.settled.values.contains(where: { $0.record.account == key.account })
        {
            waiting[key] = .now + .milliseconds(50)
            return nil
        }
        if let notBefore = account.notBefore, notBefore > .now { waiting[key] = notBefore; return nil }
        guard leases.isHeld(key.partition, at: .now) else { waiting[key] = .now + .milliseconds(100); return nil }
        var candidates = await candidates(key, generation: state.generation, account)
        // entries expire and exits do not: never in one action, and exits go first
        guard let first = candidates.first(where: { !$0.job.job.action.isEntry }) ?? candidates.first else { return nil }
        let isEntry = first.job.job.action.isEntry
        candidates = Array(candidates.filter { $0.job.job.action.isEntry == isEntry }.prefix(max(1, account.batchLimit)))
        let snapshot = await config.current()
        guard let subscriber = snapshot.subscribers[first.job.job.subscriber] else {
            return fail(candidates, .paused, "subscriber \(first.job.job.subscriber) is no longer configured", key)
        }
        if subscriber.isAgentRevoked { return fail(candidates, .agent, Self.revoked(subscriber), key) }
        let signer: Signer
        if let known = await signers.known(subscriber.agentAddress) { signer = known } else {
            if let fault = keyFaults.removeValue(forKey: subscriber.id) {
                return fail(candidates, .agent, "the agent key cannot be used: \(fault)", key)
            }
            // whoever waits for Postgres, the dispatcher does not
            hold(key, until: .now + Self.keyWait)
            openKey(of: subscriber)
            return nil
        }
        // given up meanwhile: the successor has these jobs
        guard let current = partitions[key.partition], current.generation == state.generation, !current.draining else { return nil }
        candidates = candidates.filter { isWaiting($0, key.partition) }
        guard !candidates.isEmpty else { return nil }
        return compose(candidates, key, state, signer, vaultAddress: subscriber.vaultAddress)
    }

    /// Decides the heads of the account's idle lanes; those that end without an order are finished on the way.
    private func candidates(_ key: AccountKey, generation: Int, _ account: AccountState) async -> [Candidate] {
        var found: [Candidate] = []
        let settings = settings(of: key)
        for coin in account.coins {
            let lane = LaneKey(account: key.account, coin: coin)
            let listing = await instruments.listing(coin)
            guard partitions[key.partition]?.generation == generation else { return [] }
            if case .unread = listing {
                // whoever waits for the exchange, the dispatcher does not
                waiting[key] = .now + Self.listingWait
                continue
            }
            let instrument: Instrument? = if case .listed(let found) = listing { found } else { nil }
            knownInstruments[coin] = instrument
            while found.count < configuration.ordersPerAction, let state = partitions[key.partition],
                let queue = state.lanes[lane], queue.head == .idle, let job = queue.jobs.first
            {
                if mustAsk(job, key) {
                    beginAsking(lane, key.partition)
                    break
                }
                if let refusal = job.job.refusal {
                    finish(lane, refusal.outcome, refusal.detail, key.partition)
                    continue
                }
                if job.job.action.isEntry {
                    // what was young when its close came may have waited long behind others since
                    if supersedeOverdue(lane, key.partition) { continue }
                    if needsReading(job, settings, key.partition) {
                        partitions[key.partition]?.lanes[lane]?.head = .reading
                        wantReading(key)
                        yieldToExit(lane, key.partition)
                        break
                    }
                    if let (outcome, detail) = refusal(of: job, settings, key.partition) {
                        finish(lane, outcome, detail, key.partition)
                        continue
                    }
                    if mustWithdrawEntries(job, lane, key.partition) {
                        beginWithdrawingEntries(lane, key.partition)
                        break
                    }
                } else if isTakenAlong(job, lane, key.partition) {
                    endUnsent(job, lane, key.partition, Self.takenAlong)
                    continue
                } else if mustWithdrawTriggers(job, lane, key.partition) {
                    beginWithdrawing(lane, key.partition)
                    break
                }
                let holding = HoldingKey(job.job.subscription, coin)
                // Limit orders that would add are cancelled beside an exit, which does not wait for it.
                if !job.job.action.isEntry, !entries(of: holding, key).isEmpty { protect(key) }
                let sleeve = state.sleeves[holding] ?? .empty
                let others = otherSleeves(lane, of: job.job.subscription, key.partition)
                let market = quotes?.quote(coin)
                if job.job.action.isEntry, let market { watch(market, of: coin) }
                switch Preparation.decide(
                    job: job.job, sleeve: sleeve, otherSleevesOnCoin: others, instrument: instrument,
                    quote: job.quote ?? market?.quote ?? Quote(reference: job.job.referencePrice),
                    account: accountView(job.job, settings, key.partition), fanout: fanoutCap(job.job),
                    now: WallClock.milliseconds + configuration.entryMargin.milliseconds, attempt: job.attempt)
                {
                case .skip(let outcome, let detail, let changed):
                    if awaitPrice(lane, outcome, detail, in: market, key.partition) { continue }
                    partitions[key.partition]?.sleeves[holding] = changed
                    finish(lane, outcome, detail, key.partition)
                    continue
                case .send(let intent):
                    guard let instrument else { finish(lane, .unsupported, "the exchange does not list \(coin)", key.partition); continue }
                    if job.job.action.isEntry {
                        if let state = leverageStep(job.job, instrument, key.partition) {
                            beginLeverage(lane, state, instrument, key.partition)
                            break
                        }
                        if let refusal = breakerRefusal(lane, key.partition) {
                            finish(lane, .breaker, refusal, key.partition)
                            continue
                        }
                        reserve(job.job, intent, settings, key.partition)
                    }
                    found.append(Candidate(lane: lane, job: job, intent: intent, instrument: instrument, sleeve: sleeve))
                }
                break
            }
        }
        return found
    }

    /// Of the account's other subscriptions in the coin.
    func otherSleeves(_ lane: LaneKey, of subscription: SubscriptionID, _ partition: Int) -> [SubscriptionID: Sleeve] {
        guard let state = partitions[partition] else { return [:] }
        var others: [SubscriptionID: Sleeve] = [:]
        for other in state.holders[lane] ?? [] where other != subscription { others[other] = state.sleeves[HoldingKey(other, lane.coin)] }
        return others
    }

    private func compose(_ candidates: [Candidate], _ key: AccountKey, _ state: PartitionState, _ signer: Signer, vaultAddress: String?)
        -> Draft?
    {
        let now = WallClock.microseconds
        let nonce = max(now / 1_000, (state.nonces[signer.address] ?? 0) + 1)
        partitions[key.partition]?.nonces[signer.address] = nonce
        let expiry = candidates.compactMap(\.job.job.expiresAt).min().map { $0 + configuration.expiryMargin.milliseconds }
        let orders = candidates.map { candidate in
            OrderRequest(
                asset: candidate.instrument.asset, isBuy: candidate.intent.side == .buy, price: candidate.intent.limit,
                size: candidate.intent.size, reduceOnly: candidate.intent.reduceOnly, timeInForce: .ioc,
                cloid: ClientOrderID(job: candidate.job.job.id, attempt: candidate.job.attempt).text)
        }
        let hash: String
        do {
            hash = Hexadecimal.text(
                try ActionHash.connectionID(
                    action: WorkerAction.order(orders).json, nonce: UInt64(nonce), vaultAddress: vaultAddress,
                    expiresAfter: expiry.map { UInt64($0) }))
        } catch {
            return fail(candidates, .rejected, "the order cannot be encoded: \(error)", key)
        }
        let records = candidates.map { candidate in
            AttemptRecord(
                job: candidate.job.job.id, entry: candidate.job.entry,
                cloid: ClientOrderID(job: candidate.job.job.id, attempt: candidate.job.attempt), attempt: candidate.job.attempt,
                account: key.account, subscriber: candidate.job.job.subscriber, subscription: candidate.job.job.subscription,
                coin: candidate.lane.coin, nonce: nonce, signer: signer.address, expiresAfter: expiry, payloadHash: hash, epoch: state.epoch, preparedAt: now,
                intent: candidate.intent, sleeve: candidate.sleeve, filledBefore: candidate.job.fills.filled,
                averageBefore: candidate.job.fills.averagePrice)
        }
        for candidate in candidates {
            partitions[key.partition]?.lanes[candidate.lane]?.head = .underWay
            updateHead(candidate.lane, key.partition) { job in
                job.preparedAt = now
                job.limit = candidate.intent.limit
                job.reduceOnly = candidate.intent.reduceOnly
                if job.asked == nil {
                    job.asked = candidate.intent.size + candidate.intent.remainder
                    job.clips += candidate.intent.clips
                    job.isSnapClose = candidate.intent.isSnapClose
                    if let detail = candidate.intent.detail { job.details.append(detail) }
                }
            }
        }
        partitions[key.partition]?.accounts[key.account]?.actionsUnderWay += 1
        inFlight += 1
        let job = candidates[0].job.job
        let charges = charges(subscriber: job.subscriber, account: key.account, orders: orders.count, isEntry: job.action.isEntry)
        return Draft(
            account: key, generation: state.generation,
            launch: Launch(
                partition: key.partition, generation: state.generation, epoch: state.epoch, account: key.account, signer: signer,
                vaultAddress: vaultAddress,
                action: OrderBatch(orders: orders, nonce: nonce, expiresAfter: expiry), priority: job.action.isEntry ? .entry : .exit,
                records: records, charges: charges),
            booking: AttemptBooking(
                signer: signer.address, nonce: nonce, charges: charges, records: records.map { ($0.job.text, $0.json.bytes()) }))
    }

    /// The exchange counts an action for its address as 1 + orders/40, for the account as its orders. Entries leave a part of what is shared
    /// to exits.
    private func charges(subscriber: SubscriberID, account: AccountID, orders: Int, isEntry: Bool) -> [Charge] {
        let own = Charge(
            name: "subscriber:\(subscriber)", key: keys.tokens("subscriber", subscriber.text),
            rate: configuration.rates.subscriber(subscriber.text), tokens: orders)
        return [own] + charges(account: account, actions: orders, isEntry: isEntry)
    }

    /// Of actions that are no order of the subscriber's.
    func charges(account: AccountID, actions: Int, isEntry: Bool) -> [Charge] {
        let rates = configuration.rates
        func spare(_ rate: TokenRate) -> Int { isEntry ? rate.burst / Self.exitShare : 0 }
        let accountRate = rates.account(account.text)
        return [
            Charge(name: "account:\(account)", key: keys.tokens("account", account.text), rate: accountRate, tokens: actions, spare: spare(accountRate)),
            Charge(
                name: "egress:\(rates.egress.id)", key: keys.tokens("egress", rates.egress.id), rate: rates.egress.rate, tokens: 1 + actions / 40,
                spare: spare(rates.egress.rate)),
        ]
    }

    private func booked(_ draft: Draft, _ answer: BookingAnswer?) {
        let key = draft.account
        guard let answer else {
            // fenced: the runner drops the partition when it sees the same
            return abandon(draft)
        }
        switch answer {
        case .go:
            partitions[key.partition]?.accounts[key.account]?.budget.spend(draft.launch.records.count)
            readBudget(key)
            for record in draft.launch.records {
                updateHead(LaneKey(account: record.account, coin: record.coin), key.partition) { $0.sent(record) }
                partitions[key.partition]?.recentOrders.insert(record.cloid)
            }
            let limit = partitions[key.partition]?.accounts[key.account]?.batchLimit ?? 1
            partitions[key.partition]?.accounts[key.account]?.batchLimit = min(configuration.ordersPerAction, limit * 2)
            errandSink.yield(.launch(draft.launch))
            attend(key)
        case .wait(let microseconds, let name):
            limited(draft, microseconds, name)
        case .never(let name):
            if draft.launch.records.count > 1 {
                partitions[key.partition]?.accounts[key.account]?.batchLimit = draft.launch.records.count / 2
                postpone(draft, for: .zero)
            } else {
                abandon(draft)
                for record in draft.launch.records {
                    finish(LaneKey(account: record.account, coin: record.coin), .budget, "one order costs more than \(name) ever holds", key.partition)
                }
            }
        case .nonceTooLow(let highest):
            raiseNonce(of: draft.launch.signer.address, to: highest, key.partition)
            postpone(draft, for: .zero)
        }
    }

    /// Not enough tokens: a smaller action now, or wait. An entry that would be stale by then ends at once (worse than none).
    private func limited(_ draft: Draft, _ microseconds: Int64, _ name: String) {
        let key = draft.account
        if draft.launch.records.count > 1 {
            partitions[key.partition]?.accounts[key.account]?.batchLimit = draft.launch.records.count / 2
            return postpone(draft, for: .zero)
        }
        abandon(draft)
        let wait = Duration.microseconds(microseconds)
        for record in draft.launch.records {
            let lane = LaneKey(account: record.account, coin: record.coin)
            var refusal: String?
            updateHead(lane, key.partition) { refusal = $0.limited(by: name, for: wait, at: .now, atMost: configuration.maximumWait) }
            if let refusal {
                // what is next may expire later, or be an exit: it gets its own answer
                finish(lane, .budget, refusal, key.partition)
            } else {
                hold(key, until: .now + wait)
                partitions[key.partition]?.accounts[key.account]?.isHeldForEntry = isEntry(record, key.partition)
            }
        }
    }

    func hold(_ key: AccountKey, until moment: ContinuousClock.Instant) {
        partitions[key.partition]?.accounts[key.account]?.notBefore = moment
        partitions[key.partition]?.accounts[key.account]?.isHeldForEntry = false
        waiting[key] = moment
    }

    private func postpone(_ draft: Draft, for wait: Duration) {
        abandon(draft)
        if wait > .zero { hold(draft.account, until: .now + wait) } else { attend(draft.account) }
    }

    /// The action was not sent: its lanes are free again.
    private func abandon(_ draft: Draft) {
        inFlight -= 1
        guard partitions[draft.account.partition]?.generation == draft.generation else { return }
        partitions[draft.account.partition]?.accounts[draft.account.account]?.actionsUnderWay -= 1
        for record in draft.launch.records {
            partitions[draft.account.partition]?.lanes[LaneKey(account: record.account, coin: record.coin)]?.head = .idle
        }
    }

    private func fail(_ candidates: [Candidate], _ outcome: Outcome, _ detail: String, _ key: AccountKey) -> Draft? {
        for candidate in candidates where isWaiting(candidate, key.partition) { finish(candidate.lane, outcome, detail, key.partition) }
        return nil
    }

    /// A close that came in the meantime may have ended an entry.
    private func isWaiting(_ candidate: Candidate, _ partition: Int) -> Bool {
        guard let queue = partitions[partition]?.lanes[candidate.lane] else { return false }
        return queue.head == .idle && queue.jobs.first?.job.id == candidate.job.job.id
    }

    /// The job at the head of a lane while it still waits in `state`, under the lease that it began to wait under.
    func head(of lane: LaneKey, in state: Lane.HeadState, _ partition: Int, _ generation: Int) -> LaneJob? {
        guard let current = partitions[partition], current.generation == generation, let queue = current.lanes[lane], queue.head == state
        else { return nil }
        return queue.jobs.first
    }

    func updateHead(_ lane: LaneKey, _ partition: Int, _ change: (inout LaneJob) -> Void) {
        guard partitions[partition]?.lanes[lane]?.jobs.isEmpty == false else { return }
        change(&partitions[partition]!.lanes[lane]!.jobs[0])
    }
}
