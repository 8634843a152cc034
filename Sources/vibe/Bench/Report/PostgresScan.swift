import Postgres
import RedisStreams

/// Reads entries from the audit trail, where they stay when their streams are trimmed.
struct PostgresScan: EntrySource {
    let postgres: PostgresConnection
    let keys: Keys
    let partitioning: Partitioning

    private static let page = 5_000

    func each(_ stream: RedisStreams.Stream, _ body: (ScannedEntry) throws -> Void) async throws {
        for partition in 0..<partitioning.count(stream) {
            let name = keys.stream(StreamPartition(stream, partition))
            var last: (milliseconds: Int64, sequence: Int64) = (0, 0)
            while true {
                let rows = try await postgres.query(
                    """
                    SELECT entry_ms, entry_seq, id, data FROM audit_entries
                    WHERE stream = $1 AND (entry_ms, entry_seq) > ($2, $3) ORDER BY entry_ms, entry_seq LIMIT $4
                    """,
                    [.text(name), .integer(last.milliseconds), .integer(last.sequence), .integer(Int64(Self.page))], results: .binary)
                for row in rows {
                    last = (try row.integer(0), try row.integer(1))
                    try body(
                        ScannedEntry(
                            milliseconds: last.milliseconds, id: try row.maybeText(2) ?? "", data: Array((try row.maybeText(3) ?? "").utf8)))
                }
                guard rows.count == Self.page else { break }
            }
        }
    }
}
