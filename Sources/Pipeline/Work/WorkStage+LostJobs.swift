import CopyTrading
import Hyperliquid
import RedisStreams

/// Jobs of the worker's own making that a loss of Redis took with it. No source delivers them again: a leader's trade does not lead to
/// them. Their ids are functions of the sleeve as it stood then, so where the exchange has an order that the sleeve as it stands now would have
/// asked for, that job is put on record once more, before anything else is done with the sleeve; it finds its order as every job of before
/// does (``ask(_:_:_:)``).
extension WorkStage {
    /// So long after Redis was started anew they are looked for at most. It ends before for every sleeve that a reading agrees with, or for
    /// which nothing was found.
    private static let lostWindow = Duration.seconds(86_400)
    /// How long one that is on record once more is waited for: a later one was put aside, or answered.
    private static let lostDeliveryWait = Duration.seconds(60)

    /// Whether an order that is not on record may have traded for a sleeve that no reading of its account has agreed with since.
    func mayHaveLost(_ holding: HoldingKey, _ key: AccountKey) -> Bool {
        guard let state = partitions[key.partition], state.suspectedAt > 0, ContinuousClock.now < state.suspectedSince + Self.lostWindow,
            let sleeve = state.sleeves[holding], !sleeve.position.isZero
        else { return false }
        return state.books[key.account]?.agreedAt[holding.coin] == nil && state.searched[holding] != sleeve.version
    }

    /// The job whose order is the next to have changed the sleeve; `nil` when there is none. What traded of the account must have been read
    /// (``readTraded(_:from:_:_:)``).
    func lostJob(_ holding: HoldingKey, _ key: AccountKey) async throws -> ExecutionJob? {
        guard let state = partitions[key.partition], let sleeve = state.sleeves[holding], !sleeve.position.isZero,
            let traded = state.tradedBefore[key.account]?.orders, !traded.isEmpty,
            let subscription = config.current().subscriptions[holding.subscription]
        else { return nil }
        for (origin, id) in ownJobs(of: holding, sleeve, subscription, key)
        where !state.answered.contains(id.text) && state.awaited[id].map({ .now - $0 < Self.lostDeliveryWait }) ?? true {
            guard let cloid = Self.firstOrder(of: id, among: traded) else { continue }
            guard case .known(let found) = try await client.orderStatus(key.account.text, cloid: cloid.text) else { continue }
            return restoredJob(origin, id, found.order, holding, sleeve, subscription)
        }
        return nil
    }

    /// All that may have been asked for by the sleeve as it is.
    func ownJobs(
        of holding: HoldingKey, _ sleeve: Sleeve, _ subscription: Subscription, _ key: AccountKey
    ) -> [(origin: JobOrigin, id: JobID)] {
        var jobs: [(JobOrigin, JobID)] = DriftCheck.Kind.allCases.map {
            (.drift, .drift($0, subscription: holding.subscription, coin: holding.coin, sleeve: sleeve))
        }
        if let instrument = knownInstruments[holding.coin] {
            for trigger in subscription.protection.triggers(for: sleeve, instrument: instrument) {
                let cloid = ClientOrderID.trigger(trigger, subscription: holding.subscription, coin: holding.coin, sleeve: sleeve)
                jobs.append((.stop, .stop(cloid, sleeve: sleeve)))
            }
        }
        if let latch = flattening(subscription, holding.coin, partitions[key.partition]?.books[key.account])?.latch {
            jobs.append((.flatten, .flatten(latch: latch, subscription: holding.subscription, coin: holding.coin, sleeve: sleeve)))
        }
        return jobs
    }

    /// Puts a lost job that the stream has delivered before those of its lane; false when it is not there yet.
    func putFirst(_ job: JobID, _ lane: LaneKey, _ key: AccountKey) -> Bool {
        guard let queue = partitions[key.partition]?.lanes[lane], let place = queue.jobs.firstIndex(where: { $0.job.id == job }) else { return false }
        partitions[key.partition]?.lanes[lane]?.jobs.remove(at: place)
        partitions[key.partition]?.lanes[lane]?.jobs.insert(queue.jobs[place], at: 0)
        partitions[key.partition]?.lanes[lane]?.head = .idle
        takeUpHead(lane, key.partition)
        attend(key)
        dispatching.signal()
        return true
    }

    /// Whether the exchange holds what the sleeves of a lane add up to: then nothing of them was lost. Opposite sides may have lost what cancels
    /// out, and tell nothing. Nothing of the lane is under way while its head is asked for.
    func agrees(_ lane: LaneKey, _ partition: Int) async throws -> Bool {
        let held = try await client.accountState(lane.account.text, dex: lane.coin.dex).positions[lane.coin] ?? .zero
        guard let state = partitions[partition] else { return false }
        let sleeves = (state.holders[lane] ?? []).compactMap { state.sleeves[HoldingKey($0, lane.coin)] }
        return Set(sleeves.map(\.position.sign)).subtracting([0]).count <= 1
            && SleeveReconciliation.unattributed(net: held, sleeves: sleeves).isZero
    }

    /// Puts lost jobs on record once more, each once however often this is called.
    func record(lost jobs: [ExecutionJob], _ key: AccountKey, _ generation: Int) async {
        var entry = AccountLog.Entry()
        entry.emissions = jobs.map { ($0.id.text, Emission(job: $0, partition: stage.inputs[key.partition].index)) }
        guard await write(entry, key, generation: generation) else { return }
        for job in jobs {
            if partitions[key.partition]?.awaited[job.id] == nil { partitions[key.partition]?.awaited[job.id] = .now }
            logger.notice("job.lost", metadata: ["job": "\(job.id)", "account": "\(key.account)", "coin": "\(job.coin)"])
        }
    }

    /// Looks for lost jobs of an account that nothing is on its way for, and puts them on record.
    /// - Parameter coins: in which its sleeves and the exchange do not agree.
    /// - Returns: whether the difference may be theirs: there are some, or it is not known yet.
    func restoresLostJobs(in coins: Set<Coin>, _ sleeves: Sleeves, _ key: AccountKey, _ generation: Int) async -> Bool {
        let holdings = sleeves.keys.filter { coins.contains($0.coin) && mayHaveLost($0, key) }
        guard !holdings.isEmpty else { return false }
        let versions = Dictionary(uniqueKeysWithValues: holdings.map { ($0, sleeves[$0]?.version ?? "") })
        var lost: [ExecutionJob] = []
        do {
            try await readTraded(key.account, from: .max, key.partition, generation)
            for holding in holdings {
                if let job = try await lostJob(holding, key) { lost.append(job) }
            }
        } catch {
            logger.warning("account.fills.unread", metadata: ["account": "\(key.account)", "error": "\(error)"])
            return true
        }
        guard partitions[key.partition]?.generation == generation else { return true }
        guard lost.isEmpty else {
            await record(lost: lost, key, generation)
            return true
        }
        partitions[key.partition]?.searched.merge(versions) { $1 }
        return false
    }
}
