import CopyTrading
import Postgres

/// What the cell's processes knew when its Redis was lost, as far as it is on record: of what is `fresh` among `recent_entries`.
extension AuditReader {
    /// What a subscription held in a coin after the newest result or event that says so.
    public struct StoredSleeve: Sendable {
        public var stream: String
        public var subscription: String
        public var coin: String
        /// ``CopyTrading/Sleeve/record``; `nil` of a result that has only the position.
        public var sleeve: String?
        public var position: String?
        public var at: Int64
        /// The job that a result answers is stored, with what was decided.
        public var isDecided: Bool
    }

    public func lastSleeves(_ prefix: String) async throws(PostgresError) -> [StoredSleeve] {
        let rows = try await connection.query(
            """
            SELECT stream, subscription, coin, sleeve, position, entry_ms, job_id IS NULL OR EXISTS (
                SELECT FROM recent_entries AS job WHERE job.kind = 'execution_jobs' AND job.job_id = found.job_id AND job.data -> 'decision' IS NOT NULL)
            FROM (
            SELECT DISTINCT ON (subscription, coin) stream, subscription, coin, (data -> 'sleeve')::text AS sleeve, data ->> 'position' AS position,
                entry_ms, CASE WHEN request_id IS NULL THEN NULL ELSE job_id END AS job_id
            FROM recent_entries
            WHERE fresh AND kind IN ('execution_results', 'account_events') AND starts_with(stream, $1) AND subscription IS NOT NULL AND coin IS NOT NULL
                AND (data -> 'sleeve' IS NOT NULL OR kind = 'execution_results' AND data ->> 'position' IS NOT NULL)
            ORDER BY subscription, coin, entry_ms DESC, entry_seq DESC, \(Self.integer("(data -> 'sleeve')", "rev")) DESC NULLS LAST
            ) AS found
            """, [.text(prefix)], results: .binary)
        return try rows.map { row throws(PostgresError) in
            StoredSleeve(
                stream: try row.text(0), subscription: try row.text(1), coin: try row.text(2), sleeve: try row.maybeText(3),
                position: try row.maybeText(4), at: try row.integer(5), isDecided: try row.bool(6))
        }
    }

    /// The newest decision about a subscription and coin.
    public struct LastDecision: Sendable {
        public var stream: String
        public var subscription: String
        public var coin: String
        public var request: String
        public var signal: String?
        /// JSON of ``CopyTrading/DecisionRecord``.
        public var decision: String
        public var at: Int64

        /// Of its jobs or results, as ``init(_:)`` reads them.
        static let columns = """
            answer.stream, answer.subscription, answer.coin, answer.request_id, answer.signal_id, (answer.data -> 'decision')::text, answer.entry_ms
            """
        static let condition = """
            answer.fresh AND answer.kind IN ('execution_jobs', 'execution_results') AND starts_with(answer.stream, $1)
                AND answer.subscription IS NOT NULL AND answer.coin IS NOT NULL AND answer.request_id IS NOT NULL
                AND answer.data -> 'decision' IS NOT NULL
            """

        init(_ row: PostgresRow) throws(PostgresError) {
            stream = try row.text(0)
            subscription = try row.text(1)
            coin = try row.text(2)
            request = try row.text(3)
            signal = try row.maybeText(4)
            decision = try row.text(5)
            at = try row.integer(6)
        }
    }

    /// Of each subscription and coin that about the last request: one that was delivered again may have been decided after those behind it.
    /// Requests that are not stored come after all that are.
    public func lastDecisions(_ prefix: String) async throws(PostgresError) -> [LastDecision] {
        let rows = try await connection.query(
            """
            SELECT DISTINCT ON (answer.subscription, answer.coin) \(LastDecision.columns)
            FROM recent_entries AS answer
            LEFT JOIN recent_entries AS request ON request.kind = 'execution_requests' AND request.request_id = answer.request_id
            WHERE \(LastDecision.condition)
            ORDER BY answer.subscription, answer.coin, request.entry_ms DESC NULLS FIRST, request.entry_seq DESC, answer.entry_ms DESC,
                (answer.data -> 'decision' -> 'composedInto' IS NULL) DESC,
                \(Self.integer("(answer.data -> 'decision')", "decidedMs")) DESC NULLS LAST, answer.entry_seq DESC
            """, [.text(prefix)], results: .binary)
        return try rows.map { row throws(PostgresError) in try LastDecision(row) }
    }

    /// The `data` of requests, by id.
    /// - Parameter everywhere: also of those that were finished before what is recent.
    public func requestData(_ ids: some Collection<String>, everywhere: Bool = false) async throws(PostgresError) -> [String: String] {
        let rows = try await connection.query(
            """
            SELECT request_id, data::text FROM \(everywhere ? "audit_entries" : "recent_entries")
            WHERE kind = 'execution_requests' AND request_id = ANY ($1::text[]) AND data IS NOT NULL
            """, [.texts(ids)], results: .binary)
        var found: [String: String] = [:]
        for row in rows { found[try row.text(0)] = try row.text(1) }
        return found
    }

    /// The newest signal of each leader and coin.
    public func lastSignals(_ prefix: String) async throws(PostgresError) -> [LastSignal] {
        try await connection.query(
            """
            \(Self.lastSignal) FROM recent_entries
            WHERE fresh AND kind = 'influencer_signals' AND starts_with(stream, $1) AND \(Self.isLastSignal)
            ORDER BY influencer, coin, entry_ms DESC, entry_seq DESC
            """, [.text(prefix)], results: .binary
        ).map(Self.signal)
    }

    /// Ids of the signals published since a day, by the day of their last fill (`2026-11-21`).
    /// - Parameter streams: of signals, all of them.
    public func seenSignals(_ streams: [String], since day: Int32) async throws(PostgresError) -> [String: [String]] {
        let rows = try await connection.query(
            """
            SELECT to_char(to_timestamp(\(Self.integer("data", "lastFillMs")) / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), signal_id FROM audit_entries
            WHERE stream = ANY ($1::text[]) AND \(Self.since) AND signal_id IS NOT NULL AND \(Self.integer("data", "lastFillMs")) IS NOT NULL
            """, [.texts(streams), .integer(Int64(day))], results: .binary)
        var seen: [String: [String]] = [:]
        for row in rows { seen[try row.text(0), default: []].append(try row.text(1)) }
        return seen
    }

    /// Ids of what workers emitted by themselves since a day, by the stream it is in: events, and jobs and results without a request.
    public func ownEmissions(_ prefix: String, since day: Int32) async throws(PostgresError) -> [String: [String]] {
        let rows = try await connection.query(
            """
            SELECT stream, coalesce(job_id, id) FROM recent_entries
            WHERE fresh AND (kind = 'account_events' OR kind IN ('execution_jobs', 'execution_results') AND request_id IS NULL)
                AND starts_with(stream, $1) AND \(Self.since) AND coalesce(job_id, id) IS NOT NULL
            """, [.text(prefix), .integer(Int64(day))], results: .binary)
        var made: [String: [String]] = [:]
        for row in rows { made[try row.text(0), default: []].append(try row.text(1)) }
        return made
    }
}
