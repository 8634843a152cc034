import Postgres

/// A request, and what the planner made of it.
public struct AuditDecision: Sendable {
    public var request: AuditRow
    /// Its jobs, and its results that have no order: the planner's, and those of jobs that a worker skipped. Oldest first.
    public var answers: [AuditRow]
}

extension AuditReader {
    /// Tells the planner that entries will be looked up by their signals. Without statistics (a table just filled) it takes each for a
    /// large part of the table, and reads whole days for every page.
    public func prepareForLookups() async throws(PostgresError) { try await connection.execute(script: "SET enable_seqscan = off") }

    /// The requests published on a day with what was decided about them, a page at a time: one stream after the other, each in its
    /// order, which is the order they were decided in.
    /// - Parameter day: days since 1970-01-01, UTC.
    public func forEachDecision(on day: Int32, size: Int = 500, _ body: ([AuditDecision]) async throws -> Void) async throws {
        for stream in try await streams(of: .requests) {
            try await forEachPage(ofStream: stream, on: day, size: size) { requests in
                // A signal has requests in many streams; an answer may be of a later day.
                let rows = try await connection.query(
                    """
                    SELECT \(AuditRow.columns) FROM audit_entries
                    WHERE signal_id = ANY ($1::text[]) AND request_id = ANY ($2::text[]) AND day >= date '1970-01-01' + $3::int
                        AND (kind = 'execution_jobs' OR kind = 'execution_results' AND cloid IS NULL)
                    ORDER BY entry_ms, entry_seq
                    """,
                    [
                        .texts(Set(requests.compactMap(\.signal))), .texts(requests.compactMap(\.request)), .integer(Int64(day)),
                    ], results: .binary)
                var answers: [String: [AuditRow]] = [:]
                for row in rows {
                    let row = try AuditRow(row)
                    if let request = row.request { answers[request, default: []].append(row) }
                }
                try await body(requests.map { AuditDecision(request: $0, answers: $0.request.flatMap { answers[$0] } ?? []) })
            }
        }
    }

    /// Requests published on a day.
    /// - Parameter day: days since 1970-01-01, UTC.
    public func requestCount(on day: Int32) async throws(PostgresError) -> Int {
        let rows = try await connection.query(
            "SELECT count(*) AS n FROM audit_entries WHERE stream = ANY ($1::text[]) AND day = date '1970-01-01' + $2::int",
            [.texts(try await streams(of: .requests)), .integer(Int64(day))])
        return Int(try rows[0].integer("n"))
    }

    /// The days that have requests, oldest first: days since 1970-01-01, UTC.
    public func requestDays() async throws(PostgresError) -> [Int32] {
        let rows = try await connection.query(
            """
            SELECT held.day - date '1970-01-01' AS day
            FROM (
                SELECT to_date(right(child.relname, 8), 'YYYYMMDD') AS day
                FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid WHERE inhparent = 'audit_entries'::regclass
            ) AS held
            CROSS JOIN LATERAL (
                SELECT FROM audit_entries AS entry WHERE entry.day = held.day AND entry.stream = ANY ($1::text[]) LIMIT 1
            ) AS found
            ORDER BY 1
            """, [.texts(try await streams(of: .requests))])
        return try rows.map { row throws(PostgresError) in Int32(try row.integer("day")) }
    }
}
