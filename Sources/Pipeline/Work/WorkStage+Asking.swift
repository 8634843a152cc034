import CopyTrading
import Hyperliquid
import RedisStreams

/// Jobs that may have been carried out before Redis was started anew or rebuilt (``BeforeRestart``). The attempt journal may have lost what was
/// sent; its id is a function of job and attempt, so the exchange is asked for it before the first order of such a job. One that it knows is
/// settled as an attempt of a predecessor; else the job goes on as any other. Exits are asked for too: an exit sent twice may open the
/// other side.
///
/// What was composed is planned once more in its parts, and its order is that of the last, also when that comes to nothing by itself: a
/// refused entry is asked for before it ends. Orders of a lane go out one after the other, so the order of a later job tells
/// that those before it had ended: they are not sent any more.
extension WorkStage {
    /// So many attempts that did nothing may lie between those that the exchange is asked for. What traded is found behind any number of them.
    private static let attemptsAhead = 1
    /// Attempts of a job that are looked for among its account's fills: more than one makes before people take an exit in hand.
    private static let attemptsEver = 500
    /// Attempts of another job that are looked for, to tell what became of this one. One that lost more before it traded tells nothing.
    private static let attemptsOfOthers = 20
    /// Orders are looked for from so long before Redis was started anew: an outage, and what the trail had not written when it began.
    private static let lookback = Duration.seconds(3_600)
    private static let endedBefore = "an order behind it was sent before Redis was started anew, and none of its own"

    private struct NotYet: Error, CustomStringConvertible { let description: String }

    /// What the exchange knows of a job: the attempts that landed, together.
    private struct Finding {
        /// The last one.
        let attempt: Int
        let order: OrderRecord
        /// Filled by those before it.
        let before: OrderFills
        /// Filled by all.
        let fills: OrderFills
        /// Coins that they asked for, less what was asked for again.
        var size: Size { before.filled + (order.order.originalSize ?? max(order.order.size, fills.filled - before.filled)) }
    }

    /// Whether the exchange must be asked before the job's next attempt: for its own orders, or for others that changed its sleeve.
    func mustAsk(_ job: LaneJob, _ key: AccountKey) -> Bool {
        isSuspect(job, key.partition) || mayHaveLost(HoldingKey(job.job.subscription, job.job.coin), key)
    }

    /// Whether the job's own orders may have been sent before Redis was started anew.
    func isSuspect(_ job: LaneJob, _ partition: Int) -> Bool {
        guard !job.isCleared, let moment = partitions[partition]?.suspectedAt else { return false }
        return BeforeRestart.covers(job.job.leaderFillTime, mayJoin: job.job.action == .open, since: moment)
    }

    func beginAsking(_ lane: LaneKey, _ partition: Int) {
        guard let state = partitions[partition] else { return }
        partitions[partition]?.lanes[lane]?.head = .asking
        errandSink.yield(.ask(partition: partition, generation: state.generation, lane))
    }

