import ArgumentParser
import JSON
import Recovery

struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Rebuild a cell whose Redis was lost, from Postgres.",
        discussion: """
            A cell halts when its Redis is empty, is in an earlier state than what is on record, or is another cell's. This halts
            it for every process, deletes the cell's keys, and writes them anew: streams that go on with their numbers, what was not
            finished in them, positions and lifecycles, and where each leader's fills are to be read from again. Then the cell runs.
            Before a job of before is sent, workers ask the exchange whether it was. Processes may stay up; ended at any point, it
            can be begun again.

            Not in Postgres, and begun anew: loss limits (from the equity of now), leverage, resting orders of subscriptions (looked
            for at the exchange), the conduct of leaders. Who subscribed while Redis was lost joins no position.

            Without --yes only what would be written is shown. The exit code is 0 when the cell runs, and 1 when it is halted.

            Examples:
              vibe recover --dry-run
              vibe recover --yes
            """)

    @Flag(help: "Show what would be written, and change nothing.") var dryRun = false
    @Flag(help: "Do it.") var yes = false
    @Flag(help: "Also when the cell is not halted.") var force = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !(dryRun && yes) else { throw ValidationError("--dry-run and --yes exclude each other") }
    }

    func run() async throws {
        let site = try RecoverySite(try OperatorContext.load())
        let report = try await Interruption.guarded {
            yes ? try await site.recover(force: force) { Terminal.complain($0) } : try await site.look { Terminal.complain($0) }
        }
        await site.close()
        output.show(report.json) { report.text() }
        guard report.isRunning else { throw Failure(.checkFailed, "") }
    }
}
