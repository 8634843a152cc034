import ArgumentParser

/// What `make bench` runs.
struct SuiteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suite",
        abstract: "Run the measurements of the project's table in order, and print it.",
        discussion: """
            One after the other, each with servers and a fleet of its own, nothing else running:

            ingest         30,000 market messages a second (vibe bench ingest)
            throughput     10,000 executions a second offered for 10 s, more than the target: what is drained, and what one costs by stage, \
            beside the bare scripts on the same Redis (vibe bench --rate 1000)
            latency        500 signals a second, ten subscribers each (vibe bench), and a tenth of that
            fanout         one leader, 1,000 followers (vibe bench fanout)
            idle           memory of an idle role (vibe bench idle)
            micro          single pieces against references (vibe bench micro)
            sweep workers  1, 2, 4 workers and an exchange that takes 200 ms (vibe bench sweep workers)

            That takes 15 minutes, at most an hour: each step has a limit, beyond which it counts as failed. --thorough adds an hour, at \
            most three: the sweeps of subscriptions and partitions, a backlog of a million, and ten minutes at 5,000 executions a second, \
            with `vibe verify` after it. Latency is counted open loop, see `vibe bench fleet --help`.

            Exit code 1 when a step lost something, did it twice, or could not be finished; a target that is missed is none.

            Examples:
              vibe bench suite
              vibe bench suite --only throughput latency --fsync always
              vibe bench suite --thorough --json > table.json
            """)

    @Flag(help: "Also what takes an hour more.") var thorough = false
    @Option(parsing: .upToNextOption, help: "Only these steps, by name.") var only: [String] = []
    @Option(help: "When every Redis flushes its AOF to disk: everysec or always.") var fsync = BenchOptions.Fsync.everysec
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: BenchDirectory

    func validate() throws {
        let names = try Suite.steps(thorough: true).map(\.name)
        for name in only where !names.contains(name) { throw ValidationError("--only takes \(names.joined(separator: ", ")); there is no \(name)") }
    }

    func run() async throws {
        let steps = try Suite.steps(thorough: thorough || !only.isEmpty, fsync: fsync).filter { only.isEmpty || only.contains($0.name) }
        let report = try await Suite(steps: steps, place: place).run()
        output.show(report.json) { report.text() }
        guard report.faults.isEmpty else { throw Failure(.checkFailed, "") }
    }
}
