import AuditTrail
import JSON
import Redis
import RedisStreams

/// One entry of a copy's story, from the audit trail or, where that is not so far yet, from Redis.
struct StoryEntry: Sendable {
    enum Source: String, Sendable { case audit, redis }

    var source: Source
    /// The Redis key.
    var stream: String
    var id: AuditEntryID
    var kind: AuditKind
    var seq: Int64?
    var subscription: String?
    /// The record; `nil` when it cannot be read.
    var data: JSON?
    /// The fields besides the record, for what is no record of ours.
    var fields: [(String, String)]
    /// Who holds it, when it is delivered and not yet acknowledged: `work-1 for 3 s, delivery 2`.
    var held: String?

    init(_ row: AuditRow) {
        source = .audit
        stream = row.stream
        id = row.entryID
        kind = row.kind
        seq = row.seq
        subscription = row.subscription
        data = row.data.flatMap { try? JSON.parse($0) }
        fields = row.textFields.filter { $0.0 != "data" }
    }

    /// - Parameter value: `[id, [name, value, …]]`; `nil` when it is not of that form.
    init?(stream: String, _ value: RedisValue) {
        guard let parts = value.array, parts.count >= 2, let text = parts[0].text, let id = AuditEntryID(text) else { return nil }
        let pairs = parts[1].pairs.compactMapValues(\.text)
        source = .redis
        self.stream = stream
        self.id = id
        kind = AuditKind(stream: stream)
        seq = pairs["seq"].flatMap { Int64($0) }
        data = pairs["data"].flatMap { try? JSON.parse($0) }
        if case .string(let name)? = data?["subscription"] { subscription = name }
        fields = pairs.filter { $0.key != "data" }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func text(_ name: String) -> String? {
        if case .string(let text)? = data?[name] { return text }
        return nil
    }

    /// The ids by which someone may ask for it.
    var names: [String] {
        (fields.filter { $0.0 == "id" || $0.0 == "trace" }.map(\.1) + ["signal", "request", "job", "cloid"].compactMap(text))
    }
}

extension AuditEntryID {
    /// Reads `1700000000000-3`.
    init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let milliseconds = Int64(parts[0]), let sequence = Int64(parts[1]) else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }
}
