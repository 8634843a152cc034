import CopyTrading

/// What keeps an entry from being sent, and the market in which it was found.
struct PriceObstacle: Sendable, Equatable {
    let outcome: Outcome
    let detail: String
    let market: MarketQuote
}

/// Entries that the price alone keeps back: each waits at the head of its lane and is decided again when its book changes.
///
/// | the head is `awaitingPrice`, and | then |
/// |---|---|
/// | the best bid or ask is another | it is idle: decided again |
/// | it has expired | it ends with what kept it back |
/// | an exit of its sleeve is behind it | it ends as superseded (R-08) |
/// | another sleeve's exit is behind it | it ends with what kept it back: exits wait for no price (R-80) |
extension WorkStage {
    struct PriceWait: Hashable {
        let partition: Int
        let lane: LaneKey
    }

    /// Lets the entry at the head of the lane wait, when its only obstacle is the price in a market that is known.
    /// - Returns: whether that was so; it may have ended for an exit behind it.
    func awaitPrice(_ lane: LaneKey, _ outcome: Outcome, _ detail: String, in market: MarketQuote?, _ partition: Int) -> Bool {
        guard outcome == .priceMoved || outcome == .spread, let market else { return false }
        partitions[partition]?.lanes[lane]?.head = .awaitingPrice(PriceObstacle(outcome: outcome, detail: detail, market: market))
        logger.debug("entry.awaits_price", metadata: ["account": "\(lane.account)", "coin": "\(lane.coin)", "reason": "\(detail)"])
        priceWaits.insert(PriceWait(partition: partition, lane: lane))
        yieldToExit(lane, partition)
        return true
    }

    /// Ends the entry that waits at the head of the lane, when an exit is behind it: exits wait for no entry's price or account. Leverage is
    /// set while nothing is held, so that no exit is kept from anything. Under lag a CLOSE ends all entries of its sleeve that wait before
    /// it.
    func yieldToExit(_ lane: LaneKey, _ partition: Int) {
        supersedeOverdue(lane, partition)
        guard let queue = partitions[partition]?.lanes[lane], let entry = queue.jobs.first, let (outcome, reason) = queue.head.entryWait
        else { return }
        let exits = queue.jobs.dropFirst().map(\.job).filter { job in
            // While its account is being read, what has nothing to give up loses nothing by the wait.
            !job.action.isEntry && (queue.head != .reading || partitions[partition]?.sleeves[HoldingKey(job.subscription, job.coin)] != nil)
        }
        if let exit = exits.first(where: { $0.subscription == entry.job.subscription }) {
            finish(lane, .superseded, "\(reason); a \(exit.action.rawValue) followed", partition)
        } else if let exit = exits.first {
            finish(lane, outcome, "\(reason); a \(exit.action.rawValue) of \(exit.subscription) does not wait for it", partition)
        }
    }

    /// Ends the entries of a sleeve that wait before a CLOSE of it, when the oldest has waited too long: what they would buy it would sell
    /// again. Those that may be at the exchange, or have their leverage set, are left.
    /// - Returns: whether the head of the lane was one of them.
    @discardableResult
    func supersedeOverdue(_ lane: LaneKey, _ partition: Int) -> Bool {
        guard configuration.coalesceAfter > .zero, let queue = partitions[partition]?.lanes[lane], queue.jobs.count > 1 else { return false }
        var closes: [SubscriptionID: Int] = [:]
        for (index, item) in queue.jobs.enumerated() where item.job.action == .close { closes[item.job.subscription] = index }
        guard !closes.isEmpty else { return false }
        let mayEndHead = queue.head.isBeforeSending
        let waiting = queue.jobs.enumerated().filter { index, item in
            guard item.job.action.isEntry, let close = closes[item.job.subscription], index < close else { return false }
            return item.cloid == nil && (index > 0 || mayEndHead) && !isSuspect(item, partition) && !isJournalled(item.job.id, partition)
        }.map(\.element)
        let overdue = Dictionary(grouping: waiting, by: \.job.subscription).values.filter { items in
            items.map(\.plannedAt).min().map { WallClock.microseconds - $0 > configuration.coalesceAfter.microseconds } ?? false
        }.joined()
        guard !overdue.isEmpty else { return false }
        let (ids, reason) = (Set(overdue.map(\.job.id)), "a close followed before it was sent")
        let head = queue.jobs[0].job.id
        for item in overdue where item.job.id != head {
            emit(item.result(.superseded, reason, position: nil), entry: item.entry, settled: [], sleeve: nil, partition)
        }
        partitions[partition]?.lanes[lane]?.jobs.removeAll { $0.job.id != head && ids.contains($0.job.id) }
        guard ids.contains(head) else { return false }
        finish(lane, .superseded, reason, partition)
        return true
    }

