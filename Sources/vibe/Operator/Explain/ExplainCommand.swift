import ArgumentParser
import JSON

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell the whole story of a signal, or of one copy of it.",
        discussion: """
            Takes the id of a signal, request, job or order (cloid), or its first characters, and reads the audit trail, the streams and
            the attempt journal.

            Examples:
              vibe explain 9f31c2d0           a signal: one line a leg of each copy
              vibe explain 0x5b1f…            an order: what changed its size, both sides of it, every hop
              vibe explain 9f31c2d0 --json
            """)

    @Argument(help: "Id of a signal, request, job or order, or its beginning (at least 4 characters).") var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let context = try OperatorContext.load()
        let redis = try context.redis("explain")
        let connection = context.postgres("explain", answerTimeout: OperatorContext.scanTimeout)
        let story = try await StoryFinder(connection: connection, redis: redis, keys: context.keys, partitioning: context.partitioning).find(id)
        await redis.close()
        await connection.close()
        output.show(story.json) { StoryText(story: story, terminal: .output).rendered() }
    }
}

extension Story {
    var json: JSON {
        [
            "signal": .string(signalID), "copies": .array(copies.map(json)),
            "entries": .array(([signal].compactMap { $0 } + requests + jobs + results + others).map(\.json)),
            "openAttempts": .object(attempts.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }),
            "truncated": .bool(isTruncated),
        ]
    }

    private func json(_ copy: Copy) -> JSON {
        [
            "subscription": .string(copy.subscription), "request": .string(orNull: copy.request?.text("id")),
            "legs": .array(legs(of: copy).map(\.json)),
        ]
    }
}

extension StoryEntry {
    var json: JSON {
        [
            "source": .string(source.rawValue), "stream": .string(stream), "id": .string("\(id)"), "seq": seq.map { .integer($0) } ?? .null,
            "heldBy": .string(orNull: held), "data": data ?? .null,
        ]
    }
}
