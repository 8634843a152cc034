import ArgumentParser
import Foundation
import Hyperliquid
import JSON
import Pipeline
import RedisStreams

/// Which dead letters a decision is about.
struct DeadLetterSelection: ParsableArguments {
    @Argument(help: "Letters' ids, as `vibe dlq list` shows them.") var ids: [String] = []
    @Option(help: "Instead of ids: all of this kind, malformed, oversized or poison.") var kind: DeadLetter.Reason?
    @Flag(help: "Do it; without, what would be done is shown.") var yes = false
    @Option(help: "Who does it.") var by = ProcessInfo.processInfo.environment["USER"] ?? "operator"

    func validate() throws {
        guard ids.isEmpty == (kind != nil) else { throw ValidationError("name letters by their ids, or all of a kind by --kind") }
    }

    /// Ids that are no longer there come back as `nil`: they were decided before.
    func letters(_ box: DeadLetterBox) async throws -> [(id: String, letter: DeadLetter?)] {
        if let kind { return try await box.read().filter { $0.reason == kind.rawValue }.map { ($0.id, $0) } }
        var found: [(id: String, letter: DeadLetter?)] = []
        for id in ids { found.append((id, try await box.letter(EntryID.checked(id)))) }
        return found
    }
}

extension DeadLettersCommand {
    struct RequeueCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "requeue",
            abstract: "Send entries round again, behind what waits now.",
            discussion: """
                The entry leaves the dead letters and is in its stream again in one step; a repeated call does nothing. It is a new entry that
                names the letter. A fan-out that was begun goes on where it stood. A job whose order may have been sent is refused: drop it.
                So is one of a coin that its leader has traded since: it would be carried out on the later position; and one that the worker itself
                asked for, as it asks again.

                Examples:
                  vibe dlq requeue 1700000000000-0
                  vibe dlq requeue --kind malformed --yes
                """)

        @OptionGroup var selection: DeadLetterSelection
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await DeadLettersCommand.decide(selection, output, verb: "requeue") { desk, letter in
                guard selection.yes else { _ = try await desk.check(letter); return nil }
                return try await desk.requeue(letter)
            }
        }
    }

    struct DropCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop",
            abstract: "End entries with an outcome on record.",
            discussion: """
                A job or request ends with the result FAIL_DROPPED for each leg, a signal or what cannot be read with a record that `vibe verify`
                accepts for it. When an order may have been sent for it the exchange is asked, and the result says what was traded.
                Dropping an exit closes nothing: the follower's position stays until the drift loop or a person closes it.

                Examples:
                  vibe dlq drop 1700000000000-0 --reason "typed in by hand" --yes
                  vibe dlq drop --kind oversized --reason "a test" --yes
                """)

        @OptionGroup var selection: DeadLetterSelection
        @Option(help: "Why; required.") var reason: String
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard !reason.isEmpty else { throw ValidationError("--reason says why, for whoever reads the record") }
        }

        func run() async throws {
            try await DeadLettersCommand.decide(selection, output, verb: "drop") { desk, letter in
                selection.yes ? try await desk.drop(letter, reason: reason) : nil
            }
        }
    }

    /// Carries a decision out, letter by letter.
    /// - Parameter body: `nil` means that nothing was done.
    private static func decide(
        _ selection: DeadLetterSelection, _ output: OutputOptions, verb: String,
        _ body: (DeadLetterDesk, DeadLetter) async throws -> DeadLetterBox.Answer?
    ) async throws {
        let context = try OperatorContext.load()
        let redis = try context.redis("dlq")
        let box = DeadLetterBox(redis: redis, keys: context.keys)
        let letters = try await selection.letters(box)
        let lines = try await context.withExchange { client in
            let decided = verb == "drop" ? "dropped" : "requeued"
            let cursors = LeaderCursors(redis: redis, keys: context.keys, partitioning: context.partitioning)
            let desk = DeadLetterDesk(box: box, cursors: cursors, client: client, by: selection.by)
            var lines: [DecisionLine] = []
            for (id, letter) in letters {
                guard let letter else { lines.append(DecisionLine(id: id, what: "was decided before", isDone: true)); continue }
                do { lines.append(DecisionLine(letter, try await body(desk, letter), verb)) } catch let refusal as DeadLetterDesk.Refusal {
                    lines.append(DecisionLine(id: id, what: "not \(decided): \(refusal)", isDone: false))
                } catch {
                    // what was decided before it is still told
                    lines.append(DecisionLine(id: id, what: "may not be \(decided): \(error)", isDone: false))
                }
            }
            return lines
        }
        await redis.close()
        output.show(.array(lines.map(\.json))) {
            let texts = lines.isEmpty ? ["no dead letter is meant"] : lines.map { "\($0.id): \($0.what)" }
            return (texts + (selection.yes || lines.isEmpty ? [] : ["without --yes nothing was done"])).joined(separator: "\n")
        }
        guard lines.allSatisfy(\.isDone) else { throw Failure(.checkFailed, "") }
    }
}

/// What became of one letter.
private struct DecisionLine {
    let id: String
    let what: String
    let isDone: Bool

    init(id: String, what: String, isDone: Bool) {
        self.id = id
        self.what = what
        self.isDone = isDone
    }

    init(_ letter: DeadLetter, _ answer: DeadLetterBox.Answer?, _ verb: String) {
        id = letter.id
        switch answer {
        case nil:
            what = "would \(verb) \(letter.reason) of \(letter.originName): \(letter.subject)"
            isDone = true
        case .done(let ids):
            what = verb == "drop" ? "dropped, with \(ids.count) results" : "is \(ids.first ?? "?") of \(letter.originName) now"
            isDone = true
        case .gone:
            what = "was decided before"
            isDone = true
        case .unaudited:
            what = "nothing was done: the audit trail has not stored it yet; is `vibe audit` running?"
            isDone = false
        }
    }

    var json: JSON { ["id": .string(id), "what": .string(what), "ok": .bool(isDone)] }
}
