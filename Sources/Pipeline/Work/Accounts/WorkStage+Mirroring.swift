import CopyTrading
import Hyperliquid
import JSON
import RedisStreams

/// Leaders' stop-losses and take-profits, kept as triggers of the sleeves that mirror them (`mirror_orders`), beside their own protection.
/// Their limit orders: WorkStage+Entries.
///
/// When one fires the leader's fires too, and its fill comes as a signal that reduces the sleeve once more. So a part of a position is
/// only given up after the mirrored triggers for a part were withdrawn and what they traded is known; a close needs no such care.
extension WorkStage {
    /// Looks for the fills of a trigger that was gone when it was to be cancelled: the exchange tells them a moment after they happen.
    static let fillLooks = 3
    static let fillPause = Duration.milliseconds(250)
    /// Fills are read from so long before the last reading that agreed: the exchange's clock is not ours. Milliseconds.
    static let fillOverlap: Int64 = 5_000

    /// What mirrored orders are a function of, beside the sleeve.
    struct MirroredLeader: Sendable, Equatable {
        var orders: LeaderOrders
        /// Of the coins in which it has orders, as far as they are known and the list is newer.
        var positions: [Coin: Size]

        static func == (a: Self, b: Self) -> Bool { a.orders.orders == b.orders.orders && a.positions == b.positions }
    }

