import ArgumentParser
import RedisStreams

/// What a benchmark drives through the fleet, and how large the fleet is.
struct BenchOptions: ParsableArguments, Sendable {
    @Option(help: "Signals a second, 1 to 20000.") var rate = 500
    @Option(help: "Subscribers that copy each signal, 1 to 5000.") var fanOut = 10
    @Option(help: "Subscribers, each with an account of its own, 1 to 20000.") var accounts = 800
    @Option(help: "Leaders, 1 to 500, each trading one coin; by default so many that every account copies one.") var leaders: Int?
    @Option(help: "Seconds that are measured, 1 to 3600.") var seconds = 30
    @Option(help: "Seconds at the same rate before, 0 to 600.") var warmUp = 5
    @Option(help: "Processes that read the exchange's feeds.") var ingest = 1
    @Option(help: "Processes that match signals with subscriptions.") var match = 1
    @Option(help: "Processes that size and price.") var plan = 1
    @Option(name: [.customLong("work"), .customLong("workers")], help: "Processes that send orders.") var work = 2
    @Option(help: "Processes that write the audit trail.") var audit = 1
    @Option(help: "Partitions of requests, jobs and results, 1 to 99.") var partitions = 16
    @Option(help: "The exchange's acknowledgement takes so many milliseconds, 0 to 10000.") var latencyMs = 0
    @Option(help: "When Redis flushes its AOF to disk: everysec or always.") var fsync = Fsync.everysec
    @Option(help: "Further subscriptions, to leaders that never trade, 0 to 140000.") var quietSubscriptions = 0
    @Flag(help: "Keep finished entries for half a minute only, as a fleet does, and count from Postgres: for runs of many minutes.") var trim = false
    @Flag(help: "Run `vibe verify` at the end.") var verify = false
    @Option(help: "Seconds of the Redis-only ceiling after the run, 0 to 60; 0 leaves it out.") var ceiling = 4

    enum Fsync: String, CaseIterable, ExpressibleByArgument { case everysec, always }

    /// The exchange follows the fills of so many users at most in one burst of subscriptions.
    static let mostLeaders = 500

    var leaderCount: Int { leaders ?? min(Self.mostLeaders, max(1, accounts / fanOut)) }

    /// Each of them followed by every account, the last one by the rest.
    var quietLeaders: Int { (quietSubscriptions + accounts - 1) / accounts }

    /// Executions a second that are offered.
    var offered: Int { rate * fanOut }

    /// Milliseconds between two fills of one leader. An account's orders in one coin wait for each other, so with an exchange that
    /// takes longer than this what is measured is that wait.
    var fillSpacing: Int { 1_000 * leaderCount / rate }

    /// Fills published one by one before the run: every leader goes long and flat once, so that each process has met each account.
    var primingFills: Int { 2 * leaderCount }

    /// For people.
    var summary: String {
        "\(Format.count(rate)) signals/s × \(fanOut) = \(Format.count(offered)) executions/s for \(seconds) s after \(warmUp) s; "
            + "\(leaderCount) leaders, \(Format.count(accounts)) accounts"
    }

    var counts: FleetCounts {
        var counts = FleetCounts()
        for (role, count) in [(FleetRole.ingest, ingest), (.match, match), (.plan, plan), (.work, work), (.audit, audit)] { counts[role] = count }
        return counts
    }

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("rate", rate, 1...20_000), ("fan-out", fanOut, 1...5_000), ("accounts", accounts, 1...20_000),
            ("leaders", leaders ?? 1, 1...Self.mostLeaders), ("seconds", seconds, 1...3_600), ("warm-up", warmUp, 0...600),
            ("partitions", partitions, 1...99), ("quiet-subscriptions", quietSubscriptions, 0...140_000), ("latency-ms", latencyMs, 0...10_000), ("ceiling", ceiling, 0...60),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) is \(range.lowerBound) to \(range.upperBound)")
        }
        for role in FleetRole.allCases where !(1...FleetRole.mostProcesses).contains(counts[role]) {
            throw ValidationError("--\(role.rawValue) is 1 to \(FleetRole.mostProcesses)")
        }
        guard fanOut <= accounts else { throw ValidationError("--fan-out \(fanOut) needs at least as many --accounts") }
    }
}
