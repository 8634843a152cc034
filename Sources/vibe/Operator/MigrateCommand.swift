import ArgumentParser
import JSON

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database's schema up to date.",
        discussion: """
            Applies the files of deploy/postgres that the database lacks, each in one transaction. Running it twice changes nothing;
            running it on several machines at once is safe.

            Examples:
              vibe migrate
              VIBE_POSTGRES_URL=postgresql://db/vibe vibe migrate --json
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let context = try OperatorContext.load()
        let applied = try await DatabaseSchema.migrate(context.settings, logger: context.logger)
        output.show(["applied": .array(applied.map { ["version": .integer($0.version), "name": .string($0.name)] })]) {
            applied.isEmpty ? "nothing to apply" : applied.map { "applied \($0.version) \($0.name)" }.joined(separator: "\n")
        }
    }
}
