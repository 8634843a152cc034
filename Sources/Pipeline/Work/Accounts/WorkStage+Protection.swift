import CopyTrading
import Hyperliquid
import RedisStreams

/// Stop-losses and take-profits of subscriptions, kept at the exchange as reduce-only triggers as large as the sleeve: placed anew
/// after every change and when their settings change, cancelled when it is flat, looked for by the sweep. The orders that mirror the
/// leader's go with them.
extension WorkStage {
    /// After a failure the triggers are tried again so soon.
    private static let protectionRetry = Duration.seconds(2)

    /// The account's triggers are brought up to date, as soon as nothing of it is on its way.
    func protect(_ key: AccountKey) {
        partitions[key.partition]?.books[key.account, default: AccountBook()].needsProtection = true
        beginProtecting(key)
    }

    /// Whether what a job traded may concern triggers.
    func isProtected(_ job: ExecutionJob, _ partition: Int) -> Bool {
        if partitions[partition]?.books[job.account]?.record.orders.isEmpty == false { return true }
        return config.current().subscriptions[job.subscription]?.hasRestingOrders ?? false
    }

    private func hasProtection(_ key: AccountKey) -> Bool {
        guard let state = partitions[key.partition] else { return false }
        if state.books[key.account]?.record.orders.isEmpty == false { return true }
        let snapshot = config.current()
        return state.holders.contains { lane, holders in
            lane.account == key.account && holders.contains { snapshot.subscriptions[$0]?.hasRestingOrders ?? false }
        }
    }

    /// Of all accounts of a partition that has just been taken; those with orders whose outcome is open follow when these have ended.
    func protectAll(_ partition: Int) {
        guard let state = partitions[partition] else { return }
        let snapshot = config.current()
        var accounts = Set(state.books.lazy.filter { !$0.value.record.orders.isEmpty }.map(\.key))
        for (lane, holders) in state.holders where holders.contains(where: { snapshot.subscriptions[$0]?.hasRestingOrders ?? false }) {
            accounts.insert(lane.account)
        }
        accounts.subtract(state.unsettled.values.lazy.map(\.account))
        for account in accounts { protect(AccountKey(partition: partition, account: account)) }
    }

    func beginProtecting(_ key: AccountKey) {
        guard let state = partitions[key.partition], !state.draining, let book = state.books[key.account], book.needsProtection, !book.isProtecting else { return }
        partitions[key.partition]?.books[key.account]?.isProtecting = true
        partitions[key.partition]?.books[key.account]?.needsProtection = false
        errandSink.yield(.protect(key, generation: state.generation))
    }

    func protect(_ key: AccountKey, _ generation: Int) async {
        let isDone = await placeOrders(key, generation)
        guard partitions[key.partition]?.generation == generation else { return }
        if !isDone {
            partitions[key.partition]?.books[key.account]?.needsProtection = true
            try? await Task.sleep(for: Self.protectionRetry)  // ends early only when cancelled
            guard partitions[key.partition]?.generation == generation else { return }
        }
        partitions[key.partition]?.books[key.account]?.isProtecting = false
        beginProtecting(key)
    }

    /// What each sleeve of the account should have resting: by its own settings, and what mirrors the leader's.
    private func wantedOrders(_ key: AccountKey) async -> [ClientOrderID: AccountRecord.PlacedOrder] {
        var wanted: [ClientOrderID: AccountRecord.PlacedOrder] = [:]
        let leaders = await mirroredLeaders(key)
        partitions[key.partition]?.books[key.account]?.mirroredOn = leaders
        let snapshot = config.current()
        for (lane, holders) in partitions[key.partition]?.holders ?? [:] where lane.account == key.account {
            guard let instrument = await instruments.instrument(lane.coin) else { continue }
            for holder in holders.sorted() {
                guard let subscription = snapshot.subscriptions[holder], subscription.hasRestingOrders,
                    let sleeve = partitions[key.partition]?.sleeves[HoldingKey(holder, lane.coin)]
                else { continue }
                for trigger in subscription.protection.triggers(for: sleeve, instrument: instrument) {
                    let id = ClientOrderID.trigger(trigger, subscription: holder, coin: lane.coin, sleeve: sleeve)
                    wanted[id] = AccountRecord.PlacedOrder(subscription: holder, coin: lane.coin, order: trigger)
                }
                let mirrored = mirroredTriggers(subscription, lane, sleeve, instrument, leader: leaders[subscription.influencer], key)
                wanted.merge(mirrored) { own, _ in own }
                let entries = mirroredEntries(
                    subscription, lane, sleeve, instrument, leader: leaders[subscription.influencer],
                    beside: wanted.values.filter { !$0.order.kind.isTrigger }, key)
                wanted.merge(entries) { own, _ in own }
            }
        }
        return wanted
    }

