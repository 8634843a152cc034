import CopyTrading
import Hyperliquid
import RedisStreams

/// Leaders' limit orders, kept as limit orders of the sleeves that mirror them (`mirror_orders: all`): post-only, at the same price, and only
/// while the sleeve holds a copy that they add to. Opening is left to the leader's fills.
///
/// When one is filled the leader's may have been, or will be, and its fill comes as a signal that adds once more. So an entry of a sleeve is
/// only decided after its limit orders were cancelled and what they traded is in the sleeve. An exit waits for neither: they are cancelled
/// beside it. One stays on record until both is done, so that nothing rests or trades unknown.
extension WorkStage {
    /// What is placed is refused by the exchange when it arrives later, milliseconds: one that it does not know by then will never rest.
    static let placementLife: Int64 = 5_000
    /// Added before that counts, for two clocks, milliseconds.
    private static let placementMargin: Int64 = 2_000
    private static let turnPause = Duration.milliseconds(20)

    /// The sleeve's limit orders on record.
    func entries(of holding: HoldingKey, _ key: AccountKey) -> [ClientOrderID: AccountRecord.PlacedOrder] {
        (partitions[key.partition]?.books[key.account]?.record.orders ?? [:]).filter { !$0.value.order.kind.isTrigger && $0.value.isFor(holding) }
    }

    func hasEntries(_ key: AccountKey) -> Bool {
        partitions[key.partition]?.books[key.account]?.record.orders.values.contains { !$0.order.kind.isTrigger } ?? false
    }

    // MARK: - What should rest

    /// The limit orders that mirror the leader's for one sleeve. None where a gate of entries refuses, or the leader's are not known: one
    /// that rests without the leader's is the danger.
    /// - Parameter beside: the limit orders that the account is to have of other sleeves.
    func mirroredEntries(
        _ subscription: Subscription, _ lane: LaneKey, _ sleeve: Sleeve, _ instrument: Instrument, leader: MirroredLeader?,
        beside: [AccountRecord.PlacedOrder], _ key: AccountKey
    ) -> [ClientOrderID: AccountRecord.PlacedOrder] {
        let holding = HoldingKey(subscription.id, lane.coin)
        partitions[key.partition]?.books[key.account]?.refusedEntries.remove(holding)
        guard subscription.mirrorsEntries, !sleeve.position.isZero else { return [:] }
        guard isAgentKnown(key) else {
            // What rests was sent when it was known, and stays as long as the leader's does; more is placed when it is known again.
            partitions[key.partition]?.books[key.account]?.refusedEntries.insert(holding)
            let isClosing = partitions[key.partition]?.lanes[lane]?.jobs.contains { !$0.job.action.isEntry } ?? false
            guard let leader, !isClosing else { return [:] }
            let listed = Set(leader.orders.orders.map(\.oid))
            return entries(of: holding, key).filter { $0.value.leaderOrder.map(listed.contains) ?? false }
        }
        let mayRest = mayRest(holding, key)
        if !mayRest { partitions[key.partition]?.books[key.account]?.refusedEntries.insert(holding) }
        guard mayRest, let leader, let position = leader.positions[lane.coin] else { return [:] }
        let present = entries(of: holding, key)
        if let jobs = partitions[key.partition]?.lanes[lane]?.jobs, !jobs.isEmpty {
            // An entry on its way withdraws what rests when its turn comes, and an exit takes it along.
            let listed = Set(leader.orders.orders.map(\.oid))
            return jobs.contains { !$0.job.action.isEntry } ? [:] : present.filter { $0.value.leaderOrder.map(listed.contains) ?? false }
        }
        var wanted: [ClientOrderID: AccountRecord.PlacedOrder] = [:]
        var grown = sleeve
        var others = beside
        let found = leader.orders.mirroredEntries(in: lane.coin, leader: position, sleeve: sleeve, instrument: instrument) { order in
            guard let size = admitted(order, holding, grown, subscription, instrument, beside: others, key) else { return nil }
            grown.position += Size(e8: order.side.sign * size.e8)
            var part = order
            part.size = size
            others.append(AccountRecord.PlacedOrder(subscription: holding.subscription, coin: holding.coin, order: part))
            return size
        }
        let now = WallClock.milliseconds
        for mirrored in found {
            var placed = AccountRecord.PlacedOrder(
                subscription: holding.subscription, coin: holding.coin, order: mirrored.order, leaderOrder: mirrored.oid,
                lifecycle: sleeve.lifecycle)
            let same = present.first { id, other in
                placed.placedAt = other.placedAt
                return placed == other
            }
            if same == nil { placed.placedAt = now }
            wanted[same?.key ?? .mirrored(mirrored, subscription: holding.subscription, coin: holding.coin, placedAt: now)] = placed
        }
        return wanted
    }

