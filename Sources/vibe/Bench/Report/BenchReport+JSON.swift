import JSON

/// The report for programs: times in microseconds, memory in bytes.
extension BenchReport {
    var json: JSON {
        [
            "options": optionsJSON, "offeredPerSecond": .integer(options.offered), "drainedPerSecond": .integer(drained), "keptUp": .bool(keptUp),
            "windowUs": .integer(window.microseconds), "signals": counted(published: tally.published, completed: tally.signals, lost: tally.lostSignals),
            "executions": counted(published: tally.published * options.fanOut, completed: tally.results, lost: tally.lost),
            "duplicates": .integer(tally.duplicates), "deadLetters": .integer(proof.deadLetters),
            "outcomes": .object(outcomes.map { JSON.Member($0.outcome.rawValue, .integer($0.count)) }),
            "executedInWindow": .integer(tally.executedInWindow), "drainUs": proof.drain.map { .integer($0.microseconds) } ?? .null,
            "faults": .array(faults.map(JSON.string)), "generatorLongestDelayUs": .integer(generator.longestDelay),
            "latencyUs": .object(Hop.allCases.map { JSON.Member($0.rawValue, latency($0)) }),
            "processes": .object(window.processes.map { JSON.Member($0.name, usage($0.usage)) }),
            "cpuUsPerExecution": .object(window.stages.map { JSON.Member($0.name, perExecution($0.cpu)) }), "machine": machine,
            "memoryGrowthPerMinute": .object(
                memory.processes.compactMap { name in memory.slope(name).map { JSON.Member(name, .integer($0)) } }),
            "verified": proof.verification.map { .string($0.finalLine) } ?? .null,
            "exchange": ["filled": .integer(proof.exchange.filled), "actionsRefused": .integer(proof.exchange.actionsRefused)],
            "redis": redis,
            "postgres": [
                "rows": .integer(proof.auditRows), "rowsPerSecond": .integer(auditedPerSecond),
                "rowsPerExecution": perExecution(window.to.counters.audited - window.from.counters.audited),
                "behindAtEnd": .integer(window.to.counters.backlog(.audit)),
            ],
            "ceiling": ceiling.map(ceilingJSON) ?? .null,
        ]
    }

    private var optionsJSON: JSON {
        [
            "rate": .integer(options.rate), "fanOut": .integer(options.fanOut), "accounts": .integer(options.accounts),
            "leaders": .integer(options.leaderCount), "seconds": .integer(options.seconds), "warmUp": .integer(options.warmUp),
            "processes": .object(FleetRole.allCases.map { JSON.Member($0.rawValue, .integer(options.counts[$0])) }),
            "partitions": .integer(options.partitions), "quietSubscriptions": .integer(options.quietSubscriptions), "trim": .bool(options.trim),
            "latencyMs": .integer(options.latencyMs), "fsync": .string(options.fsync.rawValue),
        ]
    }

    private func counted(published: Int, completed: Int, lost: Int) -> JSON {
        ["offered": .integer(published), "completed": .integer(completed), "lost": .integer(lost)]
    }

    private func latency(_ hop: Hop) -> JSON {
        let summary = tally.hops[hop] ?? LatencySummary()
        return [
            "count": .integer(summary.count), "p50": .integer(summary.microseconds(50)), "p95": .integer(summary.microseconds(95)),
            "p99": .integer(summary.microseconds(99)), "max": .integer(summary.microseconds(100)),
        ]
    }

    private func usage(_ usage: ResourceUsage) -> JSON {
        ["cpuUs": .integer(usage.cpu), "cpuUsPerExecution": perExecution(usage.cpu), "memory": .integer(usage.memory)]
    }

    private var machine: JSON {
        guard let machine = window.machine else { return .null }
        return [
            "processors": .integer(MachineUsage.processors), "busyUs": .integer(machine.busy),
            "stolenUs": .integer(machine.stolen), "othersUs": .integer(others),
        ]
    }

    private var redis: JSON {
        let usage = window.redis
        return [
            "usPerExecution": perExecution(usage.total.microseconds), "calls": .integer(usage.total.count),
            "scriptUsPerExecution": perExecution(usage.scripts.microseconds), "scriptCalls": .integer(usage.scripts.count),
            "inScriptsUsPerExecution": .object(usage.inScripts.map { JSON.Member($0.name, perExecution($0.calls.microseconds)) }),
            "callers": .object((callers?.callers ?? []).map { JSON.Member($0.name, caller($0)) }),
            "aofBytesPerExecution": .integer(usage.aofBytes / executions), "memoryPerExecution": .integer(memoryPerExecution),
        ]
    }

    private func caller(_ caller: RedisCallers.Caller) -> JSON {
        guard let callers else { return .null }
        return [
            "callsPerSecond": .integer(caller.calls * 1_000_000 / callers.duration), "usPerCall": .integer(caller.microseconds / max(1, caller.calls)),
            "usPerExecution": .number(Self.tenths(caller.microseconds * 10 / callers.executions)),
        ]
    }

    private func ceilingJSON(_ ceiling: HandOffCeiling.Outcome) -> JSON {
        [
            "executionsPerSecond": .integer(ceiling.perSecond), "redisBusyPerMille": .integer(ceiling.busyPerMille),
            "redisCpuUsPerExecution": .integer(ceiling.serverMicroseconds),
            "runPerMille": .integer(drained * 1_000 / max(1, ceiling.perSecond)),
        ]
    }

    /// With one decimal.
    private func perExecution(_ microseconds: Int64) -> JSON { .number(Self.tenths(tenthsPerExecution(microseconds))) }
}
