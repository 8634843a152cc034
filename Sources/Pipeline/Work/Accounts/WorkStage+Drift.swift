import ConfigStore
import CopyTrading
import Hyperliquid
import JSON
import RedisStreams

/// The drift loop: sleeves against what the exchange holds, and against what their leaders hold. Only of
/// accounts that nothing is on its way for; a reading that failed is no finding.
extension WorkStage {
    typealias Sleeves = [HoldingKey: Sleeve]

    /// A leader's position in a coin; `nil` when it is not known.
    struct LeaderPosition: Sendable {
        var size: Size
        /// Of its last fill there.
        var price: Price?
        /// Exchange time of the last change, milliseconds.
        var changedAt: Int64
    }

    /// Compares what was read with the sleeves as they were when the reading began, if nothing has moved since.
    func compare(_ key: AccountKey, _ generation: Int, _ reading: AccountReading, before: Sleeves?, leaders: [SubscriptionID: LeaderCursor]) async {
        guard let before, quietSleeves(key) == before else { return }
        guard isCurrent(reading, key) else {
            logger.notice("account.reading.stale", metadata: ["account": "\(key.account)", "as_of": "\(reading.asOf)"])
            partitions[key.partition]?.books[key.account]?.nextReading = .now + configuration.accounts.confirmAfter
            return
        }
        guard let unexplained = differences(key, reading, before) else { return }
        if !unexplained.isEmpty { return await explain(unexplained, key, generation, reading, before) }
        await followLeaders(key, generation, reading, before, leaders)
        await sweepTriggers(key, generation)
    }

    /// The exchange's read side may be so far behind, and no farther for long; so may our clock be ahead.
    private static let longestLag = Duration.seconds(60)

    /// Whether the reading shows what the account's last order did: what a reading of before lacks would be taken from the sleeves.
    private func isCurrent(_ reading: AccountReading, _ key: AccountKey) -> Bool {
        guard let state = partitions[key.partition] else { return false }
        let last = state.books[key.account]?.lastOrder ?? (at: state.begunAt, since: state.begun)
        return reading.asOf >= last.at || .now - last.since > Self.longestLag
    }

    // MARK: - Sleeves against the exchange

    /// What the exchange holds beyond the sleeves, by coin, once two readings agree on it; `nil` while they have not.
    private func differences(_ key: AccountKey, _ reading: AccountReading, _ sleeves: Sleeves) -> [Coin: Size]? {
        var confirmed: [Coin: Size] = [:]
        var isUnsure = false
        let frozen = partitions[key.partition]?.books[key.account]?.record.frozen ?? [:]
        for coin in Set(reading.positions.keys).union(sleeves.keys.map(\.coin)).union(frozen.keys) {
            let own = sleeves.filter { $0.key.coin == coin }.map(\.value)
            let rest = SleeveReconciliation.unattributed(net: reading.positions[coin]?.size ?? .zero, sleeves: own)
            // What froze the coin is looked at again when it has changed, or is gone.
            let isAsBefore = frozen[coin] == nil ? rest.isZero : frozen[coin]?.rest == rest && !rest.isZero
            if isAsBefore {
                partitions[key.partition]?.books[key.account]?.suspicions[.unattributed(coin)] = nil
                if rest.isZero { partitions[key.partition]?.books[key.account]?.agreedAt[coin] = reading.begunAt / 1_000 }
            } else if partitions[key.partition]?.books[key.account]?.confirms(Suspicion(size: rest), of: .unattributed(coin)) == true {
                confirmed[coin] = rest
            } else {
                isUnsure = true
                // Looked at again soon: until then it may be a fill that was not told yet.
                partitions[key.partition]?.books[key.account]?.nextReading = .now + configuration.accounts.confirmAfter
            }
        }
        return isUnsure ? nil : confirmed
    }

