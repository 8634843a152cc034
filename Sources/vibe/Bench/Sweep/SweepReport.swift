import JSON

/// Runs that differ in one thing.
struct SweepReport: Sendable {
    let kind: SweepKind
    let runs: [Run]

    /// What is kept of one run.
    struct Run: Sendable {
        let value: Int
        let offered: Int
        let figures: [Figure]
        let faults: [String]
    }

    struct Figure: Sendable {
        let name: String
        let value: Double
        let unit: TargetTable.Unit
    }

    var faults: [String] { runs.flatMap { run in run.faults.map { "\(kind.rawValue) \(run.value): \($0)" } } }

    /// Figures as rows and values as columns, so that the eye finds what grows.
    func text(for terminal: Terminal = .output) -> String {
        var table = Table(
            [.text(kind.rawValue.uppercased(), mayShrink: true)] + runs.map { .figure(Format.count($0.value)) } + [.figure("LAST / FIRST")])
        for figure in runs.first?.figures ?? [] {
            let values = runs.map { run in run.figures.first { $0.name == figure.name }?.value }
            var cells = [Table.Cell(figure.name, figure.name == Self.rateName ? .bold : nil)]
            cells += values.map { Table.Cell($0.map(figure.unit.text) ?? "") }
            let ends = (values.first ?? nil, values.last ?? nil)
            if case (let first?, let last?) = ends, first > 0 { cells.append(Table.Cell(Format.ratio(last / first), .cyan)) } else { cells.append("") }
            table.add(cells)
        }
        var lines = [table.rendered(for: terminal)]
        if let scaling { lines += ["", scaling] }
        lines.append("")
        lines += faults.isEmpty ? [terminal.styled("nothing lost, nothing twice", .green)] : faults.map { terminal.styled("! \($0)", .red) }
        return lines.joined(separator: "\n")
    }

    static let rateName = "executions/s"

    /// Of the first run's rate times the values' ratio, what each run reached.
    var proportions: [(value: Int, share: Double)] {
        guard let first = runs.first, let base = first.rate, base > 0 else { return [] }
        return runs.compactMap { run in run.rate.map { (run.value, $0 / base * Double(first.value) / Double(run.value)) } }
    }

    private var scaling: String? {
        guard kind == .workers, runs.count > 1 else { return nil }
        let parts = proportions.map { "\($0.value): \(Format.ratio($0.share))" }
        return "share of what would be in proportion to the first: " + parts.joined(separator: ", ")
    }

    var rows: [TargetTable.Row] {
        if kind == .workers {
            return proportions.dropFirst().map {
                TargetTable.Row(what: "\($0.value) workers, share of proportion", target: 1, measured: $0.share, unit: .atLeast)
            }
        }
        guard let first = runs.first, let last = runs.last, let before = first.cost, let after = last.cost, before > 0 else { return [] }
        return [
            TargetTable.Row(
                what: "cost, \(Format.count(first.value)) → \(Format.count(last.value)) \(kind.rawValue)", target: 1, measured: after / before, unit: .count,
                note: "processor, times the first")
        ]
    }

    var json: JSON {
        [
            "sweep": .string(kind.rawValue),
            "runs": .array(
                runs.map { run in
                    [
                        "value": .integer(run.value), "offeredPerSecond": .integer(run.offered),
                        "figures": .object(run.figures.map { JSON.Member($0.name, TargetTable.number($0.value)) }),
                        "faults": .array(run.faults.map(JSON.string)),
                    ]
                }),
            "faults": .array(faults.map(JSON.string)),
        ]
    }
}

extension SweepReport.Run {
    static let costName = "processor, all"

    var rate: Double? { figures.first { $0.name == SweepReport.rateName }?.value }
    var cost: Double? { figures.first { $0.name == Self.costName }?.value }

    /// What of a whole run is compared.
    init(value: Int, _ report: BenchReport) {
        func perExecution(_ amount: Int64) -> Double { Double(amount) / Double(report.executions) }
        func latency(_ percentile: Double) -> Double { Double(report.tally.hops[.receivedToSent]?.microseconds(percentile) ?? 0) }
        let stages = report.window.stages
        let audited = report.window.to.counters.audited - report.window.from.counters.audited
        var figures = [
            SweepReport.Figure(name: SweepReport.rateName, value: Double(report.drained), unit: .count),
            .init(name: "frame → order, p50", value: latency(50), unit: .microseconds),
            .init(name: "frame → order, p99", value: latency(99), unit: .microseconds),
            .init(name: Self.costName, value: perExecution(stages.reduce(0) { $0 + $1.cpu }), unit: .costMicroseconds),
        ]
        figures += stages.map { .init(name: "processor, \($0.name)", value: perExecution($0.cpu), unit: .costMicroseconds) }
        figures += [
            .init(name: "redis, its own clock", value: perExecution(report.window.redis.total.microseconds), unit: .costMicroseconds),
            .init(name: "AOF", value: perExecution(report.window.redis.aofBytes), unit: .bytes),
            .init(name: "rows of Postgres", value: perExecution(audited), unit: .count),
        ]
        self.init(value: value, offered: report.options.offered, figures: figures, faults: report.faults)
    }
}
