import ArgumentParser

/// Memory when nothing happens, and whether it stays where it is when something does.
struct IdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "Measure the memory of each process: idle, under load, and idle again.",
        discussion: """
            The fleet of `vibe bench` rests for --rest, then copies --rate signals a second, each to ten subscribers, for --seconds, \
            finishes, and rests again. Memory is what is resident (RssAnon, RssFile and RssShmem of /proc), read every second; shown once \
            a minute, or ten times in a shorter run.

            The slope is of the straight line with the least squares through the second half of the load: the first half is for what \
            fills up once. A fleet that neither leaks nor hoards has a slope near 0 over ten minutes; over one minute it says little.

            --trim drops finished entries from Redis after half a minute, which a high rate needs over many minutes.

            Examples:
              vibe bench idle
              vibe bench idle --seconds 600
              vibe bench idle --seconds 600 --rate 500 --trim
            """)

    @OptionGroup var options: IdleOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: BenchDirectory

    func run() async throws {
        let (options, rest) = (try self.options.bench(), Duration.seconds(self.options.rest))
        let report = try await place.perform(isClean: \.faults.isEmpty) { run, supervision in
            try await Bench(options: options, run: run, supervision: supervision, rest: rest).measure()
        }
        guard let idle = IdleReport(report) else { throw Failure(.checkFailed, "the fleet was not looked at while it rested") }
        output.show(idle.json) { idle.text() }
        guard report.faults.isEmpty else { throw Failure(.checkFailed, "") }
    }
}

struct IdleOptions: ParsableArguments, Sendable {
    @Option(help: "Signals a second, 1 to 2000.") var rate = 20
    @Option(help: "Subscribers, 10 to 20000.") var accounts = 800
    @Option(help: "Seconds under load, 10 to 3600.") var seconds = 60
    @Option(help: "Seconds of rest before and after, 1 to 300.") var rest = 10
    @Flag(help: "Keep finished entries for half a minute only.") var trim = false

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [("rate", rate, 1...2_000), ("accounts", accounts, 10...20_000), ("seconds", seconds, 10...3_600), ("rest", rest, 1...300)]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) is \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// The same as options of the whole benchmark.
    func bench() throws -> BenchOptions {
        var options = try BenchOptions.parse([])
        options.rate = rate
        options.accounts = accounts
        options.seconds = seconds
        options.warmUp = 2
        options.trim = trim
        options.ceiling = 0
        try options.validate()
        return options
    }
}
