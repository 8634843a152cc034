import AuditTrail
import CopyTrading
import JSON
import Postgres
import RedisStreams

/// What a cell's stages had done and knew when all of it was on record: a recovery begins here and reads what is on record after.
///
/// Every entry that is not named as unfinished had led to all that it must lead to, and that is on record. So what a recovery looks for is
/// among the unfinished entries and those after the checkpoint, and what it folds into positions and lifecycles is after it.
struct Checkpoint: Sendable {
    /// One stream.
    struct Mark: Sendable, Equatable {
        var partition: StreamPartition
        /// The checkpoint holds what was known after this entry.
        var last: AuditEntryID
        /// Entries after this one were not handed to their stage.
        var delivered: AuditEntryID
        /// Were handed to their stage and not finished.
        var pending: [AuditEntryID]
    }

    /// Redis time, milliseconds.
    var takenAt: Int64
    var marks: [Mark]
    /// By partition of accounts: subscription|coin → what it holds.
    var sleeves: [Int: [String: Sleeve]]
    var lifecycles: [Int: [String: Lifecycle]]
    var emitted: [Int: [String]]
    /// The newest of each leader and coin.
    var leaders: [AuditReader.LastSignal]

    /// Where a recovery begins to read.
    func starts(_ keys: Keys) -> [AuditReader.Start] {
        marks.map { AuditReader.Start(stream: keys.stream($0.partition), after: $0.delivered, pending: $0.pending, known: $0.last) }
    }

    // MARK: - Stored

    /// `nil`: there is none, or it is not of this trail.
    /// - Parameter watermarks: how far each stream is on record; less than the checkpoint knows says that the trail is another.
    /// - Throws: `JSONError` for one that cannot be read.
    static func load(
        _ keys: Keys, _ partitioning: Partitioning, watermarks: [String: AuditEntryID], from postgres: PostgresConnection
    ) async throws -> Checkpoint? {
        let rows = try await postgres.query("SELECT part, taken_ms, data::text FROM cell_checkpoints WHERE cell = $1", [.text(keys.cellName)], results: .binary)
        guard let takenAt = try rows.first.map({ row throws(PostgresError) in try row.integer(1) }) else { return nil }
        var checkpoint = Checkpoint(takenAt: takenAt, marks: [], sleeves: [:], lifecycles: [:], emitted: [:], leaders: [])
        for row in rows {
            let part = try row.text(0)
            do { try checkpoint.read(part, JSON.parse(try row.text(2))) } catch let error as JSONError { throw error.inside("cell_checkpoints, \(part)") }
        }
        let known = Set(checkpoint.marks.map(\.partition))
        guard known == Set(partitioning.all), checkpoint.marks.allSatisfy({ $0.last <= watermarks[keys.stream($0.partition)] ?? .zero }) else { return nil }
        return checkpoint
    }

    private mutating func read(_ part: String, _ json: JSON) throws(JSONError) {
        switch part {
        case Self.streamsPart:
            marks = try json.array("streams").map { item throws(JSONError) in try Mark(json: item) }
        case Self.leadersPart:
            leaders = try json.array("signals").map { item throws(JSONError) in try AuditReader.LastSignal(json: item) }
        default:
            guard let index = Self.accountsIndex(part) else { throw JSONError(problem: "\"\(part)\" is not known to this version") }
            sleeves[index] = Dictionary(
                try json.entries("sleeves") { value throws(JSONError) in try Sleeve(json: value) }.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            lifecycles[index] = Dictionary(
                try json.entries("lifecycles") { value throws(JSONError) in try Lifecycle(json: value) }.map { ($0.name, $0.value) },
                uniquingKeysWith: { $1 })
            emitted[index] = try json.list("emitted") { value throws(JSONError) in try value.asString() }
        }
    }

    static let streamsPart = "streams"
    static let leadersPart = "leaders"
    static func accountsPart(_ index: Int) -> String { "accounts:\(twoDigits(index))" }
    private static func accountsIndex(_ part: String) -> Int? { part.hasPrefix("accounts:") ? Int(part.dropFirst(9)) : nil }

    /// Replaces the one before, unless the cell was halted or recovered since.
    /// - Parameter incarnation: whose pictures it was made of.
    /// - Returns: whether it is stored.
    func store(_ keys: Keys, incarnation: String, in postgres: PostgresConnection) async throws -> Bool {
        var parts = [
            (Self.streamsPart, JSON.object([JSON.Member("streams", .array(marks.map(\.json)))])),
            (Self.leadersPart, JSON.object([JSON.Member("signals", .array(leaders.map(\.json)))])),
        ]
        for (index, sleeves) in sleeves {
            parts.append(
                (
                    Self.accountsPart(index),
                    [
                        "sleeves": .object(sleeves.map { JSON.Member($0.key, $0.value.json) }),
                        "lifecycles": .object((lifecycles[index] ?? [:]).map { JSON.Member($0.key, $0.value.json) }),
                        "emitted": .array((emitted[index] ?? []).map(JSON.string)),
                    ]
                ))
        }
        let (cell, takenAt, names, texts) = (keys.cellName, takenAt, parts.map(\.0), parts.map { $0.1.text() })
        return try await postgres.transaction { connection in
            let running = try connection.query(
                "SELECT FROM cells WHERE cell = $1 AND state = 'running' AND incarnation = $2 FOR SHARE", [.text(cell), .text(incarnation)])
            guard !running.isEmpty else { return false }
            try connection.execute("DELETE FROM cell_checkpoints WHERE cell = $1", [.text(cell)])
            try connection.execute(
                """
                INSERT INTO cell_checkpoints (cell, part, taken_ms, data)
                SELECT $1, part, $2::bigint, data::json FROM unnest($3::text[], $4::text[]) AS new (part, data)
                """, [.text(cell), .integer(takenAt), .texts(names), .texts(texts)])
            return true
        }
    }
}

extension Checkpoint.Mark {
    var json: JSON {
        [
            "name": .string(partition.name), "last": .string(last.description), "delivered": .string(delivered.description),
            "pending": .array(pending.map { .string($0.description) }),
        ]
    }

    init(json: JSON) throws(JSONError) {
        let name = try json.string("name")
        guard let partition = StreamPartition(name: name) else { throw JSONError(path: "name", problem: "\"\(name)\" is no stream") }
        self.init(
            partition: partition, last: try json.at("last", Self.id), delivered: try json.at("delivered", Self.id),
            pending: try json.list("pending", Self.id))
    }

    private static func id(_ json: JSON) throws(JSONError) -> AuditEntryID {
        let text = try json.asString()
        guard let id = AuditEntryID(text) else { throw JSONError(problem: "\"\(text)\" is no stream entry's id") }
        return id
    }
}

extension AuditReader.LastSignal {
    var json: JSON {
        ["influencer": .string(influencer), "coin": .string(coin), "id": .string(id.description), "data": .string(data)]
    }

    init(json: JSON) throws(JSONError) {
        let text = try json.string("id")
        guard let id = AuditEntryID(text) else { throw JSONError(path: "id", problem: "\"\(text)\" is no stream entry's id") }
        self.init(influencer: try json.string("influencer"), coin: try json.string("coin"), id: id, data: try json.string("data"))
    }
}
