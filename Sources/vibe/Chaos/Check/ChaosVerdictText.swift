import JSON

/// The verdicts for people: one line for each invariant, and under those that failed what was found.
struct ChaosVerdictText {
    let verdicts: [InvariantVerdict]

    func rendered(for terminal: Terminal = .output) -> String {
        var lines: [String] = []
        for verdict in verdicts {
            let number = (verdict.invariant.rawValue < 10 ? " " : "") + "\(verdict.invariant.rawValue)"
            let mark = verdict.isUpheld ? terminal.styled("✓", .green) : terminal.styled("✗", .red)
            lines.append("\(mark) \(number) \(verdict.invariant.name): \(Self.summary(verdict))")
            lines += verdict.notes.map { terminal.styled("     \($0)", .dim) }
            lines += verdict.findings.map { terminal.styled("     \($0)", .red) }
            let more = verdict.count - verdict.findings.count
            if more > 0, !verdict.findings.isEmpty { lines.append(terminal.styled("     … \(Format.count(more)) more", .red)) }
        }
        lines.append(terminal.styled(finalLine, verdicts.allSatisfy(\.isUpheld) ? .green : .red))
        return lines.joined(separator: "\n")
    }

    private static func summary(_ verdict: InvariantVerdict) -> String {
        let looked = "\(Format.count(verdict.looked)) \(verdict.invariant.unit)"
        if verdict.count > 0 { return "\(Format.count(verdict.count)) violations in \(looked)" }
        return verdict.lookedAtNothing ? "nothing to look at: the run proves nothing of it" : looked
    }

    /// `upheld: 11 invariants`, or `FAILED: 2 of 11 invariants (3, 7)`.
    var finalLine: String {
        let failed = verdicts.filter { !$0.isUpheld }.map { "\($0.invariant.rawValue)" }
        return failed.isEmpty
            ? "upheld: \(verdicts.count) invariants"
            : "FAILED: \(failed.count) of \(verdicts.count) invariants (\(failed.joined(separator: ", ")))"
    }
}

extension InvariantVerdict {
    var json: JSON {
        [
            "invariant": .integer(invariant.rawValue), "name": .string(invariant.name), "upheld": .bool(isUpheld), "looked": .integer(looked),
            "unit": .string(invariant.unit), "violations": .integer(count), "first": .array(findings.map(JSON.string)),
            "notes": .array(notes.map(JSON.string)),
        ]
    }
}

extension ChaosVerdictText {
    var json: JSON {
        ["upheld": .bool(verdicts.allSatisfy(\.isUpheld)), "invariants": .array(verdicts.map(\.json)), "line": .string(finalLine)]
    }
}
