import ArgumentParser

/// Throughput and latency of the whole fleet.
struct FleetBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Measure throughput and latency of a whole fleet on this machine.",
        discussion: """
            Private servers (Redis with AOF, Postgres), the simulated exchange, and every role as a process of its own, as in production; \
            --rate signals a second, each copied by --fan-out subscribers with a signed order of 25 USDC. Rate limits are raised until \
            none binds, and connections to their most; other variables documented in env/ apply to every process, so that a setting can be tried.

            Method. The load is open loop: every leader's fill has a moment fixed in advance and is published then, however far behind \
            the fleet is; times are counted from that moment as well as from the arrival of its frame. Nothing is measured while \
            --warm-up lasts. Afterwards the fleet finishes what it has taken; then every entry of the streams is read once (nothing \
            reads along during the run), each fill is held against the results of its subscribers, and the exchange's order count and \
            the rows of the audit trail against those. Something lost or done twice is exit code 1; falling short of the rate is not.

            Hops. Times that are stream ids have a resolution of one millisecond. "received → written" is the headline: from the frame \
            with the leader's fill to the subscriber's signed order on the wire.

            Orders of one account in one coin wait for each other, as they must. A leader trades one coin, every leaders/rate seconds: \
            with --latency-ms above half of that, raise --accounts (or --leaders), or the wait is what is measured.

            Redis, by caller. The last second of the warm-up is sampled from the server's slow log, which slows it for that second.

            Ceiling. At the end the same Redis, otherwise idle, runs the bare scripts for some seconds: publish, fan-out, two hand-offs, \
            four audit acknowledgements, in batches of 128 with the run's own payloads, and no work in between.

            Comparing. --compare shows the change between two results of --json, of two builds run in turn on the same machine with the \
            same options. A change counts when it is beyond what two runs of one build differ by: \(BenchFigure.Noise.summary). Run each \
            build more than once before you believe it.

            Minutes. --trim drops finished entries after half a minute, as a fleet does, and counts from Postgres instead of the streams.

            Examples:
              vibe bench
              vibe bench --rate 800 --work 3 --seconds 60
              vibe bench --latency-ms 300 --json | jq .latencyUs.receivedToSent
              VIBE_BATCH=256 vibe bench
              vibe bench --json > A.json; git switch faster; make build; vibe bench --json > B.json; vibe bench --compare A.json B.json
              vibe bench --seconds 600 --trim --verify
            """)

    @OptionGroup var options: BenchOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: BenchDirectory
    @Option(parsing: .upToNextOption, help: "Measure nothing; compare two results of --json, the older first.") var compare: [String] = []

    func validate() throws {
        guard compare.isEmpty || compare.count == 2 else { throw ValidationError("--compare takes two files") }
    }

    func run() async throws {
        if compare.count == 2 {
            let comparison = try BenchComparison(try BenchResult.read(compare[0]), try BenchResult.read(compare[1]))
            return output.show(comparison.json) { comparison.text() }
        }
        let options = options
        let report = try await place.perform(isClean: \.faults.isEmpty) { run, supervision in
            try await Bench(options: options, run: run, supervision: supervision).measure()
        }
        output.show(report.json) { report.text() }
        guard report.faults.isEmpty else { throw Failure(.checkFailed, "") }
    }
}