    /// Whether the gates of an entry let limit orders of the sleeve rest; asked when they are placed, and as long as they do.
    private func mayRest(_ holding: HoldingKey, _ key: AccountKey) -> Bool {
        let snapshot = config.current()
        guard let state = partitions[key.partition], let sleeve = state.sleeves[holding], let price = sleeve.averageEntry,
            let subscription = snapshot.subscriptions[holding.subscription], subscription.mirrorsEntries
        else { return false }
        let now = WallClock.milliseconds
        let side: Side = sleeve.position > .zero ? .buy : .sell
        let states = snapshot.states(influencer: subscription.influencer, subscriber: subscription.subscriber, coin: holding.coin)
        let lane = LaneKey(account: key.account, coin: holding.coin)
        // In a shared coin the net position is not the leader's alone.
        guard subscription.mayRest(in: holding.coin, side, states: states, at: now),
            otherSleeves(lane, of: holding.subscription, key.partition).values.allSatisfy(\.position.isZero)
        else { return false }
        let settings = settings(of: key)
        if settings?.needsReading == true, state.books[key.account]?.hasFreshReading(at: .now) != true { return false }
        let probe = RestingOrder(kind: .limit, side: side, size: sleeve.position.magnitude, price: price)
        let job = restingEntry(probe, holding, sleeve, subscription)
        guard refusal(of: LaneJob(entry: "", job: job, plannedAt: 0), settings, key.partition) == nil else { return false }
        var trials: [BreakerBoard.Subject] = []
        let refusal = breakers.refusal(of: job, at: now, trials: &trials)
        // It tries nothing out.
        breakers.withdraw(trials)
        return refusal == nil
    }

    /// What the caps, lots and the minimum leave of one more limit order, when those before it and `beside` are filled; `nil` is nothing.
    private func admitted(
        _ order: RestingOrder, _ holding: HoldingKey, _ sleeve: Sleeve, _ subscription: Subscription, _ instrument: Instrument,
        beside: [AccountRecord.PlacedOrder], _ key: AccountKey
    ) -> Size? {
        let job = restingEntry(order, holding, sleeve, subscription)
        var account = accountView(job, settings(of: key), key.partition)
        if account.limits.needAccountFacts {
            account.facts = partitions[key.partition]?.books[key.account]?.facts(coin: holding.coin, resting: beside)
        }
        let decision = Preparation.decide(
            job: job, sleeve: sleeve, otherSleevesOnCoin: [:], instrument: instrument, quote: Quote(reference: order.price), account: account,
            now: WallClock.milliseconds, attempt: 1)
        guard case .send(let intent) = decision else { return nil }
        return intent.size
    }

    /// Accounts with limit orders that a gate refuses now, or without those that it refused and lets pass now.
    func accountsWithOtherGates() -> [AccountKey] {
        partitions.flatMap { partition, state in
            state.draining ? [] : state.books.compactMap { account, book in
                let key = AccountKey(partition: partition, account: account)
                let resting = book.record.orders.filter { !$0.value.order.kind.isTrigger && !book.cancelledEntries.contains($0.key) }
                guard !book.isProtecting, !resting.isEmpty || !book.refusedEntries.isEmpty, isAgentKnown(key) else { return nil }
                let holdings = Set(resting.values.map { HoldingKey($0.subscription, $0.coin) })
                let isOther = holdings.contains { !mayRest($0, key) } || book.refusedEntries.contains { mayRest($0, key) }
                return isOther ? key : nil
            }
        }
    }

