import CopyTrading
import Postgres

/// What was under way in a cell when its Redis was lost, as far as it is on record. Of each stream's partition a contiguous beginning is
/// stored; different partitions lag differently, so what an entry led to may be stored without it. Looks at `recent_entries`.
extension AuditReader {
    /// How far each stream of a cell is written.
    /// - Parameter prefix: of the cell's keys.
    public func watermarks(_ prefix: String) async throws(PostgresError) -> [String: (last: AuditEntryID, lastSeq: Int64, epoch: Int64)] {
        let rows = try await connection.query(
            "SELECT stream, last_entry_ms, last_entry_seq, coalesce(last_seq, 0), epoch FROM audit_watermarks WHERE starts_with(stream, $1)", [.text(prefix)],
            results: .binary)
        var marks: [String: (last: AuditEntryID, lastSeq: Int64, epoch: Int64)] = [:]
        for row in rows {
            marks[try row.text(0)] = (AuditEntryID(milliseconds: try row.integer(1), sequence: try row.integer(2)), try row.integer(3), try row.integer(4))
        }
        return marks
    }

    /// Jobs without a result, by stream, in its order.
    /// - Parameter day: no older ones; days since 1970-01-01, UTC.
    public func unansweredJobs(_ prefix: String, since day: Int32) async throws(PostgresError) -> [AuditRow] {
        try await rows(
            """
            SELECT \(AuditRow.columns) FROM recent_entries AS entry
            WHERE kind = 'execution_jobs' AND starts_with(stream, $1) AND \(Self.since) AND NOT EXISTS (
                SELECT FROM recent_entries AS answer
                WHERE answer.kind = 'execution_results' AND answer.job_id = entry.job_id AND answer.\(Self.since))
            ORDER BY stream, entry_ms, entry_seq
            """, prefix, day)
    }

    /// Results of jobs that are not stored, by stream, in its order; what exchange or planner ended had none, nor need what an operator
    /// dropped. A job that was a dead letter meanwhile may be older than what is recent.
    public func answersWithoutJob(_ prefix: String, since day: Int32) async throws(PostgresError) -> [AuditRow] {
        try await rows(
            """
            SELECT \(AuditRow.columns) FROM recent_entries AS entry
            WHERE kind = 'execution_results' AND starts_with(stream, $1) AND \(Self.since) AND data -> 'decision' IS NULL
                AND (data ->> 'origin' IS NULL OR data ->> 'origin' IN (\(Self.queued))) AND outcome IS DISTINCT FROM '\(Outcome.dropped.rawValue)'
                AND NOT EXISTS (
                    SELECT FROM recent_causes AS job WHERE job.kind = 'execution_jobs' AND job.job_id = entry.job_id)
            ORDER BY stream, entry_ms, entry_seq
            """, prefix, day)
    }

    /// Requests not all of whose legs have a job or a result.
    public func unplannedRequests(_ prefix: String, since day: Int32) async throws(PostgresError) -> [AuditRow] {
        try await rows(
            """
            WITH leg AS (
                SELECT request_id, count(DISTINCT job_id) AS known FROM recent_entries
                WHERE kind IN ('execution_jobs', 'execution_results') AND request_id IS NOT NULL AND \(Self.since) GROUP BY request_id
            )
            SELECT \(AuditRow.columns) FROM recent_entries LEFT JOIN leg USING (request_id)
            WHERE kind = 'execution_requests' AND starts_with(stream, $1) AND \(Self.since) AND coalesce(known, 0) <
                CASE WHEN json_typeof(data -> 'signal' -> 'legs') = 'array' THEN json_array_length(data -> 'signal' -> 'legs') ELSE 1 END
            ORDER BY stream, entry_ms, entry_seq
            """, prefix, day)
    }

    /// Signals with the number of their requests and the configuration these were made under, page by page; one stream after the other.
    public func forEachFanoutCount(
        _ prefix: String, since day: Int32, size: Int = 2_000, _ body: ([(signal: AuditRow, requests: Int, configVersion: Int64?)]) async throws -> Void
    ) async throws {
        for stream in try await watermarks(prefix).keys.sorted() where AuditKind(stream: stream) == .signals {
            var last = AuditEntryID.before(day: day)
            while true {
                let page = try await connection.query(
                    """
                    SELECT \(AuditRow.columns) FROM recent_entries
                    WHERE stream = $1 AND (entry_ms, entry_seq) > ($2::bigint, $3::bigint) AND day >= date '1970-01-01' + $4::int
                    ORDER BY entry_ms, entry_seq LIMIT $5::bigint
                    """,
                    [.text(stream), .integer(last.milliseconds), .integer(last.sequence), .integer(Int64(day)), .integer(Int64(size))],
                    results: .binary
                ).map { row throws(PostgresError) in try AuditRow(row) }
                guard let end = page.last else { break }
                last = end.entryID
                let rows = try await connection.query(
                    """
                    SELECT signal_id, count(DISTINCT request_id), min(\(Self.integer("data", "configVersion"))) FROM audit_entries
                    WHERE signal_id = ANY ($1::text[]) AND kind = 'execution_requests' GROUP BY signal_id
                    """, [.texts(page.compactMap(\.signal))], results: .binary)
                var counts: [String: (Int, Int64?)] = [:]
                for row in rows { counts[try row.text(0)] = (Int(try row.integer(1)), try row.maybeInteger(2)) }
                try await body(page.map { ($0, $0.signal.flatMap { counts[$0]?.0 } ?? 0, $0.signal.flatMap { counts[$0]?.1 }) })
                guard page.count == size else { break }
            }
        }
    }

