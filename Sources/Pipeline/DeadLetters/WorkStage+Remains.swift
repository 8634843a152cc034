import CopyTrading
import RedisStreams

/// Jobs that bring workers down.
extension WorkStage {
    /// Of a job whose order may have been sent: the attempt leaves the journal with the job, and its sleeve is stored as it is known here.
    /// What the order traded is then found by the drift loop, as any trade that is not ours to explain. Until the exchange has been asked
    /// about it nothing new goes out for its account, as ever.
    public func remains(of entry: StreamEntry, partition: Int) -> Remains {
        guard let id = entry.text("id").map(JobID.init), let state = partitions[partition] else { return Remains() }
        guard let record = state.unsettled[id] ?? state.settled[id]?.record else { return Remains() }
        partitions[partition]?.settled[id] = nil
        let holding = HoldingKey(record.subscription, record.coin)
        let sleeve = state.sleeves[holding] ?? .empty
        attention.insert(AccountKey(partition: partition, account: record.account))
        dispatching.signal()
        return Remains(
            attempt: record.json.bytes(), state: [(holding.field, sleeve.isEmpty ? nil : sleeve.json.bytes())], settled: [id.text])
    }
}
