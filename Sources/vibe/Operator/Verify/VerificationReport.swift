import AuditTrail
import CopyTrading
import JSON

/// The outcome of `vibe verify`: one line that says it all, and before it what it is made of.
struct VerificationReport: Sendable {
    var pairs: AuditPairs
    var auditRows: Int
    /// Accepted orders in the exchange's ledger; `nil` when it was not compared.
    var ledgerOrders: Int?
    var waits: [String: (count: Int, microseconds: Int64)]
    var findings: Findings

    var isClean: Bool { findings.isEmpty }
    var executed: Int { pairs.executed }
    var skipped: Int { pairs.results - pairs.executed }

    /// `verified: signals=… pairs=… executed=… skipped=… duplicates=0 missing=0 reordered=0 audit_gaps=0`, or the same after `FAILED:`.
    var finalLine: String {
        let counts = ["signals=\(pairs.signals)", "pairs=\(pairs.pairs)", "executed=\(executed)", "skipped=\(skipped)"]
            + Findings.Kind.allCases.map { "\($0.rawValue)=\(findings.count($0))" }
        return (isClean ? "verified: " : "FAILED: ") + counts.joined(separator: " ")
    }

    func text(for terminal: Terminal = .output) -> String {
        var parts = [outcomeTable.rendered(for: terminal)]
        if !waits.isEmpty { parts.append(waitTable.rendered(for: terminal)) }
        let ledger = ledgerOrders.map { "\(Format.count($0)) accepted orders in the exchange's ledger" } ?? "the exchange's ledger was not compared"
        parts.append("\(Format.count(auditRows)) rows in the audit trail, \(ledger)")
        if pairs.shed + pairs.dropped > 0 {
            parts.append("\(Format.count(pairs.shed)) signals shed under load, \(Format.count(pairs.dropped)) dead letters ended by an operator: each on record")
        }
        for kind in Findings.Kind.allCases where findings.count(kind) > 0 {
            let named = findings.texts[kind, default: []]
            let more = findings.count(kind) - named.count
            parts.append(
                ([terminal.styled("\(kind.rawValue) (\(findings.count(kind)))", .red)] + named.map { "  \($0)" }
                    + (more > 0 ? ["  … \(Format.count(more)) more"] : [])).joined(separator: "\n"))
        }
        if !isClean { parts.append("next: " + nextSteps.joined(separator: "\n      ")) }
        parts.append(terminal.styled(finalLine, isClean ? .green : .red))
        return parts.joined(separator: "\n\n")
    }

    var outcomeTable: Table {
        var table = Table([.text("OUTCOME"), .figure("RESULTS"), .figure("SHARE")])
        for (outcome, count) in pairs.outcomes.sorted(by: { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }) {
            let tenths = count * 1_000 / max(1, pairs.results)
            table.add([
                Table.Cell(outcome.rawValue, outcome.isExecuted ? .green : nil), Table.Cell(Format.count(count)),
                Table.Cell("\(tenths / 10).\(tenths % 10) %"),
            ])
        }
        return table
    }

    /// The buckets that made orders wait longest.
    private var waitTable: Table {
        var table = Table([.text("LIMITED BY", mayShrink: true), .figure("RESULTS"), .figure("MEAN WAIT")])
        for (bucket, wait) in waits.sorted(by: { ($1.value.microseconds, $0.key) < ($0.value.microseconds, $1.key) }).prefix(10) {
            table.add([
                Table.Cell(bucket), Table.Cell(Format.count(wait.count)),
                Table.Cell(Format.time(microseconds: wait.microseconds / Int64(max(1, wait.count)))),
            ])
        }
        return table
    }

    private var nextSteps: [String] {
        var steps: [String] = []
        if findings.count(.missing) > 0 || findings.count(.duplicates) > 0 || findings.count(.reordered) > 0 {
            steps.append("`vibe explain <signal, request, job or cloid>` tells the whole story of one of them")
        }
        if findings.count(.missing) > 0 { steps.append("`vibe pending` shows what is still held, `vibe status` whether every stage has a process") }
        if findings.count(.auditGaps) > 0 {
            steps.append("audit gaps: `vibe status` shows the audit trail's lag; rows that were altered or removed come back only from a backup")
        }
        return steps
    }

    var json: JSON {
        [
            "clean": .bool(isClean), "signals": .integer(pairs.signals), "shed": .integer(pairs.shed), "dropped": .integer(pairs.dropped), "requests": .integer(pairs.requests), "pairs": .integer(pairs.pairs),
            "executed": .integer(executed), "skipped": .integer(skipped),
            "outcomes": .object(
                pairs.outcomes.sorted { $0.key.rawValue < $1.key.rawValue }.map { JSON.Member($0.key.rawValue, .integer($0.value)) }),
            "auditRows": .integer(auditRows), "ledgerOrders": ledgerOrders.map { .integer($0) } ?? .null,
            "findings": .object(
                Findings.Kind.allCases.map { kind in
                    JSON.Member(
                        kind.rawValue,
                        ["count": .integer(findings.count(kind)), "first": .array(findings.texts[kind, default: []].map(JSON.string))])
                }),
            "line": .string(finalLine),
        ]
    }
}
