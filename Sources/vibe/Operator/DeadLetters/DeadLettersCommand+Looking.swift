import ArgumentParser
import JSON
import RedisStreams

extension DeadLetter.Reason: ExpressibleByArgument {}

extension DeadLettersCommand {
    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show the dead letters, counted by kind, the oldest first.",
            discussion: """
                Examples:
                  vibe dlq list
                  vibe dlq list --kind poison --limit 5
                  vibe dlq list --json | jq '.letters[] | select(.exit)'
                """)

        @Option(help: "Only this kind: malformed, oversized or poison.") var kind: DeadLetter.Reason?
        @Option(help: "Most rows, 1 to 1000.") var limit = 20
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...DeadLetterBox.mostRead).contains(limit) else { throw ValidationError("--limit is 1 to \(DeadLetterBox.mostRead)") }
        }

        func run() async throws {
            let context = try OperatorContext.load()
            let redis = try context.redis("dlq")
            let box = DeadLetterBox(redis: redis, keys: context.keys)
            let count = try await box.count()
            let letters = try await box.read()
            await redis.close()
            let shown = letters.filter { kind == nil || $0.reason == kind?.rawValue }.prefix(limit)
            let counts = DeadLetterCount.of(letters)
            output.show([
                "count": .integer(count), "read": .integer(letters.count), "kinds": .array(counts.map(\.json)), "letters": .array(shown.map(\.json)),
            ]) {
                guard !letters.isEmpty else { return "no dead letters" }
                let rest = count - Int64(letters.count)
                let beyond = rest > 0 ? ["and \(Format.count(rest)) newer ones, shown when the oldest \(Format.count(letters.count)) are decided"] : []
                return ([DeadLetterCount.table(counts).rendered(), DeadLetter.table(Array(shown)).rendered()] + beyond).joined(separator: "\n\n")
            }
        }
    }

    struct ShowCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show all of one dead letter: what it carries, what it would have led to, what to do.",
            discussion: """
                Examples:
                  vibe dlq show 1700000000000-0
                """)

        @Argument(help: "The letter's id, as `vibe dlq list` shows it.") var id: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let context = try OperatorContext.load()
            let redis = try context.redis("dlq")
            let letter = try await DeadLetterBox(redis: redis, keys: context.keys).letter(EntryID.checked(id))
            await redis.close()
            guard let letter else { throw Failure(.usage, "there is no dead letter \(id)", nextStep: "vibe dlq list shows those that wait; others were decided") }
            output.show(letter.fullJSON) { letter.fullText }
        }
    }
}

extension EntryID {
    /// - Throws: ``Failure`` for a text that is no entry's id.
    static func checked(_ text: String) throws(Failure) -> String {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ UInt64($0) != nil }) else {
            throw Failure(.usage, "\"\(text)\" is no id of a dead letter, such as 1700000000000-0", nextStep: "vibe dlq list")
        }
        return text
    }
}
