import CopyTrading
import JSON
import Postgres
import Redis
import RedisStreams

/// Where the kill switch is latched: in Postgres, which keeps every setting ever made, and in Redis, where every process sees it within a
/// moment.
public struct LatchStore: LatchSetter {
    private let table: LatchTable
    private let postgres: PostgresConnection

    public init(table: LatchTable, postgres: PostgresConnection) {
        self.table = table
        self.postgres = postgres
    }

    private static let columns = "id, scope, level::bigint AS level, reason, set_by, (extract(epoch FROM set_at) * 1000)::bigint AS at"

    /// The newest of each scope.
    public func stored() async throws -> [Latch] {
        let rows = try await postgres.query("SELECT DISTINCT ON (scope) \(Self.columns) FROM latches ORDER BY scope, id DESC")
        return try rows.map(Self.latch)
    }

    /// As in Redis; a record that cannot be read is an error.
    public func published() async throws -> (onRecord: [Latch], provisional: [Latch]) {
        let records = try await table.records()
        return (try records.settled.map { try Latch(json: JSON.parse($0)) }, try records.provisional.map { try Latch(json: JSON.parse($0)) })
    }

    public func publish(_ latch: Latch) async throws(RedisError) {
        try await table.publish(scope: latch.scope.text, id: latch.id, record: latch.json.bytes())
    }

    /// On record first, as Postgres numbers all settings; while it is away provisionally.
    public func tighten(_ scope: LatchScope, to level: KillLevel, reason: String, by: String) async throws {
        do {
            let latch: Latch? = try await transaction { connection in
                if let known = try Self.newest(scope, connection), known.level >= level { return nil }
                return try Self.insert(scope, level, reason, by, connection)
            }
            if let latch { try await publish(latch) }
        } catch PostgresError.unavailable {
            guard try await !published().onRecord.contains(where: { $0.scope == scope && $0.level >= level }) else { return }
            _ = try await tightenProvisionally(scope, to: level, reason: reason, by: by, at: try await table.now())
        }
    }

    /// By a person, who may loosen too, and replaces what is provisional of the scope. First into Postgres: what Redis misses is found
    /// there by every process.
    /// - Parameter at: of the provisional latch that it follows, which it is then the same as; `nil` now.
    @discardableResult
    public func set(_ scope: LatchScope, to level: KillLevel, reason: String, by: String, at: Int64? = nil) async throws -> Latch {
        let replaced = await published(scope)
        let latch = try await transaction { connection in
            try Self.insert(scope, level, reason, by, at: at, settling: try? replaced.get()?.at, connection)
        }
        try await publish(latch)
        if let replaced = try replaced.get() { try await withdraw(replaced) }
        return latch
    }

    private func published(_ scope: LatchScope) async -> Result<Latch?, any Error> {
        do { return .success(try await published().provisional.first { $0.scope == scope }) } catch { return .failure(error) }
    }

    /// In force for every process within a moment, whatever becomes of Postgres; on record once ``set(_:to:reason:by:at:)`` or
    /// ``record(_:)`` has put it there. It can only tighten: what is latched beside it holds as well.
    /// - Parameter at: milliseconds since 1970.
    public func tightenProvisionally(_ scope: LatchScope, to level: KillLevel, reason: String, by: String, at: Int64) async throws(RedisError) -> Latch {
        let latch = Latch(id: 0, scope: scope, level: level, reason: reason, by: by, at: at)
        try await table.publishProvisionally(scope: scope.text, level: level.rawValue, record: latch.json.bytes())
        return latch
    }

    /// Takes back exactly this provisional latch.
    public func withdraw(_ latch: Latch) async throws(RedisError) { try await table.settle(scope: latch.scope.text, record: latch.json.bytes()) }

    /// Puts on record what is provisional, or was when it was read: what is settled by now stays as it is.
    public func record(_ provisional: [Latch]) async throws {
        for latch in provisional {
            let recorded: Latch? = try await transaction { connection in
                let settled = try connection.query(
                    "SELECT FROM latches WHERE scope = $1 AND settles = to_timestamp($2::bigint / 1000.0)", [.text(latch.scope.text), .integer(latch.at)])
                guard settled.isEmpty else { return nil }
                let known = try Self.newest(latch.scope, connection)
                let strictest = if let known, known.level >= latch.level { known } else { latch }
                return try Self.insert(
                    strictest.scope, strictest.level, strictest.reason, strictest.by, at: strictest.at, settling: latch.at, connection)
            }
            if let recorded { try await publish(recorded) }
            try await withdraw(latch)
        }
    }

    /// Two at once see each other's.
    private func transaction<Value: Sendable>(_ body: @Sendable (isolated PostgresConnection) throws -> Value) async throws -> Value {
        try await postgres.transaction { connection in
            _ = try connection.query("SELECT pg_advisory_xact_lock(hashtext('latches'))")
            return try body(connection)
        }
    }

    private static func newest(_ scope: LatchScope, _ connection: isolated PostgresConnection) throws -> Latch? {
        try connection.query("SELECT \(columns) FROM latches WHERE scope = $1 ORDER BY id DESC LIMIT 1", [.text(scope.text)]).first.map(latch)
    }

    private static func insert(
        _ scope: LatchScope, _ level: KillLevel, _ reason: String, _ by: String, at: Int64? = nil, settling: Int64? = nil, _ connection: isolated PostgresConnection
    ) throws -> Latch {
        let rows = try connection.query(
            """
            INSERT INTO latches (scope, level, reason, set_by, set_at, settles)
            VALUES ($1, $2::bigint, $3, $4, coalesce(to_timestamp($5::bigint / 1000.0), now()), to_timestamp($6::bigint / 1000.0)) RETURNING \(columns)
            """,
            [
                .text(scope.text), .integer(Int64(level.rawValue)), .text(reason), .text(by), at.map { .integer($0) } ?? .null,
                settling.map { .integer($0) } ?? .null,
            ])
        return try latch(rows[0])
    }

    private static func latch(_ row: PostgresRow) throws -> Latch {
        let (scope, level) = (try row.text("scope"), try row.integer("level"))
        guard let scope = LatchScope(scope), let level = KillLevel(rawValue: Int(level)) else {
            throw JSONError(path: "latches", problem: "scope \"\(scope)\", level \(level) is not known to this version")
        }
        return Latch(
            id: try row.integer("id"), scope: scope, level: level, reason: try row.text("reason"), by: try row.text("set_by"), at: try row.integer("at"))
    }
}
