import ArgumentParser

/// One leader whom many follow.
struct FanoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout",
        abstract: "Measure one leader with a thousand followers.",
        discussion: """
            The fleet of `vibe bench`, one leader, and --followers that copy each of its signals, which come one at a time, \
            --per-second of them. Times are from the arrival of the leader's frame to the first and to the last follower's signed order \
            on the wire; of each signal one, and of these the median and the worst.

            Fairness. No follower is always first: the order turns with each signal. Counted is how often each follower's order was among \
            the first tenth; a follower's share, the least and the most that any got, and how many never were, beside what blind chance \
            would leave out over as many signals.

            What was lost or done twice is exit code 1; a target that is missed is not.

            Examples:
              vibe bench fanout
              vibe bench fanout --followers 5000 --seconds 60 --json
            """)

    @OptionGroup var options: FanoutOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: BenchDirectory

    func run() async throws {
        let options = try self.options.bench()
        let report = try await place.perform(isClean: \.report.faults.isEmpty) { run, supervision in
            FanoutReport(try await Bench(options: options, run: run, supervision: supervision, keepsCopies: true).measure())
        }
        output.show(report.json) { report.text() }
        guard report.report.faults.isEmpty else { throw Failure(.checkFailed, "") }
    }
}

struct FanoutOptions: ParsableArguments, Sendable {
    @Option(help: "Subscribers that follow the leader, 10 to 5000.") var followers = 1_000
    @Option(help: "Signals a second, 1 to 10.") var perSecond = 1
    @Option(help: "Seconds that are measured, 1 to 600.") var seconds = 30
    @Option(help: "Seconds at the same rate before, 0 to 60.") var warmUp = 4
    @Option(name: [.customLong("work"), .customLong("workers")], help: "Processes that send orders.") var work = 2

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("followers", followers, 10...5_000), ("per-second", perSecond, 1...10), ("seconds", seconds, 1...600), ("warm-up", warmUp, 0...60),
            ("work", work, 1...FleetRole.mostProcesses),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) is \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// The same as options of the whole benchmark.
    func bench() throws -> BenchOptions {
        var options = try BenchOptions.parse([])
        options.rate = perSecond
        options.fanOut = followers
        options.accounts = followers
        options.leaders = 1
        options.seconds = seconds
        options.warmUp = warmUp
        options.work = work
        options.ceiling = 0
        try options.validate()
        return options
    }
}
