import JSON

/// Memory of a fleet's processes: at rest, under load, at rest again.
struct IdleReport: Sendable {
    let report: BenchReport
    let idle: IdleMemory
    /// Between the samples that are shown.
    let interval: Duration

    init?(_ report: BenchReport) {
        guard let idle = report.idle else { return nil }
        self.report = report
        self.idle = idle
        interval = Self.interval(seconds: report.options.seconds)
    }

    /// A minute, or a tenth of a run shorter than ten.
    static func interval(seconds: Int) -> Duration { .seconds(max(1, min(60, seconds / 10))) }

    private var processes: [String] { idle.before.keys.sorted { BenchWindow.precedes($0, $1) } }

    func text(for terminal: Terminal = .output) -> String {
        var table = Table([.text("PROCESS"), .figure("IDLE"), .figure("TARGET"), .figure("END OF LOAD"), .figure("IDLE AFTER"), .figure("SLOPE, A MINUTE")])
        let loaded = report.memory.samples.last?.bytes ?? [:]
        for name in processes {
            let isRole = FleetRole(rawValue: BenchWindow.stage(name)) != nil
            let before = idle.before[name] ?? 0
            table.add([
                Table.Cell(name, .bold), Table.Cell(Format.bytes(before), isRole ? (before <= IdleMemory.target ? .green : .yellow) : nil),
                Table.Cell(isRole ? "≤ " + Format.bytes(IdleMemory.target) : ""), Table.Cell(loaded[name].map(Format.bytes) ?? ""),
                Table.Cell(idle.after[name].map(Format.bytes) ?? "gone"), Table.Cell(report.memory.slope(name).map(Self.signed) ?? ""),
            ])
        }
        let lines = [
            "\(report.options.summary); \(MachineUsage.processors) processors", "", table.rendered(for: terminal), "", "while the load ran",
            seriesTable.rendered(for: terminal), "",
        ]
        let verdict = report.faults.isEmpty
            ? [terminal.styled("nothing lost, nothing twice", .green)] : report.faults.map { terminal.styled("! \($0)", .red) }
        return (lines + verdict).joined(separator: "\n")
    }

    /// One line a sample, one column a process of the fleet.
    private var seriesTable: Table {
        let names = report.memory.processes
        var table = Table([.figure("AFTER")] + names.map { .figure($0) })
        let start = report.memory.samples.first?.at ?? 0
        for sample in report.memory.spaced(interval) {
            table.add(
                [Table.Cell(Format.time(microseconds: sample.at - start))] + names.map { Table.Cell(sample.bytes[$0].map(Format.bytes) ?? "") })
        }
        return table
    }

    private static func signed(_ bytes: Int64) -> String { (bytes < 0 ? "-" : "+") + Format.bytes(abs(bytes)) }

    var row: TargetTable.Row {
        TargetTable.Row(
            what: "memory of an idle role, the largest", target: Double(IdleMemory.target), measured: idle.largest.map { Double($0.bytes) }, unit: .bytes,
            note: idle.largest?.process ?? "")
    }

    var json: JSON {
        func bytes(_ memory: [String: Int64]) -> JSON { .object(memory.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) }) }
        let start = report.memory.samples.first?.at ?? 0
        return [
            "targetBytes": .integer(IdleMemory.target), "idleBytes": bytes(idle.before), "idleAfterBytes": bytes(idle.after),
            "growthPerMinute": .object(report.memory.processes.compactMap { name in report.memory.slope(name).map { JSON.Member(name, .integer($0)) } }),
            "samples": .array(
                report.memory.spaced(interval).map { ["atUs": .integer($0.at - start), "bytes": bytes($0.bytes)] as JSON }),
            "faults": .array(report.faults.map(JSON.string)),
        ]
    }
}
