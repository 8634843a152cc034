import JSON

/// One table of a whole set.
struct SuiteReport: Sendable {
    private(set) var table = TargetTable()
    private(set) var faults: [String] = []
    private var runs: [JSON.Member] = []

    mutating func add(_ name: String, _ outcome: SuiteStep.Outcome) {
        table.add(outcome.rows)
        faults += outcome.faults.map { "\(name): \($0)" }
        runs.append(JSON.Member(name, outcome.json))
    }

    func text(for terminal: Terminal = .output) -> String {
        var lines = [table.text(for: terminal), ""]
        lines.append("\(MachineUsage.processors) processors, everything on the one machine; ratio is measured to target")
        lines += faults.isEmpty ? [terminal.styled("nothing lost, nothing twice", .green)] : faults.map { terminal.styled("! \($0)", .red) }
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        [
            "processors": .integer(MachineUsage.processors), "table": table.json, "faults": .array(faults.map(JSON.string)),
            "runs": .object(runs),
        ]
    }
}
