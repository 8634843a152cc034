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

    /// Needs Postgres, which numbers all settings: while it is away nothing new is latched, by a process or a person, and what is latched
    /// holds on.
    public func tighten(_ scope: LatchScope, to level: KillLevel, reason: String, by: String) async throws {
        _ = try await insert(scope, level, reason, by, onlyTighter: true)
    }

    /// By a person, who may loosen too. First into Postgres: what Redis misses is found there by every process.
    /// - Parameter at: of the provisional latch that it follows, which it is then the same as; `nil` now.
    @discardableResult
    public func set(_ scope: LatchScope, to level: KillLevel, reason: String, by: String, at: Int64? = nil) async throws -> Latch {
        guard let latch = try await insert(scope, level, reason, by, at: at, onlyTighter: false) else {
            preconditionFailure("a setting is always stored")
        }
        try await table.dropProvisional(scope: scope.text)
        return latch
    }

    /// In force for every process within a moment, whatever becomes of Postgres; on record once ``set(_:to:reason:by:)`` or
    /// ``record(_:)`` has put it there. It can only tighten: what is latched beside it holds as well.
    /// - Parameter at: milliseconds since 1970.
    public func tightenProvisionally(_ scope: LatchScope, to level: KillLevel, reason: String, by: String, at: Int64) async throws(RedisError) -> Latch {
        let latch = Latch(id: 0, scope: scope, level: level, reason: reason, by: by, at: at)
        try await table.publishProvisionally(scope: scope.text, level: level.rawValue, record: latch.json.bytes())
        return latch
    }

    /// Takes back exactly this provisional latch.
    public func withdraw(_ latch: Latch) async throws(RedisError) { try await table.settle(scope: latch.scope.text, record: latch.json.bytes()) }

    /// Puts on record what is provisional.
    public func record(_ provisional: [Latch]) async throws {
        for latch in provisional {
            _ = try await insert(latch.scope, latch.level, latch.reason, latch.by, at: latch.at, onlyTighter: true)
            try await withdraw(latch)
        }
    }

    /// `nil` when it would not tighten.
    private func insert(_ scope: LatchScope, _ level: KillLevel, _ reason: String, _ by: String, at: Int64? = nil, onlyTighter: Bool) async throws -> Latch? {
        let latch: Latch? = try await postgres.transaction { connection in
            // Two that tighten at once must see each other's.
            _ = try connection.query("SELECT pg_advisory_xact_lock(hashtext('latches'))")
            if onlyTighter {
                let rows = try connection.query("SELECT level::bigint AS level FROM latches WHERE scope = $1 ORDER BY id DESC LIMIT 1", [.text(scope.text)])
                if let known = try rows.first?.integer("level"), known >= Int64(level.rawValue) { return nil }
            }
            let rows = try connection.query(
                """
                INSERT INTO latches (scope, level, reason, set_by, set_at)
                VALUES ($1, $2::bigint, $3, $4, coalesce(to_timestamp($5::bigint / 1000.0), now())) RETURNING \(Self.columns)
                """,
                [.text(scope.text), .integer(Int64(level.rawValue)), .text(reason), .text(by), at.map { .integer($0) } ?? .null])
            return try Self.latch(rows[0])
        }
        if let latch { try await publish(latch) }
        return latch
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
