import JSON

/// What a backlog of entries did to closes.
struct BacklogReport: Sendable {
    let plan: BacklogPlan
    let proof: BenchProof
    /// From the workers' start to the last result.
    let window: BenchWindow
    /// Jobs when the workers started, and when the last close had been published.
    let waiting: Int64
    let leftAfterCloses: Int64
    /// Fill due → order written.
    private(set) var without = LatencySummary()
    private(set) var with = LatencySummary()

    init(
        plan: BacklogPlan, proof: BenchProof, window: BenchWindow, before: LoadSchedule, meanwhile: LoadSchedule, waiting: Int64, leftAfterCloses: Int64
    ) {
        self.plan = plan
        self.proof = proof
        self.window = window
        self.waiting = waiting
        self.leftAfterCloses = leftAfterCloses
        for copy in proof.tally.copies {
            let sent = copy.times.times.sent
            if before.fills.contains(copy.fill) {
                without.record(microseconds: sent - before.due(copy.fill))
            } else if meanwhile.fills.contains(copy.fill) {
                with.record(microseconds: sent - meanwhile.due(copy.fill))
            }
        }
    }

    private var expected: Int { plan.half * plan.options.fanOut }
    private var drainedPerSecond: Int64 { (waiting + Int64(expected)) * 1_000_000 / window.microseconds }
    /// Of the 99th percentiles, with to without.
    private var ratio: Double { Double(with.microseconds(99)) / Double(max(1, without.microseconds(99))) }

    func text(for terminal: Terminal = .output) -> String {
        var table = Table([.text("CLOSES, FILL DUE → ORDER WRITTEN"), .figure("ORDERS"), .figure("P50"), .figure("P95"), .figure("P99"), .figure("MAX")])
        for (name, times) in [("without a backlog", without), ("while it drained", with)] {
            table.add(
                [Table.Cell(name), Table.Cell("\(Format.count(times.count)) of \(Format.count(expected))")]
                    + [50.0, 95, 99, 100].map { Table.Cell(Format.time(microseconds: times.microseconds($0))) })
        }
        var lines = [
            "\(Format.count(waiting)) jobs waited, \(Format.count(leftAfterCloses)) still when the last close was published; "
                + "\(plan.options.work) workers, \(MachineUsage.processors) processors", "", table.rendered(for: terminal), "",
            "drained at \(Format.count(drainedPerSecond)) jobs/s; p99 of closes \(Format.ratio(ratio)) times that without a backlog",
            proof.tally.outcomes.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
                .map { "\($0.key.rawValue) \(Format.count($0.value))" }.joined(separator: ", "),
        ]
        if leftAfterCloses == 0 { lines.append(terminal.styled("the backlog was gone before the last close: a larger one says more", .yellow)) }
        lines += proof.faults.isEmpty
            ? [terminal.styled("nothing lost, nothing twice", .green)] : proof.faults.map { terminal.styled("! \($0)", .red) }
        return lines.joined(separator: "\n")
    }

    var rows: [TargetTable.Row] {
        [
            TargetTable.Row(
                what: "closes behind \(Format.count(waiting)) entries, p99", measured: Double(with.microseconds(99)), unit: .microseconds,
                note: "\(Format.time(microseconds: without.microseconds(99))) without")
        ]
    }

    var json: JSON {
        func summary(_ times: LatencySummary) -> JSON {
            [
                "count": .integer(times.count), "p50": .integer(times.microseconds(50)), "p95": .integer(times.microseconds(95)),
                "p99": .integer(times.microseconds(99)), "max": .integer(times.microseconds(100)),
            ]
        }
        return [
            "backlog": .integer(waiting), "leftAfterCloses": .integer(leftAfterCloses), "closes": .integer(expected),
            "withoutBacklogUs": summary(without), "withBacklogUs": summary(with), "p99Ratio": TargetTable.number(ratio),
            "drainedPerSecond": .integer(drainedPerSecond), "faults": .array(proof.faults.map(JSON.string)),
        ]
    }
}
