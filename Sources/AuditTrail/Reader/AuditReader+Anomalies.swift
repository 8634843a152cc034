import Postgres

/// The same thing stored twice, where once is right.
public struct AuditDuplicate: Sendable, Equatable {
    /// `signal`, `request`, `job`, `result` (by job) or `order` (a cloid in two results).
    public var what: String
    public var id: String
    public var count: Int
}

/// An entry whose cause is not stored.
public struct AuditOrphan: Sendable, Equatable {
    public var stream: String
    public var entry: AuditEntryID
    public var kind: AuditKind
    /// The request (or signal, for a request) that is missing; `nil` when the entry names none.
    public var cause: String?
}

/// An order sent after one of the same account and coin that was queued behind it.
public struct AuditReorder: Sendable, Equatable {
    public var account: String
    public var coin: String
    public var job: String
    public var cloid: String
    /// Place of the order's job in its stream, and the highest place among orders sent earlier.
    public var seq: Int64
    public var overtakenBy: Int64
}

extension AuditReader {
    /// Signals, requests, jobs, results and orders that are there more than once. A dead letter that went round again says so.
    public func duplicates(limit: Int = 100) async throws(PostgresError) -> [AuditDuplicate] {
        let kinds = [
            ("signal", "signal_id", AuditKind.signals), ("request", "request_id", .requests), ("job", "job_id", .jobs),
            ("result", "job_id", .results), ("order", "cloid", .results),
        ]
        let parts = kinds.map { what, column, kind in
            """
            SELECT '\(what)' AS what, \(column) AS id, count(*) AS n FROM audit_entries
            WHERE kind = '\(kind.name)' AND \(column) IS NOT NULL GROUP BY \(column) HAVING count(*) > 1
            """
        }
        let rows = try await connection.query(
            """
            WITH again AS (
                SELECT data ->> 'again' AS id, count(*) AS n FROM audit_entries
                WHERE kind = 'interventions' AND data ->> 'as' = 'requeued' GROUP BY 1
            ), found AS (
                SELECT what, id, found.n - coalesce(again.n, 0) AS n, row_number() OVER (PARTITION BY what ORDER BY id) AS place
                FROM (\(parts.joined(separator: " UNION ALL "))) AS found LEFT JOIN again USING (id)
                WHERE found.n - coalesce(again.n, 0) > 1
            )
            SELECT what, id, n FROM found WHERE place <= $1::bigint
            """, [.integer(Int64(limit))])
        return try rows.map { row throws(PostgresError) in
            AuditDuplicate(what: try row.text("what"), id: try row.text("id"), count: Int(try row.integer("n")))
        }
    }

    /// Requests without their signal, jobs and results without their request.
    public func orphans(limit: Int = 100) async throws(PostgresError) -> [AuditOrphan] {
        let rows = try await connection.query(
            """
            (SELECT stream, entry_ms, entry_seq, kind, signal_id AS cause FROM audit_entries AS entry
            WHERE kind = 'execution_requests' AND NOT EXISTS (
                SELECT FROM audit_entries AS cause WHERE cause.kind = 'influencer_signals' AND cause.signal_id = entry.signal_id)
            LIMIT $1::bigint)
            UNION ALL
            (SELECT stream, entry_ms, entry_seq, kind, request_id FROM audit_entries AS entry
            WHERE kind IN ('execution_jobs', 'execution_results') AND request_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM audit_entries AS cause WHERE cause.kind = 'execution_requests' AND cause.request_id = entry.request_id)
            LIMIT $1::bigint)
            UNION ALL
            -- What a worker made by itself has no request and says so.
            (SELECT stream, entry_ms, entry_seq, kind, request_id FROM audit_entries AS entry
            WHERE kind IN ('execution_jobs', 'execution_results') AND request_id IS NULL AND data ->> 'origin' IS NULL
            LIMIT $1::bigint)
            """, [.integer(Int64(limit))], results: .binary)
        return try rows.map { row throws(PostgresError) in
            AuditOrphan(
                stream: try row.text(0), entry: AuditEntryID(milliseconds: try row.integer(1), sequence: try row.integer(2)),
                kind: AuditKind(name: try row.text(3)), cause: try row.maybeText(4))
        }
    }

    /// Orders that overtook another of their lane. Within a lane (account, coin) jobs are queued in one stream, so the numbers of the
    /// jobs, in the order their orders were sent, must rise; orders sent in one action share a time and are equals.
    public func reorders(limit: Int = 100) async throws(PostgresError) -> [AuditReorder] {
        let sent = Self.integer("result.data", "sentUs")
        let rows = try await connection.query(
            """
            SELECT account, coin, job_id, cloid, seq, earlier FROM (
                SELECT job.account, job.coin, job.job_id, result.cloid, job.seq,
                    max(job.seq) OVER (PARTITION BY job.stream, job.account, job.coin ORDER BY \(sent)
                        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
                FROM audit_entries AS result JOIN audit_entries AS job ON job.job_id = result.job_id AND job.kind = 'execution_jobs'
                WHERE result.kind = 'execution_results' AND result.cloid IS NOT NULL AND \(sent) > 0
                    -- of a dead letter that went round again the last place counts
                    AND NOT EXISTS (
                        SELECT FROM audit_entries AS later
                        WHERE later.job_id = job.job_id AND later.kind = 'execution_jobs' AND later.seq > job.seq)
            ) AS sent
            WHERE earlier > seq ORDER BY account, coin, seq LIMIT $1::bigint
            """, [.integer(Int64(limit))])
        return try rows.map { row throws(PostgresError) in
            AuditReorder(
                account: try row.text("account"), coin: try row.text("coin"), job: try row.text("job_id"), cloid: try row.text("cloid"),
                seq: try row.integer("seq"), overtakenBy: try row.integer("earlier"))
        }
    }
}