    func ask(_ partition: Int, _ generation: Int, _ lane: LaneKey) async {
        // one that was written just before must have arrived, or never will
        if let state = partitions[partition], state.generation == generation {
            try? await Task.sleep(until: state.suspectedSince + configuration.suspectWait)  // ends early only when cancelled
        }
        var pause = Duration.milliseconds(100)
        let key = AccountKey(partition: partition, account: lane.account)
        while let job = asked(partition, generation, lane), !Task.isCancelled {
            let holding = HoldingKey(job.job.subscription, lane.coin)
            do {
                let version = partitions[partition]?.sleeves[holding]?.version
                if !isSuspect(job, partition), try await agrees(lane, partition) {
                    guard asked(partition, generation, lane)?.job.id == job.job.id else { continue }
                    partitions[partition]?.searched[holding] = version
                    return conclude(nil, hadEnded: false, of: job, lane, partition)
                }
                try await readTraded(lane.account, from: job.job.leaderFillTime, partition, generation)
                let lost = try await lostJob(holding, key)
                guard asked(partition, generation, lane)?.job.id == job.job.id else { continue }
                if let lost, lost.id != job.job.id {
                    if putFirst(lost.id, lane, key) { return }
                    await record(lost: [lost], key, generation)
                    throw NotYet(description: "\(lost.id), which was lost, comes before it")
                }
                if lost == nil { partitions[partition]?.searched[holding] = version }
                guard isSuspect(job, partition) || lost != nil else {
                    return conclude(nil, hadEnded: false, of: job, lane, partition)
                }
                let finding = try await find(job, partition)
                var hadEnded = false
                if finding == nil, job.job.refusal == nil { hadEnded = try await self.hadEnded(job, lane, partition) }
                guard asked(partition, generation, lane)?.job.id == job.job.id else { continue }
                return conclude(finding, hadEnded: hadEnded, of: job, lane, partition)
            } catch {
                // not knowing is no answer: it is asked again until there is one
                logger.warning("job.unasked", metadata: ["job": "\(job.job.id)", "account": "\(lane.account)", "error": "\(error)"])
                try? await Task.sleep(for: pause)  // ends early only when cancelled
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// The head of the lane while it is asked for.
    private func asked(_ partition: Int, _ generation: Int, _ lane: LaneKey) -> LaneJob? { head(of: lane, in: .asking, partition, generation) }

    private func find(_ job: LaneJob, _ partition: Int) async throws -> Finding? {
        var finding: Finding?
        var attempt = job.attempt
        let last = lastTraded(job, partition)
        // what was refused has an order only in a composition that ended with it, and is not sent: one that did not trade changes nothing
        if job.job.refusal != nil, last == 0 { return nil }
        // an exit may have taken several, an entry ends with the one that landed
        while attempt <= max(last, (finding?.attempt ?? job.attempt - 1) + 1 + Self.attemptsAhead), finding == nil || !job.job.action.isEntry {
            let cloid = ClientOrderID(job: job.job.id, attempt: attempt)
            if case .known(let order) = try await client.orderStatus(job.job.account.text, cloid: cloid.text) {
                guard order.isTerminal else { throw NotYet(description: "the order \(cloid) is still \(order.status)") }
                let fills = try await fills(of: cloid, account: job.job.account, from: order.order.placedAt)
                if fills.filled.isZero, order.status == "filled" { throw NotYet(description: "the fills of \(cloid) are not told yet") }
                let before = finding?.fills ?? OrderFills()
                var all = before
                all.add(fills)
                finding = Finding(attempt: attempt, order: order, before: before, fills: all)
            }
            attempt += 1
        }
        return finding
    }

    /// The job's last attempt that traded, 0 for none: attempts before it may never have reached the exchange, however many they were.
    private func lastTraded(_ job: LaneJob, _ partition: Int) -> Int {
        guard let orders = partitions[partition]?.tradedBefore[job.job.account]?.orders, !orders.isEmpty else { return 0 }
        return (job.attempt...Self.attemptsEver).last { orders.contains(ClientOrderID(job: job.job.id, attempt: $0)) } ?? 0
    }

    /// Reads which orders of an account traded before Redis was started anew, unless that is known.
    /// - Parameter time: exchange time, milliseconds, from which they are wanted at least.
    func readTraded(_ account: AccountID, from time: Int64, _ partition: Int, _ generation: Int) async throws {
        guard let state = partitions[partition], state.generation == generation else { return }
        let from = min(time - Self.fillMargin, state.suspectedAt - Self.lookback.milliseconds)
        if let known = state.tradedBefore[account], known.from <= from { return }
        let orders = Set(try await client.fills(account.text, from: from).compactMap { $0.cloid.map { ClientOrderID($0) } })
        guard partitions[partition]?.generation == generation else { return }
        state.tradedBefore[account] = (from, orders)
    }

    // MARK: - Jobs without an order

    /// Whether a job of which the exchange knows no order had ended without one.
    private func hadEnded(_ job: LaneJob, _ lane: LaneKey, _ partition: Int) async throws -> Bool {
        if try await isPartOfFirstLeg(job, lane, partition) { return true }
        if tradedBehind(job, lane, partition) == nil { await letOthersCome(job, lane, partition) }
        guard let (later, cloid) = tradedBehind(job, lane, partition) else { return false }
        // an order on the other side took the entry back; the reduction alone asks for its share of that too, and the entry makes up for it
        guard job.job.action.isEntry, later.action == .reduce else { return true }
        guard case .known(let order) = try await client.orderStatus(lane.account.text, cloid: cloid.text) else { return false }
        return order.order.side == job.job.side
    }

    /// Whether the order of the first leg of its request did what this one is to do: a turn that is composed with what opened the position before
    /// it has one leg, which opens the other side.
    private func isPartOfFirstLeg(_ job: LaneJob, _ lane: LaneKey, _ partition: Int) async throws -> Bool {
        guard job.job.action.isEntry, job.job.origin == nil, let orders = partitions[partition]?.tradedBefore[lane.account]?.orders else { return false }
        let first = JobID(request: job.job.request, leg: 0)
        guard first != job.job.id,
            let cloid = Self.firstOrder(of: first, among: orders),
            case .known(let found) = try await client.orderStatus(lane.account.text, cloid: cloid.text)
        else { return false }
        return found.order.side == job.job.side && !found.order.reduceOnly
    }

    /// The first job behind this one in its lane whose order traded before Redis was started anew, with that order. Of the same sleeve, as
    /// requests of different ones are planned in another order when none is composed. A close is composed with nothing but a close.
    private func tradedBehind(_ job: LaneJob, _ lane: LaneKey, _ partition: Int) -> (job: ExecutionJob, cloid: ClientOrderID)? {
        guard job.job.origin == nil, let state = partitions[partition], let queue = state.lanes[lane],
            state.tradedBefore[lane.account]?.orders.isEmpty == false
        else { return nil }
        for (index, later) in queue.jobs.enumerated().dropFirst()
        where later.job.subscription == job.job.subscription && later.job.origin == nil {
            guard job.job.action != .close || later.job.action == .close, isSuspect(later, partition) else { continue }
            if let cloid = orderBefore(index, lane, partition) { return (later.job, cloid) }
        }
        return nil
    }

    /// The order of a job's first attempt that is among them.
    static func firstOrder(of job: JobID, among orders: Set<ClientOrderID>) -> ClientOrderID? {
        (1...attemptsOfOthers).lazy.map { ClientOrderID(job: job, attempt: $0) }.first(where: orders.contains)
    }

    /// Looked for once: every job before it asks.
    private func orderBefore(_ index: Int, _ lane: LaneKey, _ partition: Int) -> ClientOrderID? {
        guard let before = partitions[partition]?.tradedBefore[lane.account], let later = partitions[partition]?.lanes[lane]?.jobs[index] else { return nil }
        if let known = later.orderBefore, known.from == before.from { return known.found }
        let found = Self.firstOrder(of: later.job.id, among: before.orders)
        partitions[partition]?.lanes[lane]?.jobs[index].orderBefore = (before.from, found)
        return found
    }

    /// Requests that are planned once more come one by one: for some time after this one was, the job of a later one may be on its way here.
    private func letOthersCome(_ job: LaneJob, _ lane: LaneKey, _ partition: Int) async {
        guard job.job.origin == nil, let state = partitions[partition], job.plannedAt > state.suspectedAt * 1_000,
            state.tradedBefore[lane.account]?.orders.isEmpty == false
        else { return }
        // they wait together, whatever the planner's clock said
        try? await Task.sleep(until: job.arrivedAt + Self.deliveryWait, clock: .continuous)  // ends early only when cancelled
    }

    /// What an exit was to give up stays owed: the next one of the sleeve includes it, as it did when they were composed.
    func endUnsent(_ job: LaneJob, _ lane: LaneKey, _ partition: Int, _ reason: String) {
        guard !job.job.action.isEntry else { return finish(lane, .superseded, reason, partition) }
        let holding = HoldingKey(job.job.subscription, lane.coin)
        let sleeve = partitions[partition]?.sleeves[holding] ?? .empty
        switch decision(job, sleeve, lane, partition, attempt: job.attempt) {
        case .skip(let outcome, let detail, let changed):
            partitions[partition]?.sleeves[holding] = changed
            finish(lane, outcome, detail, partition)
        case .send(let intent):
            partitions[partition]?.sleeves[holding] = sleeve.settling(intent, job: job.job, filled: .zero, averagePrice: nil)
            finish(lane, .coalesced, reason, partition)
        }
    }

    // MARK: - What was found

    /// - Parameter hadEnded: of a job of which nothing was found.
    private func conclude(_ finding: Finding?, hadEnded: Bool, of job: LaneJob, _ lane: LaneKey, _ partition: Int) {
        attend(AccountKey(partition: partition, account: lane.account))
        dispatching.signal()
        guard let finding else {
            guard !hadEnded else {
                logger.notice("job.had_ended", metadata: ["job": "\(job.job.id)", "account": "\(lane.account)", "coin": "\(lane.coin)"])
                return endUnsent(job, lane, partition, Self.endedBefore)
            }
            updateHead(lane, partition) { $0.isCleared = true }
            partitions[partition]?.lanes[lane]?.head = .idle
            return
        }
        let record = record(of: finding, job, lane, partition)
        logger.notice("attempt.found", metadata: ["cloid": "\(record.cloid)", "status": "\(finding.order.status)", "filled": "\(finding.fills.filled)"])
        partitions[partition]?.recentOrders.insert(record.cloid)
        let settlement: Settlement = finding.fills.filled.isZero ? .rejected(status: finding.order.status) : .traded(finding.fills)
        apply(settlement, of: record, partition)
    }

    /// The journal's record as it must have been.
    private func record(of finding: Finding, _ job: LaneJob, _ lane: LaneKey, _ partition: Int) -> AttemptRecord {
        let sleeve = partitions[partition]?.sleeves[HoldingKey(job.job.subscription, lane.coin)] ?? .empty
        return AttemptRecord(
            job: job.job.id, entry: job.entry, cloid: ClientOrderID(job: job.job.id, attempt: finding.attempt), attempt: finding.attempt,
            account: lane.account, subscriber: job.job.subscriber, subscription: job.job.subscription, coin: lane.coin, nonce: 0,
            expiresAfter: nil, payloadHash: "", epoch: AttemptRecord.unknownEpoch, preparedAt: finding.order.order.placedAt * 1_000,
            intent: intent(of: finding, job, sleeve, lane, partition), sleeve: sleeve, filledBefore: job.fills.filled,
            averageBefore: job.fills.averagePrice)
    }

    /// What was asked for is in the order; what that left to be done is decided again, on the sleeve as it was.
    private func intent(of finding: Finding, _ job: LaneJob, _ sleeve: Sleeve, _ lane: LaneKey, _ partition: Int) -> OrderIntent {
        let order = finding.order.order
        var intent = OrderIntent(side: order.side, size: finding.size, limit: order.limitPrice, reduceOnly: order.reduceOnly)
        guard case .send(let decided) = decision(job, sleeve, lane, partition, attempt: finding.attempt) else {
            intent.owed = job.job.action.isEntry ? .zero : intent.size
            return intent
        }
        intent.isSnapClose = decided.isSnapClose
        intent.owed = decided.owed
        // what is held may be less or more by now than those orders were made for
        intent.remainder = job.job.action.isEntry ? decided.remainder : max(decided.size + decided.remainder - intent.size, .zero)
        intent.residue = decided.residue
        intent.correctsK = decided.correctsK
        intent.clips = decided.clips
        intent.detail = decided.detail
        return intent
    }

    /// As it is decided on that sleeve, at the leader's time and price.
    private func decision(_ job: LaneJob, _ sleeve: Sleeve, _ lane: LaneKey, _ partition: Int, attempt: Int) -> Preparation {
        Preparation.decide(
            job: job.job, sleeve: sleeve, otherSleevesOnCoin: otherSleeves(lane, of: job.job.subscription, partition),
            instrument: knownInstruments[lane.coin], quote: Quote(reference: job.job.referencePrice), now: job.job.leaderFillTime,
            attempt: attempt)
    }
}