    // MARK: - Before an entry is decided

    /// Whether limit orders of its sleeve may have done a part of what this entry is to do.
    func mustWithdrawEntries(_ job: LaneJob, _ lane: LaneKey, _ partition: Int) -> Bool {
        guard job.job.action.isEntry, !job.hasWithdrawn else { return false }
        return !entries(of: HoldingKey(job.job.subscription, lane.coin), AccountKey(partition: partition, account: lane.account)).isEmpty
    }

    func beginWithdrawingEntries(_ lane: LaneKey, _ partition: Int) {
        guard let generation = partitions[partition]?.generation else { return }
        partitions[partition]?.lanes[lane]?.head = .entries
        errandSink.yield(.withdrawEntries(partition: partition, generation: generation, lane))
        yieldToExit(lane, partition)
    }

    /// The entry goes on when what its sleeve had resting is known; otherwise it ends: better to miss it than to buy it twice.
    func withdrawEntries(_ partition: Int, _ generation: Int, _ lane: LaneKey) async {
        guard let job = head(of: lane, in: .entries, partition, generation) else { return }
        let key = AccountKey(partition: partition, account: lane.account)
        let holding = HoldingKey(job.job.subscription, lane.coin)
        let isKnown = await withdraw(Set(entries(of: holding, key).keys), of: holding, key, generation)
        defer { dispatching.signal() }
        guard head(of: lane, in: .entries, partition, generation)?.job.id == job.job.id else { return }
        updateHead(lane, partition) { $0.hasWithdrawn = true }
        if isKnown {
            partitions[partition]?.lanes[lane]?.head = .idle
            attend(key)
        } else {
            finish(lane, .superseded, "what limit orders that mirror the leader's have traded is not known", partition)
        }
    }

    // MARK: - Withdrawing

    /// Cancels limit orders of a sleeve and takes what they traded into it, one call after the other for an account.
    /// - Returns: true when none can trade any more and all that they traded is in the sleeve and written down; also when an order of the
    ///   sleeve is under way, after which that is done.
    func withdraw(_ cloids: Set<ClientOrderID>, of holding: HoldingKey, _ key: AccountKey, _ generation: Int) async -> Bool {
        while partitions[key.partition]?.books[key.account]?.isWithdrawing == true, !Task.isCancelled {
            try? await Task.sleep(for: Self.turnPause)  // ends early only when cancelled
        }
        guard partitions[key.partition]?.generation == generation, !Task.isCancelled else { return false }
        let orders = entries(of: holding, key).filter { cloids.contains($0.key) }
        guard !orders.isEmpty else { return true }
        partitions[key.partition]?.books[key.account]?.isWithdrawing = true
        let isDone = await cancelAndTake(orders, of: holding, key, generation)
        if partitions[key.partition]?.generation == generation { partitions[key.partition]?.books[key.account]?.isWithdrawing = false }
        return isDone
    }

    private func cancelAndTake(
        _ orders: [ClientOrderID: AccountRecord.PlacedOrder], of holding: HoldingKey, _ key: AccountKey, _ generation: Int
    ) async -> Bool {
        for look in 1...Self.fillLooks {
            if look > 1 { try? await Task.sleep(for: Self.fillPause) }  // ends early only when cancelled
            // What was on record ahead of its placement may not have been sent after all.
            let orders = orders.filter { partitions[key.partition]?.books[key.account]?.record.orders[$0.key] != nil }
            guard !orders.isEmpty else { return partitions[key.partition]?.generation == generation }
            guard await cancelEntries(orders, key, generation) else { continue }
            guard isQuiet(holding, key) else { return true }
            guard let fills = await fills(of: orders, key) else { continue }
            return await take(fills, of: orders, holding, key, generation)
        }
        return false
    }

