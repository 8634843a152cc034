import ArgumentParser

/// The fleet with one thing varied.
struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Measure the fleet several times with one thing varied.",
        discussion: """
            Each value is a run of `vibe bench` of its own, new servers and all; shown are executions a second, and what one execution \
            costs: processor by stage, Redis, bytes of AOF, rows of Postgres. A run ends at latest three minutes after its load, so that \
            a sweep of three takes four to twelve minutes.

            workers        1, 2, 4 processes that send orders, to an exchange that takes 200 ms: orders in flight, not processors, limit \
            one worker, and the second should add as much again until the machine is full.
            subscriptions  1,000, 10,000, 100,000 at the same load: those beyond the load's are of leaders that never trade, by the same \
            accounts. What grows is what every subscription costs.
            partitions     1, 4, 16 of requests, jobs and results.
            backlog        100,000 entries (--values up to 1000000): leaders' entries are published while no worker runs, until all are \
            jobs; then the workers start, and while they drain other leaders close. Measured is fill due → order written of those closes, \
            against as many closes of the same run before there was a backlog. Entries that have waited for a minute expire.

            Examples:
              vibe bench sweep workers
              vibe bench sweep subscriptions --values 1000 100000 --rate 200
              vibe bench sweep backlog --values 1000000 --json
            """)

    @Argument(help: "What: \(SweepKind.allCases.map(\.rawValue).joined(separator: ", ")).") var kind: SweepKind
    @OptionGroup var options: SweepOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: BenchDirectory

    func validate() throws {
        if kind == .backlog { _ = try plans() } else { _ = try options.points(kind) }
    }

    func run() async throws {
        if kind == .backlog { return try await runBacklog() }
        let report = try await Sweep(kind: kind, options: options, place: place).measure()
        output.show(report.json) { report.text() }
        guard report.faults.isEmpty else { throw Failure(.checkFailed, "") }
    }

    private func plans() throws -> [BacklogPlan] { try options.values(of: .backlog).map { try BacklogPlan(entries: $0, options) } }

    private func runBacklog() async throws {
        var reports: [BacklogReport] = []
        for plan in try plans() {
            reports.append(
                try await place.inside("backlog-\(plan.entries)").perform(isClean: \.proof.faults.isEmpty) { run, supervision in
                    try await BacklogBench(plan: plan, run: run, supervision: supervision).measure()
                })
        }
        output.show(.array(reports.map(\.json))) { reports.map { $0.text() }.joined(separator: "\n\n") }
        guard reports.allSatisfy(\.proof.faults.isEmpty) else { throw Failure(.checkFailed, "") }
    }
}
