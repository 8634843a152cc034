import CopyTrading
import RedisStreams

/// What a benchmark found.
struct BenchReport: Sendable {
    let options: BenchOptions
    let window: BenchWindow
    let proof: BenchProof
    let generator: LoadGenerator.Outcome
    /// Of the processes, in the window.
    let memory: MemorySeries
    /// Before the first fill and after everything was finished, when that was waited for.
    let idle: IdleMemory?
    /// `nil` after a short warm-up.
    let callers: RedisCallers?
    let ceiling: HandOffCeiling.Outcome?

    var tally: ExecutionTally { proof.tally }
    /// After the drain.
    var end: BenchMark { proof.end }

    /// Of the rate that was asked for, parts of a hundred that count as kept up.
    static let keptUpPercent: Int64 = 98

    /// Executions the window has for figures per execution; at least one.
    var executions: Int64 { Int64(max(1, tally.executedInWindow)) }

    /// Executions a second that left the fleet in the window.
    var drained: Int64 { Int64(tally.executedInWindow) * 1_000_000 / window.microseconds }

    var keptUp: Bool { drained * 100 >= Int64(options.offered) * Self.keptUpPercent }

    /// Publishing on time is the load generator's own duty.
    var generatorWasLate: Bool { generator.longestDelay > 100_000 }

    /// Processor time in the window that none of the run's processes used, microseconds.
    var others: Int64 {
        guard let machine = window.machine else { return 0 }
        return max(0, machine.busy - window.processes.reduce(0) { $0 + $1.usage.cpu })
    }

    var faults: [String] { proof.faults }

    /// Outcomes by number of executions, most first.
    var outcomes: [(outcome: Outcome, count: Int)] {
        tally.outcomes.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0.rawValue) < ($0.1, $1.0.rawValue) }
    }

    /// Entries of the streams, and rows of Postgres, a second.
    var auditedPerSecond: Int64 {
        (window.to.counters.audited - window.from.counters.audited) * 1_000_000 / window.microseconds
    }

    /// Redis memory that one execution took, entries and state, bytes.
    var memoryPerExecution: Int64 { end.redis.usedMemory / max(1, Int64(tally.results)) }

    /// Tenths of microseconds an execution, from microseconds in the window.
    func tenthsPerExecution(_ microseconds: Int64) -> Int64 { microseconds * 10 / executions }
}