    /// Looks at the leaders whose orders are mirrored, and brings those accounts up to date that have others.
    func watchLeaderOrders() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: configuration.accounts.mirrorEvery)  // ends early only when cancelled
            for (influencer, accounts) in mirroringAccounts() {
                let leader = await mirroredLeader(influencer)
                for key in accounts {
                    // Of a leader that is not known triggers stay, and limit orders do not.
                    let isOther = leader.map { partitions[key.partition]?.books[key.account]?.mirroredOn[influencer] != $0 } ?? hasEntries(key)
                    if isOther { protect(key) }
                }
            }
            for key in accountsNoLongerMirroring() { protect(key) }
        }
    }

    /// Those that hold something and have nothing on its way: the others are brought up to date after it. Not with an account's last actions
    /// . Those with limit orders always: the leader may have cancelled.
    private func mirroringAccounts() -> [InfluencerID: Set<AccountKey>] {
        let snapshot = config.current()
        var found: [InfluencerID: Set<AccountKey>] = [:]
        for (partition, state) in partitions where !state.draining {
            let busy = Set(state.lanes.keys.map(\.account))
            for (holding, sleeve) in state.sleeves where !sleeve.position.isZero {
                guard let subscription = snapshot.subscriptions[holding.subscription], subscription.mirrorsTriggers else { continue }
                let key = AccountKey(partition: partition, account: subscription.account)
                let mayPlace = !busy.contains(key.account) && state.accounts[key.account]?.budget.allows(.increase) != false
                guard mayPlace || hasEntries(key) else { continue }
                found[subscription.influencer, default: []].insert(key)
            }
        }
        return found
    }

    /// Those that have triggers of a leader whose orders they are not to mirror any more.
    private func accountsNoLongerMirroring() -> [AccountKey] {
        let snapshot = config.current()
        return partitions.flatMap { partition, state in
            state.draining ? [] : state.books.compactMap { account, book in
                let isLeft = book.record.orders.values.contains {
                    $0.leaderOrder != nil && snapshot.subscriptions[$0.subscription]?.mirrorsTriggers != true
                }
                return isLeft && !book.isProtecting ? AccountKey(partition: partition, account: account) : nil
            }
        }
    }

    /// The leaders that the account's sleeves mirror; those that are not known are not there.
    func mirroredLeaders(_ key: AccountKey) async -> [InfluencerID: MirroredLeader] {
        let snapshot = config.current()
        var influencers: Set<InfluencerID> = []
        for (lane, holders) in partitions[key.partition]?.holders ?? [:] where lane.account == key.account {
            influencers.formUnion(holders.compactMap { snapshot.subscriptions[$0] }.filter(\.mirrorsTriggers).map(\.influencer))
        }
        var leaders: [InfluencerID: MirroredLeader] = [:]
        for influencer in influencers { leaders[influencer] = await mirroredLeader(influencer) }
        return leaders
    }

    /// `nil` when what it has resting is not known, or not recently.
    private func mirroredLeader(_ influencer: InfluencerID) async -> MirroredLeader? {
        do {
            guard let list = try await accountLog.orders(of: influencer.text, partitioning),
                let stored = try await accountLog.cursor(of: influencer.text, partitioning)
            else { return nil }
            let orders = try LeaderOrders(json: JSON.parse(list))
            guard orders.isKnown(at: WallClock.milliseconds) else { return nil }
            let cursor = try LeaderCursor(json: JSON.parse(stored))
            var positions: [Coin: Size] = [:]
            for order in orders.orders {
                guard let position = cursor.leaderPosition(in: order.coin), orders.isNewer(than: position.changedAt) else { continue }
                positions[order.coin] = position.size
            }
            return MirroredLeader(orders: orders, positions: positions)
        } catch {
            logger.warning("leader.unread", metadata: ["influencer": "\(influencer)", "error": "\(error)"])
            return nil
        }
    }

    /// The triggers that mirror the leader's for one sleeve. Where the leader's are not known, or some are being withdrawn, those that are
    /// placed stay.
    func mirroredTriggers(
        _ subscription: Subscription, _ lane: LaneKey, _ sleeve: Sleeve, _ instrument: Instrument, leader: MirroredLeader?, _ key: AccountKey
    ) -> [ClientOrderID: AccountRecord.PlacedOrder] {
        // In a shared coin one could close what belongs to another sleeve.
        guard subscription.mirrorsTriggers, !sleeve.position.isZero, !sleeve.isManual || subscription.closesManual,
            otherSleeves(lane, of: subscription.id, key.partition).values.allSatisfy(\.position.isZero)
        else { return [:] }
        let holding = HoldingKey(subscription.id, lane.coin)
        let isWithdrawing = partitions[key.partition]?.lanes[lane]?.withdrawsTriggers == true
        guard let leader, !isWithdrawing else { return placed(for: holding, sleeve, key) }
        guard leader.orders.orders.contains(where: { $0.kind.isTrigger && $0.coin == lane.coin }) else { return [:] }
        guard let position = leader.positions[lane.coin] else { return placed(for: holding, sleeve, key) }
        var wanted: [ClientOrderID: AccountRecord.PlacedOrder] = [:]
        for mirrored in leader.orders.mirrored(in: lane.coin, leader: position, sleeve: sleeve, instrument: instrument) {
            let id = ClientOrderID.mirrored(mirrored, subscription: subscription.id, coin: lane.coin, sleeve: sleeve)
            wanted[id] = AccountRecord.PlacedOrder(
                subscription: subscription.id, coin: lane.coin, order: mirrored.order, leaderOrder: mirrored.oid)
        }
        return wanted
    }

    /// The mirrored triggers that the sleeve has and that close it.
    private func placed(for holding: HoldingKey, _ sleeve: Sleeve, _ key: AccountKey) -> [ClientOrderID: AccountRecord.PlacedOrder] {
        let present = partitions[key.partition]?.books[key.account]?.record.orders ?? [:]
        return present.filter {
            $0.value.isMirroredTrigger(of: holding) && $0.value.order.side.sign == Int64(-sleeve.position.sign)
        }
    }

    // MARK: - Before a part is given up

    /// Whether mirrored triggers may have done a part of what this exit is to do.
    func mustWithdrawTriggers(_ job: LaneJob, _ lane: LaneKey, _ partition: Int) -> Bool {
        guard job.job.action == .reduce, job.job.origin == nil, !job.hasWithdrawn else { return false }
        let key = AccountKey(partition: partition, account: lane.account)
        return !partialTriggers(HoldingKey(job.job.subscription, lane.coin), key).isEmpty
    }

    /// The mirrored triggers that close a part of the sleeve.
    private func partialTriggers(_ holding: HoldingKey, _ key: AccountKey) -> [ClientOrderID: AccountRecord.PlacedOrder] {
        guard let state = partitions[key.partition], let held = state.sleeves[holding]?.position.magnitude else { return [:] }
        let present = state.books[key.account]?.record.orders ?? [:]
        return present.filter { $0.value.isMirroredTrigger(of: holding) && $0.value.order.size < held }
    }

    func beginWithdrawing(_ lane: LaneKey, _ partition: Int) {
        guard let generation = partitions[partition]?.generation else { return }
        partitions[partition]?.lanes[lane]?.head = .triggers
        errandSink.yield(.withdrawTriggers(partition: partition, generation: generation, lane))
    }

    /// Cancels the sleeve's mirrored triggers for a part of it, and takes what they traded. The exit goes on whatever comes of it: a cancel and
    /// ``fillLooks`` looks are all that it waits for.
    func withdrawTriggers(_ partition: Int, _ generation: Int, _ lane: LaneKey) async {
        guard let state = partitions[partition], state.generation == generation, let job = state.lanes[lane]?.jobs.first else { return }
        let key = AccountKey(partition: partition, account: lane.account)
        let holding = HoldingKey(job.job.subscription, lane.coin)
        let gone = await cancel(partialTriggers(holding, key), key, generation)
        var isKnown = await takeTriggerFills(of: holding, key, generation)
        for _ in 1..<Self.fillLooks {
            guard let gone, gone.contains(where: { partitions[partition]?.recentOrders.contains($0.text) == false }) else { break }
            try? await Task.sleep(for: Self.fillPause)  // ends early only when cancelled
            isKnown = await takeTriggerFills(of: holding, key, generation)
        }
        guard head(of: lane, in: .triggers, partition, generation) != nil else { return }
        if gone == nil || !isKnown || partitions[partition]?.books[lane.account]?.isProtecting == true {
            // What rests nevertheless is found by the sweep.
            partitions[partition]?.books[lane.account]?.sweepsAt = .now
        }
        if !isKnown { updateHead(lane, partition) { $0.details.append("what its triggers have traded is not known") } }
        updateHead(lane, partition) { $0.hasWithdrawn = true }
        partitions[partition]?.lanes[lane]?.head = .idle
        attend(key)
        dispatching.signal()
    }

    // MARK: - What triggers have traded

    /// Takes the fills of the sleeve's triggers into it, while nothing else of it is on its way; false when they could not be read or
    /// written down.
    @discardableResult
    func takeTriggerFills(of holding: HoldingKey, _ key: AccountKey, _ generation: Int) async -> Bool {
        guard let state = partitions[key.partition], state.generation == generation, let book = state.books[key.account],
            book.hasTriggers(of: holding)
        else { return true }
        let fills: [UserFill]
        let since = (book.agreedAt[holding.coin] ?? state.begunAt) - Self.fillOverlap
        do { fills = try await client.fills(key.account.text, from: since) } catch {
            logger.warning("account.fills.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return false
        }
        guard let current = partitions[key.partition], current.generation == generation, let book = current.books[key.account] else { return false }
        var finding = ForeignFills(
            sleeves: [holding: current.sleeves[holding] ?? .empty], record: book.record, retired: book.retired)
        for fill in fills {
            guard let cloid = fill.cloid.map({ ClientOrderID($0) }), !current.recentOrders.contains(cloid.text),
                finding.isTrigger(cloid, of: holding)
            else { continue }
            finding.take(fill, account: key.account)
        }
        guard !finding.changed.isEmpty else { return true }
        var entry = AccountLog.Entry()
        append(finding, finding.record, key, to: &entry)
        guard await write(entry, key, generation: generation), partitions[key.partition]?.generation == generation else { return false }
        adopt(finding, key)
        return true
    }

    /// What was found, to be written down: results of resting orders, the account's record, and its sleeves.
    func append(_ finding: ForeignFills, _ record: AccountRecord, _ key: AccountKey, to entry: inout AccountLog.Entry) {
        for result in finding.results(of: key, subscriber: subscriber(of: key)?.id ?? "", config.current()) {
            entry.emissions.append((result.job.text, Emission(result: result, partition: stage.inputs[key.partition].index)))
        }
        entry.accounts = [(key.account.text, record.json.bytes())]
        entry.state = finding.changed.map { ($0.field, finding.sleeves[$0].flatMap { $0.isEmpty ? nil : $0.json.bytes() }) }
    }

    /// Takes over what was written down. The orders that traded are known for ours from now on, so that none is taken again.
    func adopt(_ finding: ForeignFills, _ key: AccountKey) {
        for holding in finding.changed {
            let sleeve = finding.sleeves[holding] ?? .empty
            partitions[key.partition]?.sleeves[holding] = sleeve.isEmpty ? nil : sleeve
        }
        for cloid in finding.carriedOut {
            partitions[key.partition]?.books[key.account]?.record.orders[cloid] = nil
            partitions[key.partition]?.books[key.account]?.retired[cloid] = nil
            partitions[key.partition]?.recentOrders.insert(cloid)
        }
    }
}

extension AccountBook {
    /// Placed, or cancelled perhaps too late.
    fileprivate func hasTriggers(of holding: HoldingKey) -> Bool {
        record.orders.values.contains { $0.order.kind.isTrigger && $0.isFor(holding) } || retired.values.contains { $0.isFor(holding) }
    }
}

extension AccountRecord.PlacedOrder {
    func isFor(_ holding: HoldingKey) -> Bool { subscription == holding.subscription && coin == holding.coin }
    func isMirroredTrigger(of holding: HoldingKey) -> Bool { order.kind.isTrigger && leaderOrder != nil && isFor(holding) }
}

extension Lane {
    /// An exit at its head goes without the sleeve's mirrored triggers.
    fileprivate var withdrawsTriggers: Bool { head == .triggers || jobs.first?.hasWithdrawn == true }
}
