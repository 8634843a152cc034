import CopyTrading
import Failpoints
import Hyperliquid
import RedisStreams

/// Sending an action, and what each answer means for its orders.
///
/// | answer                         | meaning                 | then                                                     |
/// |--------------------------------|-------------------------|----------------------------------------------------------|
/// | filled                         | traded                  | done; an exit short of its size tries again, priced further |
/// | error, no match                | certainly not traded    | an entry ends; an exit tries again on a fresh quote      |
/// | error, other                   | certainly not traded    | ends with the exchange's text                            |
/// | refused: nonce, budget, expired| certainly not executed  | again with a new nonce, or later                         |
/// | 429, not sent                  | certainly not executed  | again later                                              |
/// | time-out, reset, 5xx, unreadable | unknown               | settled with the exchange, never guessed                 |
extension WorkStage {
    /// Attempts of one exit; the price steps of the exit ladder.
    static let exitAttempts = ExitLadder.basisPoints.count
    /// Refusals of one job after which it ends.
    static let maximumRefusals = 8
    /// While the exchange takes orders from nobody.
    private static let closedPause = Duration.seconds(5)

    func perform(_ launch: Launch) async {
        let signed: SignedAction
        do {
            signed = try launch.signer.sign(
                .order(launch.action.orders), nonce: launch.action.nonce, vaultAddress: launch.vaultAddress,
                expiresAfter: launch.action.expiresAfter, network: network)
        } catch {
            return await answered(launch, .failure(.malformed("the action cannot be signed: \(error)")), sentAt: 0)
        }
        let sentAt = WallClock.microseconds
        guard let deadline = leases.deadline(launch.partition, of: launch.epoch), deadline > .now else {
            return await answered(launch, .failure(.notSent("the lease has run out")), sentAt: 0)
        }
        do {
            try Failpoint.reached(.workBeforeSend, throwing: ExchangeError.notSent("failpoint"))
            let answer = try await transport.submit(signed, priority: launch.priority, notAfter: deadline)
            try Failpoint.reached(.workAfterReply, throwing: ExchangeError.unknown("failpoint"))
            await answered(launch, .success(answer), sentAt: sentAt)
        } catch {
            await answered(launch, .failure(error), sentAt: sentAt)
        }
    }

    private func answered(_ launch: Launch, _ answer: Result<ExchangeAnswer, ExchangeError>, sentAt: Int64) async {
        inFlight -= 1
        defer { dispatching.signal() }
        // the partition went to another process, which settles from the journal
        guard partitions[launch.partition]?.generation == launch.generation else { return }
        let key = AccountKey(partition: launch.partition, account: launch.account)
        partitions[launch.partition]?.accounts[launch.account]?.actionsUnderWay -= 1
        attend(key)
        let now = WallClock.microseconds
        for record in launch.records {
            updateHead(lane(record), launch.partition) { job in
                job.sentAt = sentAt
                job.acknowledgedAt = now
            }
        }
        switch answer {
        case .success(let answer): await take(answer, launch, key)
        case .failure(.notSent(let reason)):
            logger.warning("order.not_sent", metadata: ["account": "\(launch.account)", "reason": "\(reason)"])
            again(launch, key, after: backoff(key))
        case .failure(.rateLimited):
            await penalise(launch, "egress:")
            again(launch, key, after: .seconds(1))
        case .failure(.malformed(let text)):
            for record in launch.records { refusedForGood(record, text, launch.partition) }
        case .failure(.unknown(let reason)):
            // One answer is missing, however many orders it was for.
            if let first = launch.records.first { record(.unknown, of: first, launch.partition) }
            logger.warning("order.unknown", metadata: ["account": "\(launch.account)", "nonce": "\(launch.action.nonce)", "reason": "\(reason)"])
            for record in launch.records {
                partitions[launch.partition]?.lanes[lane(record)]?.head = .unsettled
                partitions[launch.partition]?.unsettled[record.job] = record
            }
            settleJournal(launch.partition)
        }
    }