    /// Cancels what is no longer right, then places what is missing. True when that is done.
    private func placeOrders(_ key: AccountKey, _ generation: Int) async -> Bool {
        let wanted = await wantedOrders(key)
        guard let state = partitions[key.partition], state.generation == generation, let present = state.books[key.account]?.record.orders else {
            return true
        }
        let obsolete = present.filter { $0.value != wanted[$0.key] }
        let missing = wanted.filter { present[$0.key] == nil }
        // Neither waits for the success of the other, and what protects goes first.
        let isProtected = await replace(
            obsolete.filter(\.value.order.kind.isTrigger), by: missing.filter(\.value.order.kind.isTrigger), key, generation, since: state.sleeves)
        let isMirrored = await replaceEntries(
            obsolete.filter { !$0.value.order.kind.isTrigger }, by: missing.filter { !$0.value.order.kind.isTrigger }, key, generation,
            since: state.sleeves)
        return isProtected && isMirrored
    }

    private func replace(
        _ obsolete: [ClientOrderID: AccountRecord.PlacedOrder], by missing: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey,
        _ generation: Int, since sleeves: [HoldingKey: Sleeve]
    ) async -> Bool {
        if !obsolete.isEmpty {
            guard await cancel(obsolete, key, generation) != nil else { return false }
        }
        guard !missing.isEmpty else { return true }
        return await place(missing, key, generation, since: sleeves)
    }

    private func replaceEntries(
        _ obsolete: [ClientOrderID: AccountRecord.PlacedOrder], by missing: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey,
        _ generation: Int, since sleeves: [HoldingKey: Sleeve]
    ) async -> Bool {
        var isDone = true
        let holdings = Dictionary(grouping: obsolete, by: { HoldingKey($0.value.subscription, $0.value.coin) })
        for (holding, orders) in holdings where await !withdraw(Set(orders.map(\.key)), of: holding, key, generation) { isDone = false }
        guard isDone, partitions[key.partition]?.generation == generation else { return isDone }
        // What they traded changes what is wanted.
        guard holdings.keys.allSatisfy({ isUnchanged($0, since: sleeves, key) }) else {
            partitions[key.partition]?.books[key.account]?.needsProtection = true
            return true
        }
        guard !missing.isEmpty else { return true }
        return await place(missing, key, generation, since: sleeves)
    }

    private func isUnchanged(_ holding: HoldingKey, since sleeves: [HoldingKey: Sleeve], _ key: AccountKey) -> Bool {
        partitions[key.partition]?.sleeves[holding] == sleeves[holding]
    }

    /// - Returns: for each why there was nothing to cancel, or `nil`; `nil` in all when it is not known, or nothing was sent.
    func sendCancel(_ orders: [(key: ClientOrderID, value: AccountRecord.PlacedOrder)], _ key: AccountKey, _ generation: Int) async -> [String?]? {
        var cancels: [(asset: Int, cloid: String)] = []
        for (cloid, placed) in orders {
            guard let instrument = await instruments.instrument(placed.coin) else { return nil }
            cancels.append((instrument.asset, cloid.text))
        }
        let answer = await act(.cancelByCloid(cancels), key, generation, priority: .cancel, cost: cancels.count)
        guard case .done(let answer) = answer else { return nil }
        guard case .cancels(let statuses) = answer else { return [] }
        return statuses
    }

