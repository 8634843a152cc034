import CopyTrading
import Postgres

/// What is on record of the requests around those without a decision: of a partition's requests, jobs and results beginnings are stored that
/// end at different places, so the decision about a later request may be there without that about an earlier one.
extension AuditReader {
    /// A request whose decision is on record, in part or in whole.
    public struct DecidedRequest: Sendable {
        /// Of its jobs or results.
        public var stream: String
        public var request: String
        public var signal: String?
        public var subscription: String
        public var coin: String
        /// The request's own entry; `nil` when that is not stored.
        public var entry: AuditEntryID?
        /// A job of it is stored that the planner made, or the result of an order: the jobs of all requests before it had been made.
        public var hasOrder: Bool
        /// JSON of ``CopyTrading/DecisionRecord``; what workers answer has none.
        public var decision: String?

        init(_ row: PostgresRow) throws(PostgresError) {
            stream = try row.text(0)
            request = try row.text(1)
            signal = try row.maybeText(2)
            subscription = try row.text(3)
            coin = try row.text(4)
            if let milliseconds = try row.maybeInteger(5), let number = try row.maybeInteger(6) {
                entry = AuditEntryID(milliseconds: milliseconds, sequence: number)
            }
            hasOrder = try row.bool(7)
            decision = try row.maybeText(8)
        }
    }

    /// A place in the stream of the requests of a subscription and coin.
    public struct RequestPlace: Sendable {
        public var subscription: String
        public var coin: String
        public var entry: AuditEntryID

        public init(subscription: String, coin: String, entry: AuditEntryID) {
            self.subscription = subscription
            self.coin = coin
            self.entry = entry
        }
    }

    /// Decided requests behind these places, one for each subscription and coin, and all that are not stored themselves.
    public func decisions(_ prefix: String, behind places: [RequestPlace], since day: Int32) async throws(PostgresError) -> [DecidedRequest] {
        let rows = try await connection.query(
            """
            SELECT min(answer.stream), answer.request_id, min(answer.signal_id), answer.subscription, answer.coin,
                max(request.entry_ms), max(request.entry_seq),
                bool_or(answer.kind = 'execution_jobs' AND answer.data -> 'decision' IS NOT NULL
                    OR answer.kind = 'execution_results' AND answer.cloid IS NOT NULL),
                max((answer.data -> 'decision')::text)
            FROM recent_entries AS answer
            LEFT JOIN recent_entries AS request ON request.kind = 'execution_requests' AND request.request_id = answer.request_id
            LEFT JOIN recent_causes AS cause ON cause.kind = 'execution_requests' AND cause.request_id = answer.request_id
            LEFT JOIN \(Self.places(from: 3)) ON place.subscription = answer.subscription AND place.coin = answer.coin
            WHERE answer.kind IN ('execution_jobs', 'execution_results') AND starts_with(answer.stream, $1) AND answer.\(Self.since)
                AND answer.request_id IS NOT NULL AND answer.subscription IS NOT NULL AND answer.coin IS NOT NULL
                AND answer.outcome IS DISTINCT FROM '\(Outcome.dropped.rawValue)'
                AND (cause.request_id IS NULL OR (request.entry_ms, request.entry_seq) > (place.ms, place.number))
            GROUP BY answer.request_id, answer.subscription, answer.coin
            """, Self.parameters([.text(prefix), .integer(Int64(day))], places), results: .binary)
        return try rows.map { row throws(PostgresError) in try DecidedRequest(row) }
    }

    /// The newest decisions about requests before these places, one for each subscription and coin.
    public func lastDecisions(_ prefix: String, before places: [RequestPlace]) async throws(PostgresError) -> [LastDecision] {
        let rows = try await connection.query(
            """
            SELECT DISTINCT ON (answer.subscription, answer.coin) \(LastDecision.columns)
            FROM recent_entries AS answer
            JOIN recent_entries AS request ON request.kind = 'execution_requests' AND request.request_id = answer.request_id
            JOIN \(Self.places(from: 2)) ON place.subscription = answer.subscription AND place.coin = answer.coin
            WHERE \(LastDecision.condition) AND (request.entry_ms, request.entry_seq) < (place.ms, place.number)
            ORDER BY answer.subscription, answer.coin, request.entry_ms DESC, request.entry_seq DESC
            """, Self.parameters([.text(prefix)], places), results: .binary)
        return try rows.map { row throws(PostgresError) in try LastDecision(row) }
    }

    private static func places(from parameter: Int) -> String {
        "unnest($\(parameter)::text[], $\(parameter + 1)::text[], $\(parameter + 2)::bigint[], $\(parameter + 3)::bigint[]) "
            + "AS place (subscription, coin, ms, number)"
    }

    private static func parameters(_ first: [PostgresParameter], _ places: [RequestPlace]) -> [PostgresParameter] {
        var all = first
        all.append(.texts(places.map(\.subscription)))
        all.append(.texts(places.map(\.coin)))
        all.append(.integers(places.map(\.entry.milliseconds)))
        all.append(.integers(places.map(\.entry.sequence)))
        return all
    }

    /// A request that was composed into another one, as its own answer tells.
    public struct ComposedPart: Sendable {
        public var request: String
        public var into: String
    }

    /// The stored requests that were composed into these, in the order of their stream.
    public func composedParts(_ prefix: String, of requests: some Collection<String>, since day: Int32) async throws(PostgresError) -> [ComposedPart] {
        let rows = try await connection.query(
            """
            SELECT DISTINCT request.stream, request.entry_ms, request.entry_seq, answer.request_id, answer.data -> 'decision' ->> 'composedInto'
            FROM recent_entries AS answer
            JOIN recent_entries AS request ON request.kind = 'execution_requests' AND request.request_id = answer.request_id
            WHERE answer.kind = 'execution_results' AND starts_with(answer.stream, $1) AND answer.\(Self.since)
                AND answer.data -> 'decision' ->> 'composedInto' = ANY ($3::text[])
            ORDER BY request.stream, request.entry_ms, request.entry_seq
            """, [.text(prefix), .integer(Int64(day)), .texts(requests)], results: .binary)
        return try rows.map { row throws(PostgresError) in ComposedPart(request: try row.text(3), into: try row.text(4)) }
    }
}
