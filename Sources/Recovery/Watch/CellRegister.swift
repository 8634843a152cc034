import Foundation
import Postgres
import RedisStreams

/// The cells as Postgres knows them.
public struct CellRegister: Sendable {
    private let postgres: PostgresConnection
    /// `vibe:{c0}`.
    let cell: String
    private let prefix: String

    public init(_ postgres: PostgresConnection, keys: Keys) {
        self.postgres = postgres
        prefix = keys.key("")
        cell = keys.cellName
    }

    /// What is known of the cell, for people; `nil`: nothing.
    public func halt() async throws(PostgresError) -> String? {
        let rows = try await postgres.query("SELECT coalesce(reason, '') AS reason FROM cells WHERE cell = $1 AND state = 'halted'", [.text(cell)])
        return try rows.first?.text("reason")
    }

    /// When the newest checkpoint was taken, Redis time in milliseconds: a recovery reads what came after it. `nil`: there is none.
    public func checkpointTime() async throws(PostgresError) -> Int64? {
        try await postgres.query("SELECT max(taken_ms) AS taken FROM cell_checkpoints WHERE cell = $1", [.text(cell)]).first?.maybeInteger("taken")
    }

    /// What is on record of a cell at one moment. Redis must be looked at after it was read: the record of a running fleet grows.
    struct Record: Sendable {
        var row: CellVerdict.Row?
        /// Stream (`execution_jobs:03`) → its last number.
        var numbers: [String: Int64]
    }

    /// Auditors of earlier leases are fenced first: what only they have seen must not reach the record after it was compared.
    /// - Parameter fence: ``CellSight/fence``.
    func read(fencingBelow fence: Int64) async throws -> Record {
        let (cell, prefix) = (cell, prefix)
        return try await postgres.transaction { connection in
            let marks = try connection.query(
                "SELECT stream, coalesce(last_seq, 0) AS seq FROM audit_watermarks WHERE starts_with(stream, $1) ORDER BY stream FOR UPDATE",
                [.text(prefix)])
            try Self.fence(prefix, below: fence, on: connection)
            var record = Record(row: try Self.row(cell, on: connection), numbers: [:])
            for mark in marks { record.numbers[String(try mark.text("stream").dropFirst(prefix.count))] = try mark.integer("seq") }
            return record
        }
    }

    /// The incarnation of a new cell, the same for all that ask at once.
    func introduce() async throws -> String {
        let cell = cell
        return try await postgres.transaction { connection in
            try connection.execute(
                "INSERT INTO cells (cell, incarnation, state) VALUES ($1, $2, 'new') ON CONFLICT DO NOTHING",
                [.text(cell), .text(UUID().uuidString.lowercased())])
            return try Self.row(cell, on: connection)?.incarnation ?? ""
        }
    }

    /// Halts the cell, unless it has become another since `row` was read.
    /// - Returns: whether it is halted.
    func halt(reason: String, unlessChangedFrom row: CellVerdict.Row?) async throws -> Bool {
        let cell = cell
        return try await postgres.transaction { connection in
            guard try Self.row(cell, on: connection)?.incarnation == row?.incarnation else { return false }
            try Self.halt(cell, reason, on: connection)
            return true
        }
    }

    /// Nothing runs in the cell from now on that looks here.
    func halt(reason: String) async throws {
        let cell = cell
        try await postgres.transaction { connection in try Self.halt(cell, reason, on: connection) }
    }

    /// More than leases of one partition are taken between two entries that its auditors write.
    private static let takenSince: Int64 = 1_000

    /// Auditors of leases from until now write nothing more, also those that a Redis which was lost has forgotten.
    /// - Parameter fence: ``CellSight/fence``.
    func fenceAuditors(below fence: Int64) async throws {
        let prefix = prefix
        try await postgres.transaction { connection in
            let marks = try connection.query(
                "SELECT epoch FROM audit_watermarks WHERE starts_with(stream, $1) ORDER BY stream FOR UPDATE", [.text(prefix)])
            let highest = try marks.map { try $0.integer("epoch") }.max() ?? 0
            try Self.fence(prefix, below: max(fence, highest + Self.takenSince), on: connection)
        }
    }

    /// The cell runs as this incarnation; the last step, after which every process may work.
    func run(incarnation: String) async throws(PostgresError) {
        try await postgres.execute(
            """
            INSERT INTO cells (cell, incarnation, state) VALUES ($1, $2, 'running')
            ON CONFLICT (cell) DO UPDATE SET incarnation = $2, state = 'running', reason = NULL, changed_at = now()
            """, [.text(cell), .text(incarnation)])
    }

    /// A new cell's incarnation stands in Redis; nothing when the cell is no longer new.
    func begun() async throws(PostgresError) {
        try await postgres.execute("UPDATE cells SET state = 'running', changed_at = now() WHERE cell = $1 AND state = 'new'", [.text(cell)])
    }

    private static func halt(_ cell: String, _ reason: String, on connection: isolated PostgresConnection) throws {
        try connection.execute(
            """
            INSERT INTO cells (cell, incarnation, state, reason) VALUES ($1, '', 'halted', $2)
            ON CONFLICT (cell) DO UPDATE SET state = 'halted', reason = $2, changed_at = now()
            """, [.text(cell), .text(reason)])
    }

    private static func fence(_ prefix: String, below fence: Int64, on connection: isolated PostgresConnection) throws {
        try connection.execute(
            "UPDATE audit_watermarks SET epoch = $2::bigint WHERE starts_with(stream, $1) AND epoch < $2::bigint", [.text(prefix), .integer(fence)])
    }

    private static func row(_ cell: String, on connection: isolated PostgresConnection) throws -> CellVerdict.Row? {
        let rows = try connection.query("SELECT incarnation, state, reason FROM cells WHERE cell = $1 FOR UPDATE", [.text(cell)])
        guard let row = rows.first, let state = CellVerdict.Row.State(rawValue: try row.text("state")) else { return nil }
        return CellVerdict.Row(incarnation: try row.text("incarnation"), state: state, reason: try row.maybeText("reason"))
    }
}