    /// The orders as so many actions: more in one than the account's bucket ever holds would never go out.
    func actions(
        of orders: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey
    ) -> [[(key: ClientOrderID, value: AccountRecord.PlacedOrder)]] {
        let size = max(1, min(configuration.ordersPerAction, configuration.rates.account(key.account.text).burst))
        let sorted = orders.sorted { $0.key < $1.key }
        return stride(from: 0, to: sorted.count, by: size).map { Array(sorted[$0..<min($0 + size, sorted.count)]) }
    }

    /// - Returns: those that were gone already; `nil` when it is not done, or not written down.
    func cancel(_ triggers: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey, _ generation: Int) async -> [ClientOrderID]? {
        var gone: [ClientOrderID] = []
        for part in actions(of: triggers, key) {
            // One that is gone already was carried out, or never there: the drift loop tells by the fills.
            guard let statuses = await sendCancel(part, key, generation) else { return nil }
            guard partitions[key.partition]?.generation == generation else { return [] }
            for (cloid, _) in part { partitions[key.partition]?.books[key.account]?.retire(cloid) }
            guard await writeRecord(key, generation) else { return nil }
            gone += zip(part, statuses).compactMap { $1 == nil ? nil : $0.key }
        }
        return gone
    }

    /// - Parameters:
    ///   - placing: triggers alone, or limit orders alone.
    ///   - sleeves: for which they were found to be wanted.
    private func place(
        _ placing: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey, _ generation: Int, since sleeves: [HoldingKey: Sleeve]
    ) async -> Bool {
        for part in actions(of: placing, key) {
            guard await place(part, key, generation, since: sleeves) else { return false }
        }
        return true
    }

    /// - Parameter sorted: no more than one action takes.
    private func place(
        _ sorted: [(key: ClientOrderID, value: AccountRecord.PlacedOrder)], _ key: AccountKey, _ generation: Int,
        since sleeves: [HoldingKey: Sleeve]
    ) async -> Bool {
        let placing = sorted.map(\.value)
        var orders: [OrderRequest] = []
        for (cloid, placed) in sorted {
            guard let instrument = await instruments.instrument(placed.coin) else { return false }
            orders.append(placed.order.request(asset: instrument.asset, cloid: cloid))
        }
        let isEntry = placing.contains { !$0.order.kind.isTrigger }
        // Written down before they are sent: one that trades is known by its id.
        guard partitions[key.partition]?.generation == generation else { return true }
        for (cloid, placed) in sorted { partitions[key.partition]?.books[key.account]?.record.orders[cloid] = placed }
        guard await writeRecord(key, generation) else { return false }
        if isEntry, !placing.allSatisfy({ isStillWanted($0, since: sleeves, key) }) {
            // A job that came meanwhile is decided without them.
            forget(sorted.map(\.key), key)
            partitions[key.partition]?.books[key.account]?.needsProtection = true
            return true
        }
        let expiry = placing.compactMap(\.placedAt).min().map { $0 + Self.placementLife }
        let answer = await act(
            .order(orders), key, generation, priority: isEntry ? .entry : .exit, cost: orders.count, expiresAfter: expiry)
        guard partitions[key.partition]?.generation == generation else { return true }
        switch answer {
        case .done(let answer):
            let statuses = answer.orderStatuses(sent: orders.count) ?? []
            var refused: [String] = []
            var isClosed = false
            var passed: [ClientOrderID: AccountRecord.PlacedOrder] = [:]
            for ((cloid, placed), status) in zip(sorted, statuses) {
                guard case .error(let text) = status else { continue }
                partitions[key.partition]?.books[key.account]?.record.orders[cloid] = nil
                switch ErrorText.classify(text) {
                // refused to everybody for the moment: wanted as before
                case .closed: isClosed = true
                case .terminal("badTriggerPxRejected") where placed.leaderOrder == nil: passed[cloid] = placed
                default: break
                }
                refused.append("\(placed.text): \(text)")
            }
            let texts = sorted.map(\.value.text)
            let kinds: (placed: AccountEvent.Kind, refused: AccountEvent.Kind) =
                isEntry ? (.ordersPlaced, .ordersRefused) : (.triggersPlaced, .triggersRefused)
            await record(
                key, generation,
                event(
                    refused.isEmpty ? kinds.placed : kinds.refused, key, (refused.isEmpty ? texts : refused).joined(separator: "; "),
                    distinct: sorted.map(\.key.text).joined(separator: " ")))
            await exit(insteadOf: passed, key, generation)
            return !isClosed
        case .refused(let text):
            logger.error("triggers.refused", metadata: ["account": "\(key.account)", "text": "\(text)"])
            forget(sorted.map(\.key), key)
            return false
        case .wait(let reason):
            logger.warning("triggers.waiting", metadata: ["account": "\(key.account)", "reason": "\(reason)"])
            forget(sorted.map(\.key), key)
            return false
        case .unknown(let reason):
            // They may rest there: the sweep finds out.
            logger.warning("triggers.unknown", metadata: ["account": "\(key.account)", "reason": "\(reason)"])
            partitions[key.partition]?.books[key.account]?.sweepsAt = .now
            return true
        }
    }

