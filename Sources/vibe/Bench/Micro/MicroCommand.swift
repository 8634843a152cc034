import ArgumentParser

/// Single pieces of the work against a reference.
struct MicroCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro",
        abstract: "Measure single pieces of the work against a reference in the same run.",
        discussion: """
            Method. Ours and the reference work in turn, --rounds times each for about --seconds; the side that goes first changes, and a \
            round of each before that is not counted. Figures are medians, the ratio is the median of the rounds' ratios; SPREAD says how \
            far our rounds lie apart. Nothing else should run.

            sign         msgpack, keccak and signature of one order action, against hyperliquid-python-sdk with its fast curve where it \
            has one. Both must give the same signature. The reference needs the Python environment of `make conformance-deps`.
            decode       recorded frames of trades → typed trades, against our JSON parser alone on the same bytes: what typing costs.
            redis-parse  replies of 128 entries from a loopback server that only sends them → typed entries, through a connection, \
            against hiredis' reader in plain C calls on the same bytes in memory, which makes untyped replies.
            hand-off     entries handed on by the script, through a connection and typed, three partitions side by side, against the same \
            calls in ready bytes, pipelined without looking at the answers. Private Redis with AOF everysec.
            audit        entries → rows through the writer (parsed, hashed, chained, watermarks moved), batches of 1,000, against binary \
            COPY of the same rows into an equal table, as many in one commit. Private Postgres.

            Examples:
              vibe bench micro
              vibe bench micro hand-off audit --rounds 9
              vibe bench micro sign --json | jq .sign.ratio
            """)

    @Argument(help: "Which: \(MicroName.allCases.map(\.rawValue).joined(separator: ", ")); all by default.") var names: [MicroName] = []
    @Option(help: "Rounds that count, 1 to 99.") var rounds = 5
    @Option(help: "Seconds of a round, 1 to 60.") var seconds = 1
    @OptionGroup var output: OutputOptions
    @OptionGroup var place: BenchDirectory

    func validate() throws {
        guard (1...99).contains(rounds) else { throw ValidationError("--rounds is 1 to 99") }
        guard (1...60).contains(seconds) else { throw ValidationError("--seconds is 1 to 60") }
    }

    func run() async throws {
        let set = MicroSet(named: names, rounds: MicroRounds(rounds: rounds, duration: .seconds(seconds)))
        let report = try await place.perform(isClean: { _ in true }) { run, supervision in try await set.measure(run, supervision) }
        output.show(report.json) { report.text() }
        // who asked for it by name wants the figure
        if let missing = report.results.first(where: { names.contains($0.name) && $0.missing != nil })?.missing {
            throw Failure(.unavailable, missing)
        }
    }
}

extension MicroName: ExpressibleByArgument {}
