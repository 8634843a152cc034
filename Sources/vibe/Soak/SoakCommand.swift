import ArgumentParser

/// Ingestion against a bad exchange, with proof at the end.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Ingest leaders' fills for minutes from an exchange that misbehaves, and prove that no signal is lost.",
        discussion: """
            Private servers, the simulated exchange and several ingest processes. Leaders trade at random, the first ones most; those \
            beyond the users that one address may follow are followed by public trades. Meanwhile the exchange cuts every socket every \
            few seconds, sends frames twice and out of order, disorders fills of one millisecond, and answers reads with 429 and 502. \
            When all has come to rest every signal is held against the fills that were made: each fill in exactly one signal, in order, \
            none twice. Exit code 1 when one is not.

            A seed repeats the leaders' trades and the exchange's choices; the moments are the machine's.

            Examples:
              vibe soak
              vibe soak --minutes 60 --seed 7 --leaders 40
              vibe soak --minutes 1 --json
            """)

    @OptionGroup var options: SoakOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Where servers and logs are kept during the run.") var directory = ".run/soak"
    @Flag(help: "Keep the directory after the run.") var keep = false

    func run() async throws {
        let options = options
        let report = try await PrivateRun.perform(in: directory, keep: keep, isClean: \.verdict.isEmpty) { run, supervision in
            try await Soak(options: options, run: run, supervision: supervision).run()
        }
        output.show(report.json) { report.text() }
        guard report.verdict.isEmpty else { throw Failure(.checkFailed, "") }
    }
}
