import AuditTrail
import JSON
import Testing

@testable import vibe

extension Fleet {
    /// The exchange's ledger against the audit trail, as `vibe verify` compares them.
    func verifyTrades(_ sourceLocation: SourceLocation) async throws {
        let accounts = Set(cast.followers.map(\.account))
        var comparison = LedgerComparison(try await TradeLog.read(AuditReader(postgresObserver)))
        for line in try exchange.ledgerLines() where accounts.contains(try line["account"]?.asString() ?? "") { try comparison.add(line: line) }
        comparison.finish()
        #expect(comparison.findings.isEmpty, "\(comparison.findings.texts)", sourceLocation: sourceLocation)
    }
}
