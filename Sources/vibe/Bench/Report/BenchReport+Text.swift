/// The report for people; fits 100 columns.
extension BenchReport {
    func text(for terminal: Terminal = .output) -> String {
        let sections = [
            [head], [verdict(terminal)], [hopTable.rendered(for: terminal)], [processTable.rendered(for: terminal), machineLine, stageLine],
            callerTable.map { [$0.rendered(for: terminal)] } ?? [], serverLines,
        ]
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private var head: String {
        let counts = FleetRole.allCases.map { "\($0.rawValue) \(options.counts[$0])" }.joined(separator: ", ")
        let latency = options.latencyMs > 0 ? "; exchange answers after \(options.latencyMs) ms" : ""
        return "\(options.summary)\n\(counts); \(options.partitions) partitions; AOF \(options.fsync.rawValue); "
            + "\(MachineUsage.processors) processors\(latency)"
    }

    private func verdict(_ terminal: Terminal) -> String {
        var lines: [String] = []
        if keptUp {
            lines.append(terminal.styled("kept up: \(Format.count(drained)) executions/s drained, \(Format.count(options.offered)) offered", .green))
        } else {
            let share = drained * 100 / Int64(options.offered)
            lines.append(
                terminal.styled(
                    "fell short: \(Format.count(drained)) executions/s drained, \(share) % of \(Format.count(options.offered)) offered", .yellow))
        }
        lines.append(
            "offered \(Format.count(tally.published)) signals and \(Format.count(tally.published * options.fanOut)) executions; "
                + "completed \(Format.count(tally.signals)) and \(Format.count(tally.results)) (priming and warm-up included)")
        lines.append(outcomes.map { "\($0.outcome.rawValue) \(Format.count($0.count))" }.joined(separator: ", "))
        lines += outcomes.compactMap { item in tally.examples[item.outcome].map { "  \(item.outcome.rawValue): \(Format.shortened($0, to: 80))" } }
        if let drain = proof.drain { lines.append("everything finished \(Format.time(microseconds: drain.microseconds)) after the load") }
        lines += faults.isEmpty
            ? [terminal.styled("nothing lost, nothing twice: \(Format.count(proof.exchange.filled)) orders at the exchange, \(Format.count(proof.auditRows)) audit rows", .green)]
            : faults.map { terminal.styled("! " + $0, .red) }
        if let verification = proof.verification { lines.append(terminal.styled(verification.finalLine, verification.isClean ? .green : .red)) }
        if options.latencyMs * 2 > options.fillSpacing {
            lines.append(
                terminal.styled(
                    "each leader trades every \(options.fillSpacing) ms, and an account's orders in one coin wait for each other: "
                        + "with this latency, raise --accounts", .yellow))
        }
        if others * 20 > window.microseconds * Int64(MachineUsage.processors) {
            let cores = Self.tenths(others * 10 / window.microseconds)
            lines.append(terminal.styled("other programs took \(cores) of \(MachineUsage.processors) processors: not a fair measurement", .yellow))
        }
        if generatorWasLate {
            lines.append(
                terminal.styled("the load itself was up to \(Format.time(microseconds: generator.longestDelay)) late: the machine is too busy", .yellow))
        }
        return lines.joined(separator: "\n")
    }

    private var hopTable: Table {
        var table = Table([.text("HOP", mayShrink: true), .figure("P50"), .figure("P95"), .figure("P99"), .figure("MAX")])
        for hop in Hop.allCases {
            let summary = tally.hops[hop] ?? LatencySummary()
            table.add(
                [Table.Cell(hop.title, hop.isWhole ? .bold : nil)]
                    + [50.0, 95, 99, 100].map { Table.Cell(Format.time(microseconds: summary.microseconds($0)), hop == .receivedToSent ? .cyan : nil) })
        }
        return table
    }

    private var processTable: Table {
        var table = Table([.text("PROCESS"), .figure("CPU"), .figure("OF A CORE"), .figure("US/EXECUTION"), .figure("MEMORY")])
        for (name, usage) in window.processes {
            table.add([
                Table.Cell(name, .bold), Table.Cell(Format.time(microseconds: usage.cpu)),
                Table.Cell("\(usage.cpu * 100 / window.microseconds) %"), Table.Cell(Self.tenths(tenthsPerExecution(usage.cpu))),
                Table.Cell(Format.bytes(usage.memory)),
            ])
        }
        return table
    }

    private var callerTable: Table? {
        guard let callers, !callers.callers.isEmpty else { return nil }
        var table = Table([.text("REDIS, BY CALLER"), .figure("CALLS/S"), .figure("US/CALL"), .figure("US/EXECUTION")])
        for caller in callers.callers.prefix(8) {
            table.add([
                Table.Cell(caller.name, .bold), Table.Cell(Format.rate(caller.calls, over: .microseconds(callers.duration))),
                Table.Cell("\(caller.microseconds / max(1, caller.calls))"), Table.Cell(Self.tenths(caller.microseconds * 10 / callers.executions)),
            ])
        }
        return table
    }

    private var stageLine: String {
        let parts = window.stages.map { "\($0.name) \(Self.tenths(tenthsPerExecution($0.cpu)))" }
        let sum = window.stages.reduce(0) { $0 + $1.cpu }
        return "µs of processor an execution: \(parts.joined(separator: ", ")); together \(Self.tenths(tenthsPerExecution(sum)))"
    }

    private var machineLine: String {
        guard let machine = window.machine else { return "" }
        let whole = window.microseconds * Int64(MachineUsage.processors)
        return "machine \(machine.busy * 100 / whole) % busy, \(others * 100 / whole) % with other programs and the kernel's own work, "
            + "\(machine.stolen * 100 / whole) % taken by its host"
    }

    private var serverLines: [String] {
        let redis = window.redis
        let inside = redis.inScripts.prefix(5).map { "\($0.name) \(Self.tenths(tenthsPerExecution($0.calls.microseconds)))" }
        var lines = [
            "redis     \(Self.tenths(tenthsPerExecution(redis.total.microseconds))) µs an execution in \(hundredths(redis.total.count)) calls, of which "
                + "\(Self.tenths(tenthsPerExecution(redis.scripts.microseconds))) in \(hundredths(redis.scripts.count)) scripts: \(inside.joined(separator: ", "))",
            "          (the server's own clock: on a machine that is full it includes waiting for a processor)",
            "          \(Format.count(redis.aofBytes / executions)) bytes of AOF and \(Format.count(memoryPerExecution)) bytes of memory an execution",
            "postgres  \(Format.count(auditedPerSecond)) rows/s; \(Format.count(window.to.counters.backlog(.audit))) entries behind when the load ended",
        ]
        if let ceiling {
            lines.append(
                "ceiling   \(Format.count(ceiling.perSecond)) executions/s of bare hand-offs on this Redis (\(ceiling.busyPerMille / 10) % busy, "
                    + "\(ceiling.serverMicroseconds) µs each); this run \(drained * 100 / max(1, ceiling.perSecond)) % of it")
        }
        return lines
    }

    /// Calls an execution, `0.80`.
    private func hundredths(_ calls: Int64) -> String {
        let value = calls * 100 / executions
        return "\(value / 100)." + (value % 100 < 10 ? "0" : "") + "\(value % 100)"
    }

    /// `412` → `41.2`.
    static func tenths(_ value: Int64) -> String { "\(value / 10).\(value % 10)" }
}
