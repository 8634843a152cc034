import RedisStreams

/// What a run must show whatever its figures are: every fill became one signal, every follower got one result, every result is an order
/// that the exchange has, and every entry is a row of the audit trail.
struct BenchProof: Sendable {
    /// After the drain.
    let end: BenchMark
    /// `nil`: something was still under way when the patience ended.
    let drain: Duration?
    let tally: ExecutionTally
    let exchange: ExchangeOrders
    let auditRows: Int64
    /// `nil`: nobody asked for it.
    var verification: VerificationReport?

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
            faults.append("not finished in time after the load: \(left)")
        }
        claim(tally.lostSignals, "fills without a signal")
        claim(tally.strangeSignals, "signals too many")
        claim(tally.lost, "executions lost: no result")
        claim(tally.duplicates, "results beyond the first of an execution")
        claim(strayOrders, "orders at the exchange that no result accounts for")
        claim(unfoundedResults, "results of trades that the exchange does not know")
        claim(deadLetters, "dead letters")
        if drain != nil { claim(end.counters.entries - auditRows, "entries that differ between streams and audit trail") }
        if let verification, !verification.isClean { faults.append("vibe verify: \(verification.finalLine)") }
        return faults
    }

    /// Counts, once everything has come to rest and the fleet still runs: `vibe verify` reads the exchange's ledger.
    static func gather(
        _ site: BenchSite, _ options: BenchOptions, drain: Duration?, published: Int, schedule: LoadSchedule, measured: Range<Int>,
        window: BenchWindow, keepsCopies: Bool
    ) async throws -> BenchProof {
        let exchange = try ExchangeOrders(try await site.simulator.status())
        let end = try await site.mark()
        Terminal.complain("counting \(Format.count(end.counters.entries)) entries")
        let rows = try await site.auditRows()
        let verification =
            options.verify
            ? try await Verification.run(site.context, ledger: .exchange(site.simulator.base), patience: .seconds(10)) : nil
        await site.fleet.stop()
        let tally = try await ExecutionTally.make(
            site.entries(options), published: published, fanOut: options.fanOut, schedule: schedule, measured: measured, window: window,
            keepsCopies: keepsCopies)
        return BenchProof(end: end, drain: drain, tally: tally, exchange: exchange, auditRows: rows, verification: verification)
    }
}