    /// Finds the fills that were not ours and takes them into the sleeves; what stays without an explanation freezes the coin.
    private func explain(
        _ unexplained: [Coin: Size], _ key: AccountKey, _ generation: Int, _ reading: AccountReading, _ sleeves: Sleeves
    ) async {
        guard await !restoresLostJobs(in: Set(unexplained.keys), sleeves, key, generation) else { return }
        guard let state = partitions[key.partition], let orders = state.books[key.account]?.record.orders else { return }
        let since = unexplained.keys.map { state.books[key.account]?.agreedAt[$0] ?? state.begunAt }.min() ?? state.begunAt
        let fills: [UserFill]
        do { fills = try await client.fills(key.account.text, from: since) } catch {
            logger.warning("account.fills.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return
        }
        // What was placed or cancelled meanwhile may explain it: the next reading tells.
        guard partitions[key.partition]?.generation == generation, quietSleeves(key) == sleeves,
            let book = partitions[key.partition]?.books[key.account], !book.isProtecting, book.record.orders == orders
        else { return }
        var record = book.record
        var finding = ForeignFills(sleeves: sleeves, record: record, retired: state.books[key.account]?.retired ?? [:])
        // Limit orders of ours have one result: they are withdrawn, and what they traded is taken then.
        let traded = Set(fills.compactMap { fill in
            fill.cloid.flatMap { record.orders[ClientOrderID($0)] }.flatMap { $0.order.kind.isTrigger ? nil : HoldingKey($0.subscription, $0.coin) }
        })
        guard traded.isEmpty else {
            for holding in traded { _ = await withdraw(Set(entries(of: holding, key).keys), of: holding, key, generation) }
            return protect(key)
        }
        for fill in fills where unexplained[fill.coin].map({ !$0.isZero }) ?? false && fill.time >= state.books[key.account]?.agreedAt[fill.coin] ?? since {
            guard !(fill.cloid.map { state.recentOrders.contains($0) } ?? false) else { continue }
            finding.take(fill, account: key.account)
        }
        record = finding.record
        var entry = AccountLog.Entry()
        for coin in unexplained.keys.sorted() {
            let own = finding.sleeves.filter { $0.key.coin == coin }.map(\.value)
            let rest = finding.giveUp(
                coin, SleeveReconciliation.unattributed(net: reading.positions[coin]?.size ?? .zero, sleeves: own), distinct: reading.begunAt)
            if rest.isZero {
                if record.frozen.removeValue(forKey: coin) != nil {
                    entry.emissions.append(event(.unfrozen, key, coin: coin, "sleeves and exchange agree again", distinct: "\(reading.begunAt)"))
                }
            } else {
                let detail = "the exchange holds \(rest) more than the subscriptions account for"
                record.frozen[coin] = AccountRecord.Frozen(rest: rest, reason: detail)
                entry.emissions.append(event(.frozen, key, coin: coin, detail, distinct: "\(reading.begunAt)"))
            }
        }
        for found in finding.found {
            entry.emissions.append(
                event(
                    found.kind, key, subscription: found.subscription, coin: found.coin, found.detail, distinct: "\(found.tid)",
                    sleeve: found.subscription.map { (finding.sleeves[HoldingKey($0, found.coin)] ?? .empty).record }))
        }
        append(finding, record, key, to: &entry)
        guard await write(entry, key, generation: generation), partitions[key.partition]?.generation == generation else { return }
        partitions[key.partition]?.books[key.account]?.record.frozen = record.frozen
        adopt(finding, key)
        for coin in unexplained.keys { partitions[key.partition]?.books[key.account]?.agreedAt[coin] = reading.begunAt / 1_000 }
        if finding.hasTriggered || !record.orders.isEmpty { protect(key) }
        await windDown(finding.taken)
    }

    /// who was liquidated opens nothing more with this subscription until a person has looked.
    private func windDown(_ taken: Set<SubscriptionID>) async {
        for subscription in taken.sorted() {
            do {
                try await latches?.tighten(
                    .subscription(subscription), to: .windDown, reason: "a position was liquidated by the exchange", by: "drift")
            } catch { logger.critical("latch.unset", metadata: ["subscription": "\(subscription)", "error": "\(error)"]) }
        }
    }

    // MARK: - Sleeves against their leaders

    /// Where the leaders of the account's sleeves stand, as ingest has stored it.
    func leaderPositions(_ key: AccountKey) async -> [SubscriptionID: LeaderCursor] {
        guard let state = partitions[key.partition] else { return [:] }
        let snapshot = config.current()
        var influencers: [InfluencerID: [SubscriptionID]] = [:]
        for (lane, holders) in state.holders where lane.account == key.account {
            for holder in holders { if let followed = snapshot.subscriptions[holder]?.influencer { influencers[followed, default: []].append(holder) } }
        }
        var cursors: [SubscriptionID: LeaderCursor] = [:]
        for (influencer, subscriptions) in influencers {
            do {
                guard let bytes = try await accountLog.cursor(of: influencer.text, partitioning) else { continue }
                let cursor = try LeaderCursor(json: JSON.parse(bytes))
                for subscription in subscriptions { cursors[subscription] = cursor }
            } catch { logger.warning("leader.unread", metadata: ["influencer": "\(influencer)", "error": "\(error)"]) }
        }
        return cursors
    }

    private func followLeaders(
        _ key: AccountKey, _ generation: Int, _ reading: AccountReading, _ sleeves: Sleeves, _ leaders: [SubscriptionID: LeaderCursor]
    ) async {
        var entry = AccountLog.Entry()
        for (holding, sleeve) in sleeves.sorted(by: { $0.key.field < $1.key.field }) where !sleeve.position.isZero {
            guard let subscription = config.current().subscriptions[holding.subscription],
                let leader = leaders[holding.subscription]?.leaderPosition(in: holding.coin),
                WallClock.milliseconds - leader.changedAt >= configuration.accounts.leaderGrace.milliseconds
            else { continue }
            guard let price = reading.positions[holding.coin]?.price ?? leader.price else { continue }
            let resting = partitions[key.partition]?.books[key.account]?.mirroredOn[subscription.influencer]?.orders
                .adding(in: holding.coin, to: leader.size) ?? .zero
            let net = sleeves.filter { $0.key.coin == holding.coin }.reduce(Size.zero) { $0 + $1.value.position }
            var check = DriftCheck(
                leaderPosition: leader.size, target: Self.target(sleeve, leader.size, resting: resting, subscription), held: sleeve.position, price: price,
                isCopied: true, healsEntries: subscription.healsEntries, isPriceFair: leader.price != nil,
                opensForAccount: net.sign != sleeve.position.sign)
            let suspicion = Suspicion(size: check.held - check.target, kind: check.kind)
            check.isConfirmed = partitions[key.partition]?.books[key.account]?.confirms(suspicion, of: .sleeve(holding.subscription, holding.coin)) == true
            guard check.kind != .none else { continue }
            // What the leader did may be on its way still; a close cannot be done twice, a reduction can.
            if check.isConfirmed, check.kind != .extra, await isOnItsWay(subscription, key) { continue }
            guard partitions[key.partition]?.generation == generation, quietSleeves(key) == sleeves else { return }
            append(check, holding, sleeve, subscription, leader, key, to: &entry)
        }
        guard !entry.isEmpty else { return }
        _ = await write(entry, key, generation: generation)
    }

    /// Whether anything of the leader's, or for the account, is not done yet; not knowing counts as that. Jobs that were delivered here are in
    /// no lane any more.
    private func isOnItsWay(_ subscription: Subscription, _ key: AccountKey) async -> Bool {
        do {
            return try await accountLog.hasBacklog(
                influencer: subscription.influencer.text, subscriber: subscription.subscriber.text, account: key.account.text, partitioning)
        } catch {
            logger.warning("backlog.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return true
        }
    }

    /// What the sleeve should hold of the leader's position, signed. Of sizes that do not follow the leader's only the side is known.
    /// - Parameter resting: coins that the leader's limit orders would add. What mirrored ones have bought of them stays.
    private static func target(_ sleeve: Sleeve, _ leader: Size, resting: Size, _ subscription: Subscription) -> Size {
        if leader.isZero { return .zero }
        let sign: Int64 = Int64(leader.sign) * (sleeve.isInverse ?? subscription.inverse ? -1 : 1)
        guard subscription.sizing.followsLeader, let k = sleeve.k, let size = try? k * leader.magnitude else {
            return Int64(sleeve.position.sign) == sign ? sleeve.position : .zero
        }
        let ahead = min(sleeve.boughtAhead(of: leader), (try? k * resting) ?? .zero)
        return Size(e8: sign * (size + ahead - sleeve.residue).magnitude.e8)
    }

    private func append(
        _ check: DriftCheck, _ holding: HoldingKey, _ sleeve: Sleeve, _ subscription: Subscription, _ leader: LeaderPosition, _ key: AccountKey,
        to entry: inout AccountLog.Entry
    ) {
        let finding = "\(check.kind.rawValue): holds \(check.held), should hold \(check.target) of the leader's \(leader.size)"
        let distinct = "\(check.kind.rawValue) \(sleeve.version) \(leader.size)"
        let job: ExecutionJob
        switch check.decision {
        case .nothing, .watch: return
        case .alert:
            entry.emissions.append(event(.drift, key, subscription: holding.subscription, coin: holding.coin, finding, distinct: distinct))
            return
        case .reduce(let size):
            guard mayExit(holding, sleeve, key) else { return }
            job = ownJob(
                .drift, .drift(check.kind, subscription: holding.subscription, coin: holding.coin, sleeve: sleeve), holding, sleeve, subscription,
                reducing: size, price: check.price, detail: finding)
        case .topUp(let size):
            guard let entryJob = topUp(size, holding, sleeve, subscription, leader, check.kind, detail: finding),
                // what is refused is not asked for a second time, so it waits until it is wanted
                configurationRefusal(of: entryJob) == nil
            else { return }
            job = entryJob
        }
        entry.emissions.append(event(.drift, key, subscription: holding.subscription, coin: holding.coin, finding, distinct: distinct))
        entry.emissions.append((job.id.text, Emission(job: job, partition: stage.inputs[key.partition].index)))
    }
}

extension AccountBook {
    /// True when the reading before found the same.
    mutating func confirms(_ suspicion: Suspicion, of subject: Suspicion.Subject) -> Bool {
        if suspicions[subject] == suspicion { return true }
        suspicions[subject] = suspicion
        return false
    }
}

extension AccountReading.Position {
    var price: Price? { size.isZero ? nil : try? value / size.magnitude }
}

extension LeaderCursor {
    /// `nil` when ingest does not know whether the leader holds the coin.
    func leaderPosition(in coin: Coin) -> WorkStage.LeaderPosition? {
        if let mark = marks[coin] { return WorkStage.LeaderPosition(size: mark.position, price: mark.price, changedAt: mark.time) }
        return floor.map { WorkStage.LeaderPosition(size: .zero, price: nil, changedAt: $0) }
    }
}