    /// Cancels those that may trade still; false when that is not known to be done.
    private func cancelEntries(_ orders: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey, _ generation: Int) async -> Bool {
        let cancelled = partitions[key.partition]?.books[key.account]?.cancelledEntries ?? []
        for part in actions(of: orders.filter { !cancelled.contains($0.key) }, key) {
            guard let problems = await sendCancel(part, key, generation), partitions[key.partition]?.generation == generation else { return false }
            // One that was not there may be on its way still, and is cancelled again until it can no longer arrive.
            let done = zip(part, problems).filter { $1 == nil || cannotArrive($0.value) }.map(\.0.key)
            partitions[key.partition]?.books[key.account]?.cancelledEntries.formUnion(done)
        }
        return true
    }

    /// Whether an order that the exchange does not know will never be there.
    private func cannotArrive(_ placed: AccountRecord.PlacedOrder) -> Bool {
        WallClock.milliseconds > (placed.placedAt ?? 0) + Self.placementLife + Self.placementMargin
    }

    /// Whether nothing of the sleeve's lane is at the exchange, or about to be.
    private func isQuiet(_ holding: HoldingKey, _ key: AccountKey) -> Bool {
        let lane = partitions[key.partition]?.lanes[LaneKey(account: key.account, coin: holding.coin)]
        return lane == nil || lane?.head == .entries
    }

    /// All fills of orders that can trade no more; `nil` while one can, or the exchange does not tell all that its orders say were.
    private func fills(of orders: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey) async -> [UserFill]? {
        do {
            var traded: [ClientOrderID: Size] = [:]
            // the exchange's: ours may be wrong
            var since = Int64.max
            for (cloid, placed) in orders {
                switch try await client.orderStatus(key.account.text, cloid: cloid.text) {
                case .unknown:
                    guard cannotArrive(placed) else { return nil }
                case .known(let record):
                    guard record.isTerminal else { return nil }
                    since = min(since, record.order.placedAt)
                    traded[cloid] = record.status == "filled" ? placed.order.size : placed.order.size - record.order.size
                }
            }
            guard !traded.isEmpty else { return [] }
            var sums: [ClientOrderID: Size] = [:]
            var found: [UserFill] = []
            for fill in try await client.fills(key.account.text, from: since - Self.fillOverlap) {
                guard let cloid = fill.cloid.map({ ClientOrderID($0) }), orders[cloid] != nil else { continue }
                sums[cloid, default: .zero] += fill.size
                found.append(fill)
            }
            return traded.allSatisfy { sums[$0.key, default: .zero] == $0.value } ? found : nil
        } catch {
            logger.warning("account.fills.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return nil
        }
    }

    private func take(
        _ fills: [UserFill], of orders: [ClientOrderID: AccountRecord.PlacedOrder], _ holding: HoldingKey, _ key: AccountKey, _ generation: Int
    ) async -> Bool {
        guard let current = partitions[key.partition], current.generation == generation, let book = current.books[key.account]
        else { return false }
        guard isQuiet(holding, key) else { return true }
        func finding(on sleeve: Sleeve?) -> ForeignFills {
            var finding = ForeignFills(sleeves: [holding: sleeve ?? .empty], record: book.record, retired: [:])
            for fill in fills { finding.take(fill, account: key.account) }
            return finding
        }
        let before = current.sleeves[holding]
        var taken = finding(on: before)
        var record = taken.record
        for cloid in orders.keys { record.orders[cloid] = nil }
        var entry = AccountLog.Entry()
        append(taken, record, key, to: &entry)
        guard await write(entry, key, generation: generation), partitions[key.partition]?.generation == generation else { return false }
        // An order that was decided meanwhile has changed it too.
        let now = partitions[key.partition]?.sleeves[holding]
        if now != before { taken = finding(on: now) }
        adopt(taken, key)
        for cloid in orders.keys {
            partitions[key.partition]?.books[key.account]?.record.orders[cloid] = nil
            partitions[key.partition]?.books[key.account]?.cancelledEntries.remove(cloid)
            partitions[key.partition]?.recentOrders.insert(cloid)
        }
        return true
    }
}
