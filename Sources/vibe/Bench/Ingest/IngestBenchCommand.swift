import ArgumentParser

/// Market messages through one ingest process.
struct IngestBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Measure one ingest process under a market's whole traffic.",
        discussion: """
            Private servers, the simulated exchange and one ingest process. The exchange sends --frames market messages a second (70 % \
            trades of strangers in all coins, 25 % best offers, 5 % books), as fast as the process reads; among them leaders trade, \
            --rate fills a second, ten of them followed by their own fills (tier 1), the others by public trades (tier 2).

            The load is open loop: a leader's fill has a moment fixed in advance, and comes after the frames before it on the same \
            socket, so that a process which falls behind shows it as time from the fill to its signal. Times of signals have a \
            resolution of one millisecond. A signal that is missing or there twice is exit code 1; a target that is missed is not.

            Examples:
              vibe bench ingest
              vibe bench ingest --frames 60000 --seconds 30 --json
            """)

    @OptionGroup var options: IngestBenchOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: BenchDirectory

    func run() async throws {
        let options = options
        let report = try await place.perform(isClean: \.faults.isEmpty) { run, supervision in
            try await IngestBench(options: options, run: run, supervision: supervision).measure()
        }
        output.show(report.json) { report.text() }
        guard report.faults.isEmpty else { throw Failure(.checkFailed, "") }
    }
}

struct IngestBenchOptions: ParsableArguments, Sendable {
    @Option(help: "Market messages a second, 1 to 500000.") var frames = 30_000
    @Option(help: "Leaders' fills a second, 1 to 5000.") var rate = 500
    @Option(help: "Leaders, each trading one coin, 1 to 500.") var leaders = 50
    @Option(help: "Seconds that are measured, 1 to 3600.") var seconds = 20
    @Option(help: "Seconds at the same rate before, 0 to 600.") var warmUp = 5

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("frames", frames, 1...500_000), ("rate", rate, 1...5_000), ("leaders", leaders, 1...BenchOptions.mostLeaders),
            ("seconds", seconds, 1...3_600), ("warm-up", warmUp, 0...600),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) is \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