    private func take(_ answer: ExchangeAnswer, _ launch: Launch, _ key: AccountKey) async {
        partitions[key.partition]?.accounts[key.account]?.failures = 0
        if case .refused(let text) = answer { return await refused(text, launch, key) }
        guard let statuses = answer.orderStatuses(sent: launch.records.count) else {
            logger.error("order.answer.unfit", metadata: ["account": "\(launch.account)", "answer": "\(answer)"])
            for record in launch.records {
                partitions[launch.partition]?.lanes[lane(record)]?.head = .unsettled
                partitions[launch.partition]?.unsettled[record.job] = record
            }
            return settleJournal(launch.partition)
        }
        for (record, status) in zip(launch.records, statuses) {
            let delay = (WallClock.microseconds - (partitions[launch.partition]?.lanes[lane(record)]?.jobs.first?.sentAt ?? 0)) / 1_000
            self.record(status.isRefusal ? .rejected : .accepted(acknowledgedAfter: delay), of: record, launch.partition)
            switch status {
            case .filled(let size, let price, _):
                var fills = OrderFills()
                fills.add(size: size, price: price, fee: .zero)
                updateHead(lane(record), launch.partition) { $0.knowsFee = false }
                traded(record, fills, launch.partition)
            case .error(let text): rejected(record, ErrorText.classify(text), text, launch.partition)
            case .resting, .waiting:
                // An immediate-or-cancel order cannot rest. What it did is asked, not assumed.
                logger.error("order.resting", metadata: ["cloid": "\(record.cloid)"])
                partitions[launch.partition]?.lanes[lane(record)]?.head = .unsettled
                partitions[launch.partition]?.unsettled[record.job] = record
            }
        }
        settleJournal(launch.partition)
    }

    /// The whole action was refused: nothing of it was executed.
    private func refused(_ text: String, _ launch: Launch, _ key: AccountKey) async {
        logger.warning("action.refused", metadata: ["account": "\(launch.account)", "text": "\(text)"])
        switch ErrorText.classify(text) {
        case .nonce:
            // where the exchange has seen later ones than we know of: a worker's clock was ahead once, and Redis was lost since
            let floor = NonceRefusal.floor(in: text) ?? 0
            raiseNonce(of: launch.signer.address, to: floor, launch.partition)
            again(launch, key, after: launch.action.nonce < floor ? .zero : backoff(key))
        case .budget:
            // the account's own: from now on it is served once in ten seconds
            partitions[key.partition]?.accounts[key.account]?.budget.exhausted()
            readBudget(key)
            await penalise(launch, "account:")
            again(launch, key, after: .seconds(10))
        case .closed: again(launch, key, after: Self.closedPause)
        case .expired:
            for record in launch.records {
                if launch.action.expiresAfter != nil, isEntry(record, launch.partition) {
                    finish(lane(record), .stale, text, launch.partition)
                } else {
                    tryAgain(record, text, launch.partition)
                }
            }
        case .fatalForAccount:
            let detail = launch.records.first.map { fatal(text, $0.account, $0.subscriber, agent: launch.signer.address) }
            for record in launch.records { end(record, .agent, detail, launch.partition) }
        case .terminal, .refresh, .requote, .unclassified:
            for record in launch.records { refusedForGood(record, text, launch.partition) }
        }
    }

    // MARK: - One order

    func traded(_ record: AttemptRecord, _ fills: OrderFills, _ partition: Int) {
        let key = lane(record)
        guard let job = partitions[partition]?.lanes[key]?.jobs.first, job.job.id == record.job else { return }
        let holding = HoldingKey(record.subscription, record.coin)
        let before = partitions[partition]?.sleeves[holding] ?? .empty
        let after = before.settling(record.intent, job: job.job, filled: fills.filled, averagePrice: fills.averagePrice)
        partitions[partition]?.sleeves[holding] = after
        updateHead(key, partition) { $0.fills.add(fills) }
        partitions[partition]?.accounts[key.account]?.budget.traded(fills.value)
        guard let head = partitions[partition]?.lanes[key]?.jobs.first else { return }
        let asked = head.asked ?? record.intent.size
        let short = !job.job.action.isEntry && fills.filled < record.intent.size + record.intent.remainder
        if short, head.attempt < Self.exitAttempts { return quoteAndRetry(record, partition) }
        finish(key, Outcome.settled(asked: asked, filled: head.fills.filled, isSnapClose: head.isSnapClose), nil, partition)
    }

