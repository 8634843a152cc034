import CopyTrading
import Postgres

/// Reads the audit trail: stories for people, proofs for `vibe verify`.
///
/// What can be large is handed out in pages. The methods look at the table one after the other and not at one snapshot, so counts of
/// a fleet that is at work differ by what happened between.
public struct AuditReader: Sendable {
    let connection: PostgresConnection

    /// - Parameter connection: with an answer time-out that suits counting a large table.
    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// Tells the planner that whole tables will be compared. Without statistics (a table just filled) it takes them for small, and
    /// compares each row with each.
    public func prepareForWholeScans() async throws(PostgresError) {
        try await connection.execute(
            script: "SET enable_seqscan = on; SET enable_hashjoin = on; SET enable_mergejoin = on; SET enable_nestloop = off; SET work_mem = '128MB'")
    }

    /// SQL for a member of a JSON column as an integer, `NULL` for anything that is none: a bad row must not fail a whole check.
    static func integer(_ column: String, _ member: String) -> String {
        "CASE WHEN \(column) ->> '\(member)' ~ '^-?[0-9]{1,18}$' THEN (\(column) ->> '\(member)')::bigint END"
    }

    /// Every stream that has rows or a watermark.
    public func streams() async throws(PostgresError) -> [String] {
        try await connection.query("SELECT stream FROM audit_watermarks UNION SELECT DISTINCT stream FROM audit_entries ORDER BY 1")
            .map { row throws(PostgresError) in try row.text("stream") }
    }

    /// The rows of one stream in its order, a page at a time.
    /// - Parameters:
    ///   - day: only this one's, days since 1970-01-01, UTC.
    ///   - after: only what comes behind this entry.
    public func forEachPage(
        ofStream stream: String, on day: Int32? = nil, after: AuditEntryID? = nil, size: Int = 2_000, _ body: ([AuditRow]) async throws -> Void
    ) async throws {
        var last = after ?? day.map { AuditEntryID.before(day: $0) } ?? AuditEntryID(milliseconds: -1, sequence: 0)
        let lastDay = day ?? AuditEntryID(milliseconds: AuditEntryID.maximumMilliseconds, sequence: 0).day
        while true {
            let rows = try await connection.query(
                """
                SELECT \(AuditRow.columns) FROM audit_entries
                WHERE stream = $1 AND (entry_ms, entry_seq) > ($2::bigint, $3::bigint) AND day >= date '1970-01-01' + $4::int
                    AND day <= date '1970-01-01' + $5::int
                ORDER BY entry_ms, entry_seq LIMIT $6::bigint
                """,
                [
                    .text(stream), .integer(last.milliseconds), .integer(last.sequence), .integer(Int64(last.day)),
                    .integer(Int64(lastDay)), .integer(Int64(size)),
                ], results: .binary
            ).map { row throws(PostgresError) in try AuditRow(row) }
            if let end = rows.last { last = end.entryID }
            if !rows.isEmpty { try await body(rows) }
            guard rows.count == size else { return }
        }
    }

    /// The rows of all streams of one stage, a page at a time: one stream after the other, each in its order.
    public func forEachPage(of kind: AuditKind, size: Int = 2_000, _ body: ([AuditRow]) async throws -> Void) async throws {
        for stream in try await streams(of: kind) { try await forEachPage(ofStream: stream, size: size, body) }
    }

    /// By their watermarks: looking for streams in the rows themselves reads all days. `vibe verify` names rows without a watermark.
    func streams(of kind: AuditKind) async throws(PostgresError) -> [String] {
        try await connection.query("SELECT stream FROM audit_watermarks ORDER BY 1")
            .map { row throws(PostgresError) in try row.text("stream") }
            .filter { AuditKind(stream: $0) == kind }
    }
}
