import ArgumentParser
import Settings

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that everything was copied once, in order, and is on record.",
        discussion: """
            Compares the audit trail with itself (numbers without gaps, hash chain), with Redis' counters, with the configuration of the
            time (one explained result for each leg of each signal and subscription, and for each job that a worker made by itself) and
            with the ledger of the simulated exchange (no order twice, equal sizes and prices, the order of execution). The last line
            begins with `verified:` and the exit code is 0, or with `FAILED:` and it is 1.

            Examples:
              vibe verify
              vibe verify --ledger .run/simulator/ledger.jsonl
              vibe verify --without-ledger      against an exchange that has none
            """)

    @Option(help: "Read the ledger from this file instead of from the exchange.") var ledger: String?
    @Flag(help: "Compare no ledger.") var withoutLedger = false
    @Option(help: "How long the fleet may take to finish what is under way, such as 10s.") var wait = "10s"
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard Duration(parsing: wait) != nil else { throw ValidationError("--wait is a duration such as 10s") }
        guard ledger == nil || !withoutLedger else { throw ValidationError("--ledger and --without-ledger exclude each other") }
    }

    func run() async throws {
        let context = try OperatorContext.load()
        let source: LedgerSource? = withoutLedger ? nil : ledger.map(LedgerSource.file) ?? .exchange(context.settings.exchange.url)
        let report = try await Verification.run(context, ledger: source, patience: Duration(parsing: wait) ?? .seconds(10))
        output.show(report.json) { report.text() }
        guard report.isClean else { throw Failure(.checkFailed, "") }
    }
}
