import Foundation
import JSON
import RedisStreams
import Testing

@testable import vibe

@Suite("How dead letters are shown")
struct DeadLetterTextTests {
    private func letter(_ fields: (String, String)...) -> DeadLetter {
        DeadLetter(StreamEntry(id: "1700000000000-0", fields: fields.map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) }))
    }

    @Test("an exit says what becomes of the position, and what was typed in cannot steer the terminal")
    func text() {
        let close = letter(
            ("origin", "execution_jobs:03"), ("entry", "5-1"), ("reason", "poison"), ("error", "delivered 9 times"), ("deliveries", "9"), ("exit", "1"),
            ("original.subscriber", "sub\u{1B}[31m"), ("original.action", "close sell"), ("original.data", "{\"id\":\"j\"}"))
        #expect(close.stage == "work")
        #expect(close.fullText.contains("drift loop"))
        #expect(close.fullText.contains("vibe dlq requeue 1700000000000-0"))
        #expect(!close.fullText.contains("\u{1B}"))
        #expect(close.fullJSON["fields"]?["data"]?["id"] == "j")
    }

    @Test("what cannot go round again is not advised to")
    func advice() {
        let garbage = letter(("origin", "execution_requests:00"), ("reason", "malformed"), ("exit", "1"), ("original.data", "{"))
        #expect(garbage.fullText.contains("vibe dlq drop"))
        #expect(!garbage.fullText.contains("vibe dlq requeue"))
        let sent = letter(
            ("origin", "execution_jobs:00"), ("reason", "poison"), ("exit", "0"), ("attempt", "{}"), ("original.data", "{\"id\":\"j\"}"))
        #expect(sent.fullText.contains("asks the exchange"))
        #expect(!sent.fullText.contains("vibe dlq requeue"))
        let own = letter(
            ("origin", "execution_jobs:00"), ("reason", "poison"), ("exit", "1"), ("original.data", "{\"id\":\"j\",\"origin\":\"drift\"}"))
        #expect(own.fullText.contains("the worker itself asked for it"))
        #expect(!own.fullText.contains("vibe dlq requeue"))
    }

    @Test("without its servers a decision ends with 69 and says what to do, and nothing is asked of the exchange", arguments: [
        ["dlq", "requeue", "1-1"], ["dlq", "drop", "1-1", "--reason", "a test"],
    ])
    func away(arguments: [String]) async throws {
        try await withRun { run in
            let log = run.path("log/dlq.log")
            let child = try ChildProcess.start(
                name: "dlq", executable: try RealFleet.program(), arguments: arguments,
                environment: Command.environment.merging(["VIBE_REDIS_URL": "unix://\(run.path("nothing.sock"))"]) { $1 }, log: log)
            #expect(await child.ended() == .code(69))
            #expect(child.tail().contains("next: "), "\(child.tail())")
        }
    }

    @Test("letters are counted by kind and stage, exits apart")
    func counts() {
        let exit = letter(("origin", "execution_jobs:00"), ("reason", "poison"), ("exit", "1"))
        let entry = letter(("origin", "execution_jobs:01"), ("reason", "poison"), ("exit", "0"))
        let other = letter(("origin", "influencer_signals:01"), ("reason", "malformed"), ("exit", "0"))
        let counts = DeadLetterCount.of([exit, entry, other, entry])
        #expect(counts.map(\.reason) == ["malformed", "poison"])
        #expect(counts.map(\.count) == [1, 3])
        #expect(counts.map(\.exits) == [0, 1])
    }

    @Test("ids are checked before Redis is asked")
    func ids() throws {
        #expect(try EntryID.checked("1700000000000-0") == "1700000000000-0")
        for wrong in ["", "-", "abc", "1-2-3", "1 -2", "+"] { #expect(throws: Failure.self) { try EntryID.checked(wrong) } }
    }

    @Test("decisions name what they are about: ids or a kind, and a drop says why")
    func arguments() throws {
        #expect(try Vibe.parseAsRoot(["dlq"]) is DeadLettersCommand.ListCommand)
        #expect(try Vibe.parseAsRoot(["dlq", "show", "1-0"]) is DeadLettersCommand.ShowCommand)
        let requeue = try #require(try Vibe.parseAsRoot(["dlq", "requeue", "1-0", "2-0", "--yes"]) as? DeadLettersCommand.RequeueCommand)
        #expect(requeue.selection.ids == ["1-0", "2-0"] && requeue.selection.yes)
        let drop = try #require(try Vibe.parseAsRoot(["dlq", "drop", "--kind", "poison", "--reason", "why"]) as? DeadLettersCommand.DropCommand)
        #expect(drop.selection.kind == .poison && !drop.selection.yes)
        for wrong in [["requeue"], ["requeue", "1-0", "--kind", "poison"], ["drop", "1-0"], ["drop", "1-0", "--reason", ""], ["list", "--limit", "0"]] {
            #expect(throws: (any Error).self) { try Vibe.parseAsRoot(["dlq"] + wrong) }
        }
    }
}