    func rejected(_ record: AttemptRecord, _ meaning: ErrorClass, _ text: String, _ partition: Int) {
        let key = lane(record)
        guard let job = partitions[partition]?.lanes[key]?.jobs.first, job.job.id == record.job else { return }
        let isEntry = job.job.action.isEntry
        switch meaning {
        case .requote:
            if !isEntry, job.attempt < Self.exitAttempts { return quoteAndRetry(record, partition) }
            end(record, .noLiquidity, text, partition)
        case .refresh("reduceOnlyRejected"):
            partitions[partition]?.lanes[key]?.head = .quoting
            errandSink.yield(.reconcile(partition: partition, generation: partitions[partition]!.generation, key, reason: text))
        case .refresh("perpMarginRejected") where isEntry: finish(key, .margin, text, partition)
        case .terminal("minTradeNtlRejected") where !isEntry: end(record, .strandedDust, text, partition)
        case .terminal("delisted"): end(record, .delisted, text, partition)
        case .fatalForAccount:
            // about the order, not about who signed it
            end(record, .agent, fatal(text, record.account, record.subscriber, agent: nil), partition)
        case .expired where isEntry: finish(key, .stale, text, partition)
        case .closed where !isEntry:
            // refused to everybody, for minutes after an upgrade: waited out, as when the action as a whole is
            decideAgain(key, partition, after: Self.closedPause)
        case .refresh, .expired, .nonce, .budget, .closed: refusedForGood(record, text, partition)
        case .terminal, .unclassified: end(record, .rejected, text, partition)
        }
    }

    /// Ends a job whose last order did nothing. What the leader's exit was to give up stays owed: the next one of the sleeve includes it. An exit
    /// of our own is asked for anew while it is wanted.
    private func end(_ record: AttemptRecord, _ outcome: Outcome, _ detail: String?, _ partition: Int) {
        let key = lane(record)
        guard let job = partitions[partition]?.lanes[key]?.jobs.first?.job, job.id == record.job else { return }
        if !job.action.isEntry, job.origin == nil {
            let holding = HoldingKey(record.subscription, record.coin)
            let sleeve = partitions[partition]?.sleeves[holding] ?? .empty
            partitions[partition]?.sleeves[holding] = sleeve.settling(record.intent, job: job, filled: .zero, averagePrice: nil)
        }
        finish(key, outcome, detail, partition)
    }

    /// An entry ends. An exit is sent a few times more: what refuses it may stand before the exchange, and be gone in a moment.
    private func refusedForGood(_ record: AttemptRecord, _ text: String, _ partition: Int) {
        if isEntry(record, partition) { end(record, .rejected, text, partition) } else { tryAgain(record, text, partition) }
    }

    /// The same job again, with a new order: certain that the last one did nothing.
    private func tryAgain(_ record: AttemptRecord, _ text: String, _ partition: Int) {
        let key = lane(record)
        updateHead(key, partition) { $0.refusals += 1 }
        guard let job = partitions[partition]?.lanes[key]?.jobs.first else { return }
        guard job.refusals <= Self.maximumRefusals else { return end(record, .rejected, text, partition) }
        decideAgain(key, partition, after: .milliseconds(250))
    }

    private func decideAgain(_ key: LaneKey, _ partition: Int, after pause: Duration) {
        partitions[partition]?.lanes[key]?.head = .idle
        hold(AccountKey(partition: partition, account: key.account), until: .now + pause)
    }

    /// The next attempt of an exit is priced off the book as it is then.
    private func quoteAndRetry(_ record: AttemptRecord, _ partition: Int) {
        let key = lane(record)
        updateHead(key, partition) { $0.attempt += 1 }
        partitions[partition]?.lanes[key]?.head = .quoting
        errandSink.yield(.quote(partition: partition, generation: partitions[partition]!.generation, key, reference: record.intent.limit))
    }

    func quote(_ partition: Int, _ generation: Int, _ key: LaneKey, _ reference: Price) async {
        var quote: Quote?
        do {
            let book = try await client.book(key.coin)
            quote = Quote(bestBid: book.bids.first?.price, bestAsk: book.asks.first?.price)
        } catch {
            logger.warning("book.unread", metadata: ["coin": "\(key.coin)", "error": "\(error)"])
        }
        guard head(of: key, in: .quoting, partition, generation) != nil else { return }
        updateHead(key, partition) { $0.quote = quote ?? $0.quote }
        partitions[partition]?.lanes[key]?.head = .idle
        attend(AccountKey(partition: partition, account: key.account))
        dispatching.signal()
    }

