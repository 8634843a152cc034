/// A batch in the stream's order, parsed and hashed: what can be done before the transaction.
struct PreparedBatch: Sendable {
    let stream: String
    let epoch: Int64
    /// By rising entry id, none twice.
    let records: [AuditRecord]
    /// Entries that were given twice.
    let repeated: Int

    /// The batches that have entries, by name of stream, which is the order their watermarks are locked in.
    static func prepare(_ batches: [AuditBatch]) throws(AuditError) -> [PreparedBatch] {
        precondition(Set(batches.map(\.stream)).count == batches.count, "two batches for one stream")
        var prepared: [PreparedBatch] = []
        for batch in batches.sorted(by: { $0.stream < $1.stream }) where !batch.entries.isEmpty {
            prepared.append(try PreparedBatch(batch))
        }
        return prepared
    }

    private init(_ batch: AuditBatch) throws(AuditError) {
        stream = batch.stream
        epoch = batch.epoch
        let kind = AuditKind(stream: batch.stream)
        var records: [AuditRecord] = []
        records.reserveCapacity(batch.entries.count)
        for entry in batch.entries {
            precondition(entry.stream == batch.stream, "an entry of \(entry.stream) in a batch of \(batch.stream)")
            guard (0...AuditEntryID.maximumMilliseconds).contains(entry.entryMilliseconds), entry.entrySequence >= 0 else {
                throw .invalidEntry(stream: entry.stream, entry: entry.entryID)
            }
            records.append(AuditRecord(entry, kind: kind))
        }
        // Streams are read in order, so this is rarely more than a look.
        if !zip(records, records.dropFirst()).allSatisfy({ $0.entryID < $1.entryID }) { records.sort { $0.entryID < $1.entryID } }
        var distinct: [AuditRecord] = []
        distinct.reserveCapacity(records.count)
        for record in records {
            guard let last = distinct.last, last.entryID == record.entryID else {
                distinct.append(record)
                continue
            }
            guard last.payloadHash == record.payloadHash else { throw .conflict(stream: batch.stream, entry: record.entryID) }
        }
        self.records = distinct
        repeated = records.count - distinct.count
    }
}
