import CopyTrading
import Postgres

/// How completely requests were answered. A pair is one leg of one request: (signal × subscription), twice for a flip.
public struct AuditPairs: Sendable, Equatable {
    public var signals = 0
    /// Of them, shed under load in whole or in part, which is on record in them.
    public var shed = 0
    /// Dead letters that an operator ended.
    public var dropped = 0
    public var requests = 0
    /// Legs of all requests: as many results are due.
    public var pairs = 0
    public var results = 0
    /// Legs without a result.
    public var missing = 0
    /// Results past the first for one job.
    public var duplicates = 0
    /// Results, by outcome.
    public var outcomes: [Outcome: Int] = [:]
    /// Results whose outcome is not one of ``CopyTrading/Outcome``.
    public var unknownOutcomes = 0
    /// Requests that are not answered once for each leg, at most as many as asked for.
    public var unanswered: [Pair] = []

    public struct Pair: Sendable, Equatable {
        public var signal: String?
        public var subscription: String?
        public var request: String
        public var legs: Int
        /// Distinct jobs with a result, and results.
        public var jobs: Int
        public var results: Int
    }

    public var executed: Int { outcomes.reduce(0) { $0 + ($1.key.isExecuted ? $1.value : 0) } }
}

extension AuditReader {
    private static let answers = """
        WITH request AS (
            -- one that was a dead letter and went round again is there more than once
            SELECT request_id, min(signal_id) AS signal_id, min(subscription) AS subscription,
                max(CASE WHEN json_typeof(data -> 'signal' -> 'legs') = 'array'
                    THEN json_array_length(data -> 'signal' -> 'legs') ELSE 1 END) AS legs
            FROM audit_entries WHERE kind = 'execution_requests' AND request_id IS NOT NULL GROUP BY request_id
        ), answer AS (
            SELECT request_id, count(DISTINCT job_id) AS jobs, count(*) AS results
            FROM audit_entries WHERE kind = 'execution_results' GROUP BY request_id
        ), dropped AS (
            SELECT DISTINCT request_id, true AS is_dropped FROM audit_entries
            WHERE kind = 'interventions' AND request_id IS NOT NULL AND data ->> 'as' = 'dropped'
        ), pair AS (
            SELECT request.*, coalesce(jobs, 0) AS jobs, coalesce(results, 0) AS results, coalesce(is_dropped, false) AS is_dropped
            FROM request LEFT JOIN answer USING (request_id) LEFT JOIN dropped USING (request_id)
        )
        """

    /// Compares requests with results.
    /// - Parameter listed: of the incomplete ones.
    public func pairs(listed: Int = 100) async throws(PostgresError) -> AuditPairs {
        var pairs = AuditPairs()
        let kinds = try await connection.query("SELECT kind, count(*) AS n FROM audit_entries GROUP BY kind")
        for row in kinds where try row.text("kind") == AuditKind.signals.name { pairs.signals = Int(try row.integer("n")) }
        let ends = try await connection.query(
            """
            SELECT count(*) FILTER (WHERE kind = 'influencer_signals' AND data ->> 'shed' = 'true') AS shed,
                count(*) FILTER (WHERE kind = 'interventions' AND data ->> 'as' = 'dropped') AS dropped
            FROM audit_entries WHERE kind IN ('influencer_signals', 'interventions')
            """)[0]
        pairs.shed = Int(try ends.integer("shed"))
        pairs.dropped = Int(try ends.integer("dropped"))
        let sums = try await connection.query(
            """
            \(Self.answers)
            SELECT count(*) AS requests, coalesce(sum(legs), 0)::bigint AS pairs,
                coalesce(sum(greatest(legs - jobs, 0)) FILTER (WHERE NOT is_dropped), 0)::bigint AS missing, coalesce(sum(results - jobs), 0)::bigint AS duplicates
            FROM pair
            """)[0]
        pairs.requests = Int(try sums.integer("requests"))
        pairs.pairs = Int(try sums.integer("pairs"))
        pairs.missing = Int(try sums.integer("missing"))
        pairs.duplicates = Int(try sums.integer("duplicates"))
        let outcomes = try await connection.query(
            "SELECT outcome, count(*) AS n FROM audit_entries WHERE kind = 'execution_results' GROUP BY outcome")
        for row in outcomes {
            let count = Int(try row.integer("n"))
            pairs.results += count
            if let outcome = try row.maybeText("outcome").flatMap(Outcome.init) {
                pairs.outcomes[outcome] = count
            } else {
                pairs.unknownOutcomes += count
            }
        }
        let unanswered = try await connection.query(
            """
            \(Self.answers)
            SELECT signal_id, subscription, request_id, legs, jobs, results FROM pair
            WHERE results <> jobs OR jobs <> legs AND NOT (is_dropped AND jobs < legs) ORDER BY signal_id, subscription LIMIT $1::bigint
            """, [.integer(Int64(listed))])
        for row in unanswered {
            pairs.unanswered.append(
                AuditPairs.Pair(
                    signal: try row.maybeText("signal_id"), subscription: try row.maybeText("subscription"),
                    request: try row.text("request_id"), legs: Int(try row.integer("legs")), jobs: Int(try row.integer("jobs")),
                    results: Int(try row.integer("results"))))
        }
        return pairs
    }
}