    /// Signals that are in requests alone, in the order of these.
    public func signalsOfRequests(_ prefix: String, since day: Int32) async throws(PostgresError) -> [(signal: String, configVersion: Int64?)] {
        let rows = try await connection.query(
            """
            SELECT signal, version FROM (
                SELECT DISTINCT ON (signal_id) (data -> 'signal')::text AS signal, \(Self.integer("data", "configVersion")) AS version, entry_ms, entry_seq
                FROM recent_entries AS entry
                WHERE kind = 'execution_requests' AND starts_with(stream, $1) AND \(Self.since) AND json_typeof(data -> 'signal') = 'object'
                    AND NOT EXISTS (
                        SELECT FROM recent_causes AS cause WHERE cause.kind = 'influencer_signals' AND cause.signal_id = entry.signal_id)
                ORDER BY signal_id, entry_ms, entry_seq
            ) AS found ORDER BY entry_ms, entry_seq
            """, [.text(prefix), .integer(Int64(day))], results: .binary)
        return try rows.map { row throws(PostgresError) in (try row.text(0), try row.maybeInteger(1)) }
    }

    /// Ids of the requests of these signals.
    public func requests(ofSignals signals: some Collection<String>) async throws(PostgresError) -> [String] {
        try await connection.query(
            "SELECT request_id FROM audit_entries WHERE signal_id = ANY ($1::text[]) AND kind = 'execution_requests' AND request_id IS NOT NULL",
            [.texts(signals)], results: .binary
        ).map { row throws(PostgresError) in try row.text(0) }
    }

    /// One leg of a request that is to be planned again: a job, or a result.
    public struct KnownLeg: Sendable {
        public var stream: String
        public var request: String
        public var job: String
        /// JSON; a worker's result has none.
        public var decision: String?
    }

    /// Legs of the requests named, and of requests that are not stored.
    public func knownLegs(_ prefix: String, of requests: some Collection<String>, since day: Int32) async throws(PostgresError) -> [KnownLeg] {
        let rows = try await connection.query(
            """
            SELECT stream, request_id, job_id, (data -> 'decision')::text FROM recent_entries AS entry
            WHERE kind IN ('execution_jobs', 'execution_results') AND starts_with(stream, $1) AND \(Self.since)
                AND request_id IS NOT NULL AND job_id IS NOT NULL AND (request_id = ANY ($3::text[]) OR NOT EXISTS (
                    SELECT FROM recent_causes AS cause WHERE cause.kind = 'execution_requests' AND cause.request_id = entry.request_id))
            """, [.text(prefix), .integer(Int64(day)), .texts(requests)], results: .binary)
        return try rows.map { row throws(PostgresError) in
            KnownLeg(stream: try row.text(0), request: try row.text(1), job: try row.text(2), decision: try row.maybeText(3))
        }
    }

    /// What is put aside: `<stream>|<entry id>`.
    /// - Parameter letters: the stream of dead letters.
    public func putAside(_ letters: String, since day: Int32) async throws(PostgresError) -> Set<String> {
        let letters = try await rows("SELECT \(AuditRow.columns) FROM audit_entries WHERE stream = $1 AND \(Self.since)", letters, day)
        return Set(letters.compactMap { row in row["origin"].flatMap { origin in row["entry"].map { "\(origin)|\($0)" } } })
    }

    /// Letters that nobody has decided about, the oldest first.
    /// - Parameters:
    ///   - letters: the stream of dead letters.
    ///   - interventions: the stream of decisions.
    public func openLetters(_ letters: String, _ interventions: String) async throws(PostgresError) -> [AuditRow] {
        try await connection.query(
            """
            SELECT \(AuditRow.columns) FROM audit_entries AS letters WHERE stream = $1 AND NOT EXISTS (
                SELECT FROM audit_entries AS decisions
                WHERE decisions.stream = $2 AND decisions.data ->> 'letter' = letters.entry_ms || '-' || letters.entry_seq)
            ORDER BY entry_ms, entry_seq
            """, [.text(letters), .text(interventions)], results: .binary
        ).map { row throws(PostgresError) in try AuditRow(row) }
    }

    /// Origins of jobs that had a queue, as SQL.
    private static let queued = JobOrigin.allCases.filter(\.isQueued).map { "'\($0.rawValue)'" }.joined(separator: ", ")
    static let since = "day >= date '1970-01-01' + $2::int"

    func rows(_ sql: String, _ prefix: String, _ day: Int32) async throws(PostgresError) -> [AuditRow] {
        try await connection.query(sql, [.text(prefix), .integer(Int64(day))], results: .binary)
            .map { row throws(PostgresError) in try AuditRow(row) }
    }
}
