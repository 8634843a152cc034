import CopyTrading
import Postgres

/// Brings every stored agent key under the current sealing key: its data key is wrapped anew, a batch in a transaction. Ended at any
/// moment it leaves each key under one sealing key or the other, and another run goes on with the rest.
public struct SealingRotation: Sendable {
    public struct Report: Sendable, Equatable {
        /// Keys wrapped anew.
        public var rewrapped = 0
        /// Keys that were under the current sealing key before.
        public var kept = 0
        /// Those that could not be opened, and why.
        public var failed: [Failed] = []
        /// Keys by the id of their sealing key, after it; "older form" are sealed directly.
        public var inUse: [String: Int] = [:]

        public struct Failed: Sendable, Equatable {
            public var agent: String
            public var subscriber: SubscriberID
            public var problem: String
        }
    }

    private let connection: PostgresConnection
    private let sealingKeys: SealingKeys

    public init(_ connection: PostgresConnection, sealingKeys: SealingKeys) {
        self.connection = connection
        self.sealingKeys = sealingKeys
    }

    /// - Parameters:
    ///   - batch: keys in one transaction.
    ///   - progress: called after each with the keys done, and all that were to be.
    public func run(batch: Int = 100, progress: (Int, Int) -> Void = { _, _ in }) async throws(ConfigStoreError) -> Report {
        var report = Report()
        let before = try await usage()
        report.kept = before[sealingKeys.current.id] ?? 0
        let total = before.values.reduce(0, +) - report.kept
        var last = ""
        while true {
            let done = try await rewrap(after: last, batch)
            report.rewrapped += done.rewrapped
            report.failed += done.failed
            progress(report.rewrapped + report.failed.count, total)
            guard let next = done.last else { break }
            last = next
        }
        report.inUse = try await usage()
        return report
    }

    private func rewrap(after last: String, _ batch: Int) async throws(ConfigStoreError) -> (rewrapped: Int, failed: [Report.Failed], last: String?) {
        try await ConfigTransaction.run(connection) { [sealingKeys] connection in
            let probe = try AgentKeyTable.probe(on: connection)
            let rows = try connection.query(
                """
                SELECT \(AgentKeyTable.columns) FROM agent_keys
                WHERE key_sealed IS NOT NULL AND sealing_key IS DISTINCT FROM $1 AND agent_address > $2 ORDER BY agent_address LIMIT $3::bigint
                """, [.text(sealingKeys.current.id), .text(last), .integer(Int64(batch))], results: .binary
            ).map(AgentKeyTable.row)
            var failed: [Report.Failed] = []
            var rewrapped = 0
            for row in rows {
                guard let sealed = row.sealed else { continue }
                do {
                    let renewed = try sealed.rewrapped(row.owner, with: sealingKeys, probe: probe)
                    guard let wrapping = renewed.wrapping else { continue }
                    try connection.execute(
                        "UPDATE agent_keys SET key_sealed = $2, data_key_sealed = $3, sealing_key = $4 WHERE agent_address = $1",
                        [.text(row.owner.agent), .bytes(renewed.key), .bytes(wrapping.dataKey), .text(wrapping.sealingKey)])
                    rewrapped += 1
                } catch let error as ConfigStoreError {
                    failed.append(Report.Failed(agent: row.owner.agent, subscriber: row.owner.subscriber, problem: "\(error)"))
                }
            }
            try AgentKeyTable.forgetOlderForm(on: connection)
            return (rewrapped, failed, rows.last?.owner.agent)
        }
    }

    /// Keys by the id of their sealing key.
    private func usage() async throws(ConfigStoreError) -> [String: Int] {
        do {
            let rows = try await connection.query(
                "SELECT coalesce(sealing_key, 'older form') AS id, count(*) AS keys FROM agent_keys WHERE key_sealed IS NOT NULL GROUP BY 1")
            return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.text("id"), Int(try $0.integer("keys"))) })
        } catch let error as PostgresError { throw .postgres(error) } catch { preconditionFailure("nothing else is thrown above: \(error)") }
    }
}
