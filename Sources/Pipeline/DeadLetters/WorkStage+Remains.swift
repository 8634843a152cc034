import CopyTrading
import RedisStreams

/// Jobs that bring workers down.
extension WorkStage {
    /// Of a job whose order may have been sent: the attempt leaves the journal with the job, and its sleeve is stored as it is known here.
    /// What the order traded is then found by the drift loop, as any trade that is not ours to explain. Until the exchange has been asked
    /// about it nothing new goes out for its account, as ever.
    public func remains(of entry: StreamEntry, partition: Int) -> Remains {
        guard let id = entry.text("id").map(JobID.init), let state = partitions[partition] else { return Remains() }
        guard let record = state.unsettled[id] ?? state.settled[id]?.record else { return askAgain(insteadOf: id, partition) }
        partitions[partition]?.settled[id] = nil
        let holding = HoldingKey(record.subscription, record.coin)
        let sleeve = state.sleeves[holding] ?? .empty
        attend(AccountKey(partition: partition, account: record.account))
        dispatching.signal()
        return Remains(
            attempt: record.json.bytes(), state: [(holding.field, sleeve.isEmpty ? nil : sleeve.json.bytes())], settled: [id.text])
    }

    /// A job of the worker's own making has the same id as long as its sleeve is as it is: one that came to nothing is asked for under another.
    private func askAgain(insteadOf id: JobID, _ partition: Int) -> Remains {
        guard let state = partitions[partition] else { return Remains() }
        let snapshot = config.current()
        for (holding, sleeve) in state.sleeves where !sleeve.position.isZero {
            guard let subscription = snapshot.subscriptions[holding.subscription] else { continue }
            let key = AccountKey(partition: partition, account: subscription.account)
            guard ownJobs(of: holding, sleeve, subscription, key).contains(where: { $0.id == id }) else { continue }
            var sleeve = sleeve
            sleeve.fruitlessExits += 1
            state.sleeves[holding] = sleeve
            return Remains(state: [(holding.field, sleeve.json.bytes())])
        }
        return Remains()
    }
}
