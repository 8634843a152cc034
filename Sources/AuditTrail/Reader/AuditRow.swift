import Postgres

/// One stored entry.
public struct AuditRow: Sendable {
    public var stream: String
    public var entryID: AuditEntryID
    public var kind: AuditKind
    /// The lease under which it was written.
    public var epoch: Int64
    public var seq: Int64?
    /// The entry's fields: by column, or as they came for an entry that does not fit the columns.
    public var fields: [(name: [UInt8], value: [UInt8])]
    public var signal: String?
    public var request: String?
    public var job: String?
    public var subscription: String?
    public var account: String?
    public var cloid: String?
    public var outcome: String?
    var payloadHash: [UInt8]
    var chain: [UInt8]
    /// Since 1970-01-01, UTC.
    var day: Int64
    /// The columns `id` to `data` and ``raw``, as stored.
    var texts: [String?]
    var raw: [UInt8]?

    /// The fields for people: bytes that are not UTF-8 are replaced.
    public var textFields: [(String, String)] {
        fields.map { (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)) }
    }
    /// The value of a field, likewise.
    public subscript(_ name: String) -> String? {
        fields.first { $0.name.elementsEqual(name.utf8) }.map { String(decoding: $0.value, as: UTF8.self) }
    }
    /// The entry's JSON.
    public var data: String? { self["data"] }

    var links: [String?] { [signal, request, job, subscription, account, cloid, outcome] }
    var entry: AuditEntry {
        AuditEntry(stream: stream, entryMilliseconds: entryID.milliseconds, entrySequence: entryID.sequence, fields: fields)
    }
}

extension AuditRow {
    /// What ``init(_:)`` reads.
    static let columns = """
        stream, entry_ms, entry_seq, kind, epoch, seq, id, subscriber, influencer, coin, action, trace, data, raw,
        signal_id, request_id, job_id, subscription, account, cloid, outcome, payload_hash, chain,
        day - date '1970-01-01'
        """

    /// - Parameter row: of a binary result.
    init(_ row: PostgresRow) throws(PostgresError) {
        stream = try row.text(0)
        entryID = AuditEntryID(milliseconds: try row.integer(1), sequence: try row.integer(2))
        kind = AuditKind(name: try row.text(3))
        epoch = try row.integer(4)
        let seq = try row.maybeInteger(5)
        self.seq = seq
        var texts: [String?] = []
        for column in 6...12 { texts.append(try row.maybeText(column)) }
        self.texts = texts
        raw = try row.maybeBytes(13)
        if let raw {
            fields = AuditFields.decode(raw: raw) ?? []
        } else {
            fields = zip(AuditFields.columns, [seq.map { String($0) }] + texts).compactMap { name, value in
                value.map { (name: Array(name.utf8), value: Array($0.utf8)) }
            }
        }
        signal = try row.maybeText(14)
        request = try row.maybeText(15)
        job = try row.maybeText(16)
        subscription = try row.maybeText(17)
        account = try row.maybeText(18)
        cloid = try row.maybeText(19)
        outcome = try row.maybeText(20)
        payloadHash = try row.bytes(21)
        chain = try row.bytes(22)
        day = try row.integer(23)
    }

    /// What the writer would make of the entry now.
    var recomputed: AuditRecord { AuditRecord(entry, kind: AuditKind(stream: stream)) }

    /// The stored columns that are not what the entry's fields and its id give; empty for an intact row.
    func alteredColumns(_ record: AuditRecord) -> [String] {
        var altered: [String] = []
        if Int64(record.entryID.day) != day { altered.append("day") }
        if record.kind != kind { altered.append("kind") }
        if record.seq != seq { altered.append("seq") }
        if record.raw != raw { altered.append("raw") }
        for (index, name) in AuditFields.columns.dropFirst().enumerated() where record.texts[index] != texts[index] { altered.append(name) }
        for (index, name) in Self.linkColumns.enumerated() where record.links.columns[index] != links[index] { altered.append(name) }
        if record.payloadHash != payloadHash { altered.append("payload_hash") }
        return altered
    }

    private static let linkColumns = ["signal_id", "request_id", "job_id", "subscription", "account", "cloid", "outcome"]
}
