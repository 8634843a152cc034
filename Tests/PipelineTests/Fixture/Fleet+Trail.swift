import AuditTrail
import ConfigStore
import CopyTrading
import Postgres
import Recovery
import Redis
import RedisStreams

/// The audit trail made to be as it might have been.
extension Fleet {
    /// All roles end at once.
     func endRoles() async throws {
        let all = roles.withLock { $0 }
        for role in all { role.kill() }
        for role in all { await role.ended() }
        roles.withLock { $0 = [] }
    }

    func followedSince() async throws -> [InfluencerID: Int64] {
        let config = ConfigStore(url: database, logger: log.logger("followed"))
        return try await config.followedSince()
    }

    /// What takes checkpoints, for a test to ask.
    func checkpoints() -> CheckpointKeeper {
        let logger = log.logger("checkpoints")
        return CheckpointKeeper(
            redis: observer, postgres: PostgresConnection(url: database, name: "checkpoints", logger: logger), keys: keys, partitioning: partitioning,
            logger: logger)
    }

    /// The trail and the checkpoint as they are now, to be brought back.
    func saveTrail(as name: String) async throws {
        for table in Self.trail {
            try await postgresObserver.execute("DROP TABLE IF EXISTS \(table)_\(name)")
            try await postgresObserver.execute("CREATE TABLE \(table)_\(name) AS SELECT * FROM \(table)")
        }
    }

    func restoreTrail(_ name: String, only tables: [String] = Fleet.trail) async throws {
        for table in tables {
            try await postgresObserver.execute("DELETE FROM \(table)")
            try await postgresObserver.execute("INSERT INTO \(table) SELECT * FROM \(table)_\(name)")
        }
    }

    static let trail = ["audit_entries", "audit_watermarks", "cell_checkpoints"]

    /// As if the auditors of each stream had lagged, each by something else: of every stream only a beginning is on record.
    /// - Parameter floors: stream → what is kept of it at least.
    func forget(seed: UInt64, above floors: [String: AuditEntryID] = [:]) async throws {
        var generator = Seeded(state: seed)
        for stream in try await AuditReader(postgresObserver).streams() {
            let rows = try await postgresObserver.query(
                "SELECT entry_ms, entry_seq, seq, encode(chain, 'hex') AS chain FROM audit_entries WHERE stream = $1 ORDER BY entry_ms, entry_seq",
                [.text(stream)])
            guard !rows.isEmpty else { continue }
            // of a leader of whom nothing is on record nothing is known
            let floor = floors[stream] ?? .zero
            let least = try rows.count { try AuditEntryID(milliseconds: $0.integer("entry_ms"), sequence: $0.integer("entry_seq")) <= floor }
            let kept = Int.random(in: max(least, AuditKind(stream: stream) == .signals ? 1 : 0)...rows.count, using: &generator)
            let last = kept == 0 ? nil : rows[kept - 1]
            let (milliseconds, sequence) = (try last?.integer("entry_ms") ?? 0, try last?.integer("entry_seq") ?? 0)
            try await postgresObserver.execute(
                "DELETE FROM audit_entries WHERE stream = $1 AND (entry_ms, entry_seq) > ($2::bigint, $3::bigint)",
                [.text(stream), .integer(milliseconds), .integer(sequence)])
            try await postgresObserver.execute(
                """
                UPDATE audit_watermarks SET last_entry_ms = $2::bigint, last_entry_seq = $3::bigint, last_seq = $4::bigint, chain = decode($5, 'hex')
                WHERE stream = $1
                """,
                [
                    .text(stream), .integer(milliseconds), .integer(sequence), .integer(orNull: try last?.integer("seq")),
                    .text(try last?.text("chain") ?? String(repeating: "0", count: 64)),
                ])
        }
    }
}

/// The same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
