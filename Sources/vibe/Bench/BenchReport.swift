import CopyTrading
import RedisStreams

/// What a benchmark found.
struct BenchReport: Sendable {
    let options: BenchOptions
    let window: BenchWindow
    /// After the drain.
    let end: BenchMark
    /// `nil`: something was still under way when the patience ended.
    let drain: Duration?
    let generator: LoadGenerator.Outcome
    let tally: ExecutionTally
    let exchange: ExchangeOrders
    let auditRows: Int64
    /// `nil` after a short warm-up.
    let callers: RedisCallers?
    let ceiling: HandOffCeiling.Outcome?

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

    var deadLetters: Int64 { end.counters.added(.deadLetters) }

    /// Orders at the exchange beyond those that the results account for.
    var strayOrders: Int64 { max(0, exchange.filled - Int64(tally.attempts)) }
    /// Results that say something was traded, beyond what the exchange traded.
    var unfoundedResults: Int64 { max(0, Int64(tally.executed) - exchange.filled) }

    /// What must not be, each in words. Empty: nothing was lost and nothing done twice.
    var faults: [String] {
        var faults: [String] = []
        func claim(_ count: some BinaryInteger, _ text: String) {
            if count != 0 { faults.append("\(Format.count(count)) \(text)") }
        }
        if drain == nil {
            let left = FleetRole.allCases.map { "\($0.rawValue) \(Format.count(end.counters.backlog($0)))" }.joined(separator: ", ")
            faults.append("not finished \(Bench.drainLimit.components.seconds) s after the load: \(left)")
        }
        claim(tally.lostSignals, "fills without a signal")
        claim(tally.strangeSignals, "signals too many")
        claim(tally.lost, "executions lost: no result")
        claim(tally.duplicates, "results beyond the first of an execution")
        claim(strayOrders, "orders at the exchange that no result accounts for")
        claim(unfoundedResults, "results of trades that the exchange does not know")
        claim(deadLetters, "dead letters")
        if drain != nil { claim(end.counters.entries - auditRows, "entries that differ between streams and audit trail") }
        return faults
    }

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
