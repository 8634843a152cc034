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
    /// Legs, and jobs that workers made by themselves, without a result.
    public var missing = 0
    /// Results past the first for one job, and jobs past the legs of their request.
    public var duplicates = 0
    /// Results, by outcome.
    public var outcomes: [Outcome: Int] = [:]
    /// Results whose outcome is not one of ``CopyTrading/Outcome``.
    public var unknownOutcomes = 0
    /// Requests that are not answered once for each leg, at most as many as asked for.
    public var unanswered: [Pair] = []
    /// What has no request and is not answered once, at most as many as asked for.
    public var unansweredOwn: [Own] = []

    public struct Pair: Sendable, Equatable {
        public var signal: String?
        public var subscription: String?
        public var request: String
        public var legs: Int
        /// Distinct jobs with a result, and results.
        public var jobs: Int
        public var results: Int
    }

    /// A job that a worker made by itself, or what an order did that rested at the exchange: that has a result alone.
    public struct Own: Sendable, Equatable {
        public var job: String
        public var subscription: String?
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

    private static let ownAnswers = """
        WITH job AS (
            SELECT job_id, min(subscription) AS subscription FROM audit_entries
            WHERE kind = 'execution_jobs' AND request_id IS NULL AND job_id IS NOT NULL AND data ->> 'origin' IS NOT NULL GROUP BY job_id
        ), answer AS (
            SELECT job_id, min(subscription) AS subscription, count(*) AS results FROM audit_entries
            WHERE kind = 'execution_results' AND request_id IS NULL AND job_id IS NOT NULL GROUP BY job_id
        ), dropped AS (
            SELECT DISTINCT job_id, true AS is_dropped FROM audit_entries
            WHERE kind = 'interventions' AND job_id IS NOT NULL AND data ->> 'as' = 'dropped'
        ), own AS (
            SELECT job_id, coalesce(job.subscription, answer.subscription) AS subscription, coalesce(results, 0) AS results,
                results IS NULL AND is_dropped IS NULL AS is_missing
            FROM job FULL JOIN answer USING (job_id) LEFT JOIN dropped USING (job_id)
        )
        """

    /// Compares requests, and jobs without one, with results.
    /// - Parameter listed: of the incomplete ones, of either kind.
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
                coalesce(sum(greatest(legs - jobs, 0)) FILTER (WHERE NOT is_dropped), 0)::bigint AS missing,
                coalesce(sum(results - jobs + greatest(jobs - legs, 0)), 0)::bigint AS duplicates
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
        try await readOwn(&pairs, listed: listed)
        return pairs
    }

    private func readOwn(_ pairs: inout AuditPairs, listed: Int) async throws(PostgresError) {
        let sums = try await connection.query(
            """
            \(Self.ownAnswers)
            SELECT count(*) FILTER (WHERE is_missing) AS missing, coalesce(sum(results - 1) FILTER (WHERE results > 1), 0)::bigint AS duplicates
            FROM own
            """)[0]
        pairs.missing += Int(try sums.integer("missing"))
        pairs.duplicates += Int(try sums.integer("duplicates"))
        let unanswered = try await connection.query(
            """
            \(Self.ownAnswers)
            SELECT job_id, subscription, results FROM own WHERE is_missing OR results > 1 ORDER BY job_id LIMIT $1::bigint
            """, [.integer(Int64(listed))])
        for row in unanswered {
            pairs.unansweredOwn.append(
                AuditPairs.Own(job: try row.text("job_id"), subscription: try row.maybeText("subscription"), results: Int(try row.integer("results"))))
        }
    }
}
