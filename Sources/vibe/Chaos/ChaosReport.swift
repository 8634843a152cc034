import JSON

/// What a chaos run came to.
struct ChaosReport: Sendable {
    let options: ChaosOptions
    var seconds = 0
    var fills = 0
    var faults = FaultJournal()
    /// Processes started, those of the beginning included.
    var starts = 0
    var recoveries = 0
    /// Processes that ended as none should.
    var crashes: [String] = []
    /// Attempts that were settled with the exchange by their nonce, by what was proved.
    var settled: [String: Int] = [:]
    /// From the end of the last fault until everything stood still; `nil` when it did not.
    var rest: Duration?
    /// Positions of followers, though every leader is flat.
    var left: [String] = []
    var verification: VerificationReport?
    var verdicts: [InvariantVerdict] = []

    init(options: ChaosOptions) { self.options = options }

    /// Empty when the run proves the promise.
    var faultsFound: [String] {
        var found = crashes.map { "a process ended as none should: \($0)" }
        if rest == nil { found.append("the fleet did not come to rest after the faults") }
        if !left.isEmpty { found.append("\(left.count) positions of followers are left, though every leader is flat: \(left.prefix(5).joined(separator: "; "))") }
        if verdicts.isEmpty { found.append("nothing was checked") }
        found += faults.failed
        found += verdicts.filter { !$0.isUpheld }.map { "invariant \($0.invariant.rawValue), \($0.invariant.name): \($0.findings.first ?? "nothing to look at")" }
        return found
    }

    var unfired: [FaultKind] { options.kinds.filter { !faults.kinds.contains($0) } }

    private var counts: [(kind: FaultKind, count: Int)] {
        FaultKind.allCases.map { kind in (kind, faults.kinds.count { $0 == kind }) }.filter { $0.count > 0 }
    }

    var json: JSON {
        [
            "seed": .integer(options.seed), "seconds": .integer(seconds), "fills": .integer(fills), "starts": .integer(starts), "recoveries": .integer(recoveries),
            "faults": .object(counts.map { JSON.Member($0.kind.rawValue, .integer($0.count)) }), "unfired": .array(unfired.map { .string($0.rawValue) }),
            "handOvers": .array(
                faults.handOvers.map { ["cause": .string($0.cause.rawValue), "process": .string($0.partition), "ms": .integer($0.took.milliseconds)] }),
            "settled": .object(settled.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) }),
            "restMs": rest.map { JSON.integer($0.milliseconds) } ?? JSON.null, "left": .array(left.map(JSON.string)),
            "invariants": ChaosVerdictText(verdicts: verdicts).json,
            "verification": verification?.json ?? JSON.null, "found": .array(faultsFound.map(JSON.string)),
        ]
    }

    func text(for terminal: Terminal = .output) -> String {
        var table = Table([.text("FAULT"), .figure("TIMES"), .text("WHAT", mayShrink: true)])
        for (kind, count) in counts { table.add([Table.Cell(kind.rawValue), Table.Cell(Format.count(count)), Table.Cell(kind.meaning)]) }
        var lines = [table.rendered(for: terminal)]
        if let verification { lines.append(verification.outcomeTable.rendered(for: terminal)) }
        if !verdicts.isEmpty { lines.append(ChaosVerdictText(verdicts: verdicts).rendered(for: terminal)) }
        var facts = [
            "seed \(options.seed), \(Format.time(microseconds: Int64(seconds) * 1_000_000)); \(Format.count(fills)) fills of leaders; \(starts) processes started, \(recoveries) recoveries of the cell",
            "partitions went on: " + ChaosObservations.HandOver.Cause.allCases.map(faults.text).joined(separator: "; "),
            "attempts settled with the exchange: \(settled.isEmpty ? "none" : settled.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))",
            "at rest \(rest.map { "\(Format.time($0)) after the last fault" } ?? "never")",
        ]
        if !unfired.isEmpty { facts.append("not seen in this run: \(unfired.map(\.rawValue).joined(separator: ", "))") }
        lines.append(facts.joined(separator: "\n"))
        lines.append(
            faultsFound.isEmpty
                ? terminal.styled("nothing lost, nothing twice, in order, all closed", .green)
                : faultsFound.map { terminal.styled("! \($0)", .red) }.joined(separator: "\n"))
        return lines.joined(separator: "\n\n")
    }
}