    /// The exchange says that there is nothing to reduce: what it holds, less what the account's other sleeves account for, is the truth
    /// (a liquidation, or the subscriber's own order).
    func reconcile(_ partition: Int, _ generation: Int, _ key: LaneKey, _ reason: String) async {
        // What the sleeve's own triggers closed has its result first.
        if partitions[partition]?.generation == generation, let job = partitions[partition]?.lanes[key]?.jobs.first {
            let account = AccountKey(partition: partition, account: key.account)
            await takeTriggerFills(of: HoldingKey(job.job.subscription, key.coin), account, generation)
        }
        let state = try? await client.accountState(key.account.text, dex: key.coin.dex)
        guard let job = head(of: key, in: .quoting, partition, generation) else { return }
        defer { dispatching.signal() }
        guard let state else {
            // not knowing is no proof: the exit stays and is tried again
            return decideAgain(key, partition, after: .seconds(1))
        }
        let holding = HoldingKey(job.job.subscription, key.coin)
        let sleeve = partitions[partition]?.sleeves[holding] ?? .empty
        let real = state.positions[key.coin] ?? .zero
        let others = otherSleeves(key, of: job.job.subscription, partition).values.reduce(Size.zero) { $0 + $1.position }
        let corrected = sleeve.corrected(net: real, others: others)
        let finding = "the exchange holds \(real), \(sleeve.position) and \(others) of other subscriptions were believed"
        logger.warning(
            "position.corrected",
            metadata: ["account": "\(key.account)", "coin": "\(key.coin)", "subscription": "\(job.job.subscription)", "kept": "\(corrected.position)", "reason": "\(finding)"])
        partitions[partition]?.sleeves[holding] = corrected
        updateHead(key, partition) { $0.refusals += 1 }
        if corrected.position.isZero || job.refusals >= Self.maximumRefusals {
            let outcome: Outcome = corrected.position.isZero ? .noPosition : .rejected
            finish(key, outcome, "\(reason); \(finding)", partition)
        } else {
            partitions[partition]?.lanes[key]?.head = .idle
            attend(AccountKey(partition: partition, account: key.account))
        }
    }

    // MARK: - The action as a whole

    /// Nothing was executed; the same orders may go out under a new nonce.
    /// The signer's next nonce is above `floor`.
    func raiseNonce(of signer: String, to floor: Int64, _ partition: Int) {
        // computed first: an assignment through `?.` holds the dictionary while its right side is evaluated
        let known = max(floor, partitions[partition]?.nonces[signer] ?? 0)
        partitions[partition]?.nonces[signer] = known
    }

    private func again(_ launch: Launch, _ key: AccountKey, after wait: Duration) {
        for record in launch.records {
            let lane = lane(record)
            updateHead(lane, launch.partition) { $0.refusals += 1 }
            guard let job = partitions[launch.partition]?.lanes[lane]?.jobs.first else { continue }
            // entries end by their expiry; exits are tried as long as it takes
            if job.job.action.isEntry, job.refusals > Self.maximumRefusals {
                finish(lane, .budget, "the exchange did not take the order in \(job.refusals) tries", launch.partition)
            } else {
                partitions[launch.partition]?.lanes[lane]?.head = .idle
            }
        }
        if wait > .zero { hold(key, until: .now + wait) }
    }

    private func backoff(_ key: AccountKey) -> Duration {
        partitions[key.partition]?.accounts[key.account]?.failures += 1
        let failures = partitions[key.partition]?.accounts[key.account]?.failures ?? 1
        return min(.milliseconds(100) * (1 << min(failures, 5)), .seconds(2)) * Double.random(in: 0.5...1)
    }

    /// - Parameter kind: of the bucket that the exchange says is empty, as its name begins.
    private func penalise(_ launch: Launch, _ kind: String) async {
        guard let bucket = launch.charges.first(where: { $0.name.hasPrefix(kind) }) else { return }
        do { try await journal.penalise(bucket, for: .seconds(1)) } catch {
            logger.warning("bucket.unpenalised", metadata: ["bucket": "\(bucket.name)", "error": "\(error)"])
        }
    }

    func isEntry(_ record: AttemptRecord, _ partition: Int) -> Bool {
        partitions[partition]?.lanes[lane(record)]?.jobs.first?.job.action.isEntry ?? false
    }

    func lane(_ record: AttemptRecord) -> LaneKey { LaneKey(account: record.account, coin: record.coin) }
}