    /// The market has passed what would have been the prices of these: what they would have closed is closed. What cannot be asked for now is
    /// when the sweep places them again.
    private func exit(insteadOf passed: [ClientOrderID: AccountRecord.PlacedOrder], _ key: AccountKey, _ generation: Int) async {
        for (cloid, placed) in passed.sorted(by: { $0.key < $1.key }) {
            let holding = HoldingKey(placed.subscription, placed.coin)
            // one before it may have been carried out
            guard await takeTriggerFills(of: holding, key, generation), let state = partitions[key.partition], state.generation == generation,
                let sleeve = state.sleeves[holding], let subscription = config.current().subscriptions[placed.subscription],
                cloid == .trigger(placed.order, subscription: placed.subscription, coin: placed.coin, sleeve: sleeve),
                mayExit(holding, sleeve, key)
            else { continue }
            let price = state.books[key.account]?.reading?.positions[placed.coin]?.price ?? placed.order.price
            let id = JobID.stop(cloid, sleeve: sleeve)
            let job = ownJob(
                .stop, id, holding, sleeve, subscription, reducing: placed.order.size, price: price,
                detail: "\(placed.order.price), the price of its \(placed.order.kind.rawValue), was passed before it could rest")
            var entry = AccountLog.Entry()
            entry.emissions = [(id.text, Emission(job: job, partition: stage.inputs[key.partition].index))]
            _ = await write(entry, key, generation: generation)
        }
    }

    private func forget(_ cloids: [ClientOrderID], _ key: AccountKey) {
        for cloid in cloids { partitions[key.partition]?.books[key.account]?.record.orders[cloid] = nil }
    }

    private func isStillWanted(_ placed: AccountRecord.PlacedOrder, since sleeves: [HoldingKey: Sleeve], _ key: AccountKey) -> Bool {
        partitions[key.partition]?.lanes[LaneKey(account: key.account, coin: placed.coin)] == nil
            && isUnchanged(HoldingKey(placed.subscription, placed.coin), since: sleeves, key)
    }

    private func writeRecord(_ key: AccountKey, _ generation: Int) async -> Bool {
        guard let book = partitions[key.partition]?.books[key.account] else { return false }
        var entry = AccountLog.Entry()
        entry.accounts = [(key.account.text, book.record.json.bytes())]
        return await write(entry, key, generation: generation)
    }

    // MARK: - The sweep

