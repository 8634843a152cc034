import Postgres

/// What a subscription held in a coin after its newest result on record.
public struct AuditPosition: Sendable, Equatable {
    public var subscription: String
    public var coin: String
    /// As a result has it: signed decimal coins.
    public var position: String
    /// Of the result's entry, milliseconds since 1970.
    public var at: Int64
}

extension AuditReader {
    /// Of each subscription and coin, flat ones too. What the exchange or the subscriber changed since is not in a result.
    public func lastPositions() async throws(PostgresError) -> [AuditPosition] {
        let rows = try await connection.query(
            """
            SELECT DISTINCT ON (subscription, coin) subscription, coin, data ->> 'position' AS position, entry_ms
            FROM audit_entries
            WHERE kind = 'execution_results' AND subscription IS NOT NULL AND coin IS NOT NULL AND data ->> 'position' IS NOT NULL
            ORDER BY subscription, coin, entry_ms DESC, entry_seq DESC
            """, results: .binary)
        return try rows.map { row throws(PostgresError) in
            AuditPosition(subscription: try row.text(0), coin: try row.text(1), position: try row.text(2), at: try row.integer(3))
        }
    }
}
