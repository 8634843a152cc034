import JSON

/// What ingestion did under a market's traffic.
struct IngestBenchReport: Sendable {
    let options: IngestBenchOptions
    let window: BenchWindow
    /// Market messages sent in the window.
    let frames: Int64
    /// How late the load itself was, microseconds.
    var longestLoadDelay: Int64 = 0
    var lost = 0
    var twice = 0
    /// Signals of no published fill.
    var strange = 0
    private var toSignal: [Int: LatencySummary] = [:]
    private var fromDue = LatencySummary()

    /// Of the issue that asked for them: one core, and the 99th percentile from frame to signal.
    private static let targetFrames: Int64 = 30_000
    private static let targetMicroseconds: Int64 = 5_000

    init(options: IngestBenchOptions, window: BenchWindow, frames: Int64) {
        self.options = options
        self.window = window
        self.frames = frames
    }

    /// - Parameters: microseconds since 1970.
    mutating func record(tier: Int, received: Int64, published: Int64, due: Int64) {
        toSignal[tier, default: LatencySummary()].record(microseconds: published - received)
        fromDue.record(microseconds: published - due)
    }

    var faults: [String] {
        var faults: [String] = []
        if lost > 0 { faults.append("\(Format.count(lost)) fills have no signal") }
        if twice > 0 { faults.append("\(Format.count(twice)) signals too many") }
        if strange > 0 { faults.append("\(Format.count(strange)) signals of no fill") }
        return faults
    }

    private var framesPerSecond: Int64 { frames * 1_000_000 / window.microseconds }
    private var ingest: ResourceUsage { window.processes.first { BenchWindow.stage($0.name) == FleetRole.ingest.rawValue }?.usage ?? ResourceUsage() }
    private var cpuThousandths: Int64 { ingest.cpu * 1_000 / window.microseconds }
    private var tiers: [(tier: Int, times: LatencySummary)] { toSignal.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

    var json: JSON {
        let times = tiers.map { tier, times in
            JSON.Member(
                "tier\(tier)",
                ["p50": .integer(times.microseconds(50)), "p99": .integer(times.microseconds(99)), "count": .integer(times.count)])
        }
        return [
            "framesPerSecond": .integer(framesPerSecond), "signalsPerSecond": .integer(options.rate), "leaders": .integer(options.leaders),
            "frameToSignalUs": .object(times),
            "dueToSignalUs": ["p50": .integer(fromDue.microseconds(50)), "p99": .integer(fromDue.microseconds(99))],
            "ingestCpuThousandths": .integer(cpuThousandths), "ingestMemoryBytes": .integer(ingest.memory),
            "loadLateUs": .integer(longestLoadDelay), "faults": .array(faults.map(JSON.string)),
        ]
    }

    var rows: [TargetTable.Row] {
        func time(_ what: String, _ value: Int64, target: Int64? = nil) -> TargetTable.Row {
            TargetTable.Row(what: what, target: target.map(Double.init), measured: Double(value), unit: .microseconds)
        }
        var rows = [
            TargetTable.Row(
                what: "market messages", target: Double(Self.targetFrames), measured: Double(framesPerSecond), unit: .perSecond)
        ]
        for (tier, times) in tiers {
            rows.append(time("frame → signal, tier \(tier), p50", times.microseconds(50)))
            rows.append(time("frame → signal, tier \(tier), p99", times.microseconds(99), target: Self.targetMicroseconds))
        }
        rows += [
            time("fill due → signal, p50", fromDue.microseconds(50)), time("fill due → signal, p99", fromDue.microseconds(99)),
            .init(what: "processor of ingest, cores", target: 1, measured: Double(cpuThousandths) / 1_000, unit: .count),
            .init(what: "memory of ingest", measured: Double(ingest.memory), unit: .bytes),
        ]
        return rows
    }

    func text(for terminal: Terminal = .output) -> String {
        var table = TargetTable()
        table.add(rows)
        let head = "\(Format.count(options.frames)) market messages/s and \(Format.count(options.rate)) leaders' fills/s of \(options.leaders) leaders "
            + "for \(options.seconds) s, one ingest process; \(MachineUsage.processors) processors"
        var lines = [head, "", table.text(for: terminal), ""]
        if longestLoadDelay > 10_000 { lines.append("the load itself was up to \(Format.time(microseconds: longestLoadDelay)) late: the machine is too busy") }
        lines += faults.isEmpty ? [terminal.styled("nothing lost, nothing twice", .green)] : faults.map { terminal.styled("! \($0)", .red) }
        return lines.joined(separator: "\n")
    }
}