    /// Compares the orders that should rest at the exchange with those that do; orders of ours that should not are cancelled.
    func sweepTriggers(_ key: AccountKey, _ generation: Int) async {
        guard let book = partitions[key.partition]?.books[key.account], hasProtection(key), book.sweepsAt <= .now, !book.isProtecting else { return }
        partitions[key.partition]?.books[key.account]?.sweepsAt = .now + configuration.accounts.sweepEvery
        var resting: [OpenOrder] = []
        let dexs = Set((book.record.orders.values.map(\.coin) + book.retired.values.map(\.coin)).map(\.dex)).union([nil])
        do { for dex in dexs { resting += try await client.read(.frontendOpenOrders(key.account.text, dex: dex)) } } catch {
            logger.warning("account.orders.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return
        }
        guard let now = partitions[key.partition]?.books[key.account], partitions[key.partition]?.generation == generation, !now.isProtecting,
            now.record.orders == book.record.orders
        else { return }
        let there = Set(resting.compactMap(\.cloid).map { ClientOrderID($0) })
        let missing = now.record.orders.filter { !there.contains($0.key) }
        let gone = missing.filter(\.value.order.kind.isTrigger).map(\.key)
        let orphans = there.intersection(now.retired.keys).subtracting(now.record.orders.keys)
        // what it should have may not even have been asked for
        guard !missing.isEmpty || !orphans.isEmpty else { return protect(key) }
        for (holding, orders) in Dictionary(grouping: missing, by: { HoldingKey($0.value.subscription, $0.value.coin) }) {
            let entries = Set(orders.filter { !$0.value.order.kind.isTrigger }.map(\.key))
            // Those that are not known to be gone are looked at again.
            if !entries.isEmpty, await !withdraw(entries, of: holding, key, generation) {
                partitions[key.partition]?.books[key.account]?.sweepsAt = .now
            }
        }
        // Carried out ones are taken by their fills first; what is left is placed again under another id of the sleeve's next state.
        for holding in Set(gone.compactMap { now.record.orders[$0] }.map { HoldingKey($0.subscription, $0.coin) }) {
            guard await takeTriggerFills(of: holding, key, generation) else { return }
        }
        guard partitions[key.partition]?.generation == generation else { return }
        for cloid in gone { partitions[key.partition]?.books[key.account]?.retire(cloid) }
        if !orphans.isEmpty {
            let cancels = resting.filter { $0.cloid.map { orphans.contains(ClientOrderID($0)) } ?? false }
            var items: [(asset: Int, oid: Int64)] = []
            for order in cancels { if let asset = await instruments.instrument(order.coin)?.asset { items.append((asset, order.oid)) } }
            if case .done = await act(.cancel(items), key, generation, priority: .cancel, cost: items.count) {
                await record(
                    key, generation,
                    event(.orphanCancelled, key, "\(items.count) triggers without their position", distinct: orphans.map(\.text).sorted().joined(separator: " ")))
            }
        }
        protect(key)
    }
}

extension RestingOrder {
    func request(asset: Int, cloid: ClientOrderID) -> OrderRequest {
        OrderRequest(asset: asset, isBuy: side == .buy, price: price, size: size, reduceOnly: kind.isTrigger, type: type, cloid: cloid.text)
    }

    /// A limit order only ever rests: one that would trade at once is refused by the exchange.
    private var type: OrderType {
        switch kind {
        case .stopLoss: .trigger(OrderTrigger(price: price, purpose: .stopLoss, isMarket: true))
        case .takeProfit: .trigger(OrderTrigger(price: price, purpose: .takeProfit, isMarket: true))
        case .limit: .limit(.alo)
        }
    }
}

extension AccountRecord.PlacedOrder {
    /// For people.
    fileprivate var text: String { "\(subscription) \(coin) \(order.kind.rawValue) \(order.size) at \(order.price)" }
}

extension AccountBook {
    /// Remembered, so that one that rests nevertheless is known for ours.
    static let mostRetired = 256

    mutating func retire(_ cloid: ClientOrderID) {
        guard let placed = record.orders.removeValue(forKey: cloid) else { return }
        retired[cloid] = placed
        retiredOrder.append(cloid)
        if retiredOrder.count > Self.mostRetired { retired[retiredOrder.removeFirst()] = nil }
    }
}
