import ArgumentParser
import AuditTrail
import ConfigStore
import JSON

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Decide a recorded day again, and prove that every decision comes out the same.",
        discussion: """
            Takes the day's requests from the audit trail, each with what it was decided on (facts, lifecycle, time, version of the
            configuration), and puts them through the planner's own code. Every leg must give the job, or the skip, that is on record, and
            every decision must have begun with the lifecycle that the one before it left. The last line begins with `replayed:` and the
            exit code is 0, or with `FAILED:` and it is 1; then the first difference is shown. Changes nothing, and needs no fleet.

            Requests decided by a version that kept no record cannot be decided again; they are counted and named.

            Examples:
              vibe replay --day 2026-11-26
              vibe replay --day 2026-11-26 --limit 20      shows the first 20 differences
              vibe replay --day 2026-11-26 --json
            """)

    static let mostShown = 1_000

    @Option(help: "The day, UTC, such as 2026-11-26.") var day: String
    @Option(help: "How many differences are shown; all are counted.") var limit = 1
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...Self.mostShown).contains(limit) else { throw ValidationError("--limit is within 1…\(Self.mostShown)") }
    }

    func run() async throws {
        let day = try ArchiveSite.day(day)
        let context = try OperatorContext.load()
        let connection = context.postgres("replay", answerTimeout: OperatorContext.scanTimeout)
        let reader = AuditReader(connection)
        try await reader.prepareForLookups()
        let store = ConfigStore(url: context.settings.postgres.revealedURL(), logger: context.logger)
        var display = ProgressDisplay()
        let isWatched = Terminal.output.isInteractive && !output.json
        let report = try await DayReplay.run(day, reader, store, shown: limit) { look in
            if isWatched { display.show(look) }
        }
        await connection.close()
        output.show(report.json) { report.text() }
        guard report.isClean else { throw Failure(.checkFailed, "") }
    }
}