    /// Whether the exit at the head of the lane has waited too long with another of its sleeve behind it: they are carried out as one, so
    /// that a close waits for no reduction that it makes needless. One that may be at the exchange is left.
    func isTakenAlong(_ job: LaneJob, _ lane: LaneKey, _ partition: Int) -> Bool {
        guard configuration.coalesceAfter > .zero, !job.job.action.isEntry, job.job.origin == nil, job.cloid == nil, job.attempt == 1,
            .now - job.arrivedAt > configuration.coalesceAfter,
            let next = partitions[partition]?.lanes[lane]?.jobs.dropFirst().first(where: { $0.job.subscription == job.job.subscription })
        else { return false }
        return !next.job.action.isEntry && (next.job.origin == nil || next.job.action == .close) && !isJournalled(next.job.id, partition)
            && !isSuspect(next, partition)
    }

    /// What all copies of the job's signal may take together; `nil` where that is not limited, or the book is not known.
    func fanoutCap(_ job: ExecutionJob) -> FanoutCap? {
        guard configuration.fanoutDepthShare > 0, job.action.isEntry, job.place != nil, let depth = quotes?.depth(job.coin) else { return nil }
        return FanoutCap(depth: depth, percent: configuration.fanoutDepthShare)
    }

    /// Looks at what waits for a price.
    func reviewPriceWaits() {
        guard !priceWaits.isEmpty else { return }
        let now = WallClock.milliseconds + configuration.entryMargin.milliseconds
        for wait in priceWaits {
            guard let queue = partitions[wait.partition]?.lanes[wait.lane], case .awaitingPrice(let obstacle) = queue.head,
                let job = queue.jobs.first?.job
            else {
                priceWaits.remove(wait)
                continue
            }
            if let expiry = job.expiresAt, now > expiry {
                finish(wait.lane, obstacle.outcome, "\(obstacle.detail), until it expired", wait.partition)
            } else if let market = quotes?.quote(wait.lane.coin), market.quote != obstacle.market.quote {
                partitions[wait.partition]?.lanes[wait.lane]?.head = .idle
                attend(AccountKey(partition: wait.partition, account: wait.lane.account))
            } else {
                continue
            }
            priceWaits.remove(wait)
            dispatching.signal()
        }
    }
}

extension Lane.HeadState {
    /// How an entry ends that waits so and has to make way, and why it waits; `nil` for states that an exit waits out.
    fileprivate var entryWait: (outcome: Outcome, reason: String)? {
        switch self {
        case .idle, .underWay, .unsettled, .asking, .quoting, .leverage, .triggers: nil
        case .awaitingPrice(let obstacle): (obstacle.outcome, obstacle.detail)
        case .reading: (.superseded, "its account was being read")
        case .entries: (.superseded, "its sleeve's limit orders were being withdrawn")
        }
    }

    /// Nothing of the head is at the exchange, or on its way there.
    fileprivate var isBeforeSending: Bool { self == .idle || entryWait != nil }
}
