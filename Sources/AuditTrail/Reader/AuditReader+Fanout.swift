import Postgres

/// A signal and the subscriptions it was copied to, to be compared with the configuration of the time.
public struct AuditFanout: Sendable {
    public var signal: AuditRow
    public var copies: [Copy]
    /// Subscription → its requests. One that was a dead letter and went round again is there more than once, and is one.
    public var requests: [String: Set<String>] {
        copies.reduce(into: [:]) { requests, copy in
            if let subscription = copy.subscription, let request = copy.request { requests[subscription, default: []].insert(request) }
        }
    }

    public struct Copy: Sendable, Equatable {
        public var subscription: String?
        public var request: String?
        /// The configuration under which the subscription matched.
        public var configVersion: Int64?
    }
}

extension AuditReader {
    /// Signals that were dead letters, and ended by an operator.
    public func droppedSignals() async throws(PostgresError) -> Set<String> {
        let rows = try await connection.query(
            """
            SELECT DISTINCT signal_id FROM audit_entries
            WHERE kind = 'interventions' AND signal_id IS NOT NULL AND data ->> 'as' = 'dropped'
            """)
        return Set(try rows.map { row throws(PostgresError) in try row.text("signal_id") })
    }

    /// All signals with their requests, a page at a time.
    public func forEachFanout(size: Int = 500, _ body: ([AuditFanout]) async throws -> Void) async throws {
        try await forEachPage(of: .signals, size: size) { signals in
            let rows = try await connection.query(
                """
                SELECT signal_id, subscription, request_id, \(Self.integer("data", "configVersion")) FROM audit_entries
                WHERE signal_id = ANY ($1::text[]) AND kind = 'execution_requests' ORDER BY entry_ms, entry_seq
                """, [.texts(signals.compactMap(\.signal))], results: .binary)
            var copies: [String: [AuditFanout.Copy]] = [:]
            for row in rows {
                copies[try row.text(0), default: []].append(
                    AuditFanout.Copy(
                        subscription: try row.maybeText(1), request: try row.maybeText(2), configVersion: try row.maybeInteger(3)))
            }
            try await body(signals.map { AuditFanout(signal: $0, copies: $0.signal.flatMap { copies[$0] } ?? []) })
        }
    }
}
