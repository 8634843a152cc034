import CopyTrading
import Postgres

/// Everything stored about one signal, or about one copy of it.
public struct AuditStory: Sendable {
    public var signal: AuditRow?
    public var requests: [AuditRow] = []
    public var jobs: [AuditRow] = []
    public var results: [AuditRow] = []
    /// Entries of other streams, such as dead letters.
    public var others: [AuditRow] = []
    /// True when there was more than the limit.
    public var isTruncated = false

    public var isEmpty: Bool { signal == nil && requests.isEmpty && jobs.isEmpty && results.isEmpty && others.isEmpty }
}

extension AuditReader {
    /// All copies of a signal; empty when nothing is stored.
    /// - Parameters:
    ///   - subscription: only this one's copy.
    ///   - limit: of rows.
    public func story(
        of signal: SignalID, subscription: SubscriptionID? = nil, limit: Int = 10_000
    ) async throws(PostgresError) -> AuditStory {
        let rows = try await connection.query(
            """
            SELECT \(AuditRow.columns) FROM audit_entries
            WHERE signal_id = $1 AND ($2::text IS NULL OR subscription = $2 OR subscription IS NULL)
            ORDER BY entry_ms, entry_seq LIMIT $3::bigint
            """, [.text(signal.text), .text(orNull: subscription?.text), .integer(Int64(limit) + 1)], results: .binary)
        var story = AuditStory(isTruncated: rows.count > limit)
        for row in rows.prefix(limit) {
            let row = try AuditRow(row)
            switch row.kind {
            case .signals: story.signal = story.signal ?? row
            case .requests: story.requests.append(row)
            case .jobs: story.jobs.append(row)
            case .results: story.results.append(row)
            case .other: story.others.append(row)
            }
        }
        return story
    }
}
