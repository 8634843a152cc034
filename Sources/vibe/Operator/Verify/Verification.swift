import AuditTrail
import ConfigStore
import RedisStreams

/// Checks that what was to be copied was copied once, in order, and is on record: the audit trail by itself, against Redis, against
/// the configuration of the time and against the exchange's own ledger.
enum Verification {
    /// - Parameters:
    ///   - ledger: `nil` compares no ledger, for an exchange that has none.
    ///   - patience: how long the fleet may take to finish what is under way.
    static func run(_ context: OperatorContext, ledger: LedgerSource?, patience: Duration) async throws -> VerificationReport {
        let redis = try context.redis("verify")
        let connection = context.postgres("verify", answerTimeout: OperatorContext.scanTimeout)
        let reader = AuditReader(connection)
        try await reader.prepareForWholeScans()
        try await waitUntilDrained(StatusReader(context, redis: redis), patience)
        let audit = try await AuditVerification.run(reader, redis: redis, keys: context.keys)
        let log = try await TradeLog.read(reader)
        var findings = audit.findings
        for text in log.unreadable { findings.add(.missing, "unreadable result, \(text)") }
        findings.merge(try await FanoutVerification.run(reader, context))
        var orders: Int?
        if let ledger {
            var comparison = LedgerComparison(log)
            try await ledger.forEachLine { line in
                try Task.checkCancellation()
                try comparison.add(line: line)
            }
            comparison.finish()
            findings.merge(comparison.findings)
            orders = comparison.orders
        }
        await redis.close()
        await connection.close()
        return VerificationReport(pairs: audit.pairs, auditRows: audit.rows, ledgerOrders: orders, waits: log.waits, findings: findings)
    }

    private static func waitUntilDrained(_ reader: StatusReader, _ patience: Duration) async throws {
        let limit = ContinuousClock.now + patience
        while true {
            let status = try await reader.read()
            if status.isDrained { return }
            guard ContinuousClock.now < limit else {
                let waiting = status.stages.filter { $0.backlog + $0.pending > 0 }
                    .map { "\($0.name) \(Format.count($0.backlog + $0.pending))" }.joined(separator: ", ")
                Terminal.complain("vibe: entries are still under way (\(waiting)); what they lead to counts as missing")
                return
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
