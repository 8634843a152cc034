import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct DeadLetterScriptTests {
    private let letters = StreamPartition(.deadLetters, 0)
    private let interventions = StreamPartition(.interventions, 0)
    private let signals = StreamPartition(.signals, 0)

    private func decision(_ emissions: [Emission], goesOn: Bool) -> DeadLetterBox.Decision {
        .init(record: emission(interventions, "decided"), emissions: emissions, goesOn: goesOn)
    }

    /// A letter, stored by the audit trail or not.
    private func letter(_ cell: Cell, audited: Bool) async throws -> DeadLetter {
        let id = try await cell.add(letters, "origin", "influencer_signals:00", "entry", "5-1", "reason", "poison", "original.id", "s")
        let key = cell.keys.stream(letters)
        _ = try await cell.redis.send(RedisCommand("XREADGROUP", "GROUP", "audit", "a", "STREAMS", key, ">")).checked()
        if audited { _ = try await cell.redis.send(RedisCommand("XACK", key, "audit", id)).checked() }
        return try #require(try await DeadLetterBox(redis: cell.redis, keys: cell.keys).letter(id))
    }

    @Test("resolve-dead-letter: an entry goes round again once, numbered, with the fan-out that was begun", arguments: PrivateRedis.Mode.allCases)
    func requeue(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let box = DeadLetterBox(redis: cell.redis, keys: cell.keys)
        let letter = try await letter(cell, audited: true)
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.fanout(0), "5-1", "256|7")).checked()
        let again = decision([emission(signals, "s")], goesOn: true)
        let answer = try await box.resolve(letter, again)
        let entries = try await cell.entries(signals)
        #expect(answer == .done(entries.map(\.id)))
        #expect(entries.map { $0.text("seq") } == ["1"] && entries.map { $0.text("id") } == ["s"])
        #expect(try await cell.redis.hash(cell.keys.fanout(0)) == [entries[0].id: Array("256|7".utf8)])
        #expect(try await box.count() == 0)
        #expect(try await cell.entries(interventions).map { $0.text("seq") } == ["1"])
        #expect(try await box.resolve(letter, again) == .gone)
        #expect(try await cell.entries(signals).count == 1)
        #expect(try await cell.entries(interventions).count == 1)
    }

    @Test("resolve-dead-letter: what is dropped is on record and its fan-out ends", arguments: PrivateRedis.Mode.allCases)
    func drop(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let box = DeadLetterBox(redis: cell.redis, keys: cell.keys)
        let letter = try await letter(cell, audited: true)
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.fanout(0), "5-1", "256|7")).checked()
        #expect(try await box.resolve(letter, decision([], goesOn: false)) == .done([]))
        #expect(try await cell.entries(signals).isEmpty)
        #expect(try await cell.redis.hash(cell.keys.fanout(0)).isEmpty)
        #expect(try await cell.entries(interventions).map { $0.text("id") } == ["decided"])
    }

    @Test("resolve-dead-letter: before the audit trail has stored the letter nothing is done", arguments: PrivateRedis.Mode.allCases)
    func unaudited(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let box = DeadLetterBox(redis: cell.redis, keys: cell.keys)
        let letter = try await letter(cell, audited: false)
        #expect(try await box.resolve(letter, decision([emission(signals, "s")], goesOn: true)) == .unaudited)
        #expect(try await box.count() == 1)
        #expect(try await cell.entries(signals).isEmpty)
        #expect(try await cell.integer("HLEN", cell.keys.sequence) == 0)
    }

    @Test("take-over-partition: reading again what one holds is no delivery", arguments: PrivateRedis.Mode.allCases)
    func deliveries(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let commands = cell.commands(cell.work)
        let jobs = StreamPartition(.jobs, 0)
        _ = try await cell.add(jobs, "id", "j")
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 1)).checked()
        var counts: [Int] = []
        for again in [true, true, false, false] {
            let reply = try await cell.redis.send(commands.takeOver(0, epoch: epoch, after: nil, page: 9, again: again)).checked()
            counts += try StreamEntry.list(try #require(reply.array)[1]).map(\.deliveries)
        }
        #expect(counts == [1, 1, 1, 2], "deliveries before each take-over")
    }

    @Test("take-over-partition: what is handed over in good order is no delivery that anyone died of, what is left behind is", arguments: PrivateRedis.Mode.allCases)
    func handOvers(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        var epoch = try await cell.lease("work", owner: "a")
        let jobs = StreamPartition(.jobs, 0)
        _ = try await cell.add(jobs, "id", "j")
        _ = try await cell.redis.send(cell.commands(cell.work).handOff(0, epoch: epoch, [], fetch: 1)).checked()
        var counts: [Int] = []
        for (owner, isOrderly) in [("b", true), ("c", true), ("d", false), ("e", false)] {
            // as the scripts leave it: given back, or run out
            _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.lease("work", "00"), "exp", isOrderly ? "0" : "1")).checked()
            epoch = try await cell.lease("work", owner: owner)
            let reply = try await cell.redis.send(cell.commands(cell.work, consumer: owner).takeOver(0, epoch: epoch, after: nil, page: 9)).checked()
            counts += try StreamEntry.list(try #require(reply.array)[1]).map(\.deliveries)
        }
        #expect(counts == [1, 1, 1, 2], "deliveries before each take-over")
        let pending = try await cell.redis.send(RedisCommand("XPENDING", cell.keys.stream(jobs), "worker", "-", "+", "1")).checked()
        #expect(pending.array?.first?.array?[3].integer == 3)
    }

    @Test("a dead letter is not trimmed away, however old", arguments: PrivateRedis.Mode.allCases)
    func kept(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        _ = try await letter(cell, audited: true)
        try await Task.sleep(for: .milliseconds(5))
        _ = try await StreamTrimmer(redis: cell.redis, keys: cell.keys, keep: .zero).trim([letters])
        #expect(try await cell.entries(letters).count == 1)
    }

    @Test("what is not known to add risk is an exit", arguments: [
        ("open buy", false), ("increase sell", false), ("open", false), ("close+open", true), ("reduce sell", true), ("close", true),
        ("", true), (nil, true), ("opening", true), ("open+", true),
    ] as [(String?, Bool)])
    func exits(action: String?, isExit: Bool) { #expect(DeadLetter.isExit(action: action) == isExit) }

    @Test("of an oversized entry the beginning is kept, in few enough fields for a script")
    func oversized() {
        let many = StreamEntry(id: "1-1", fields: (0..<5_000).map { (name: Array("f\($0)".utf8), value: [1]) })
        let large = StreamEntry(
            id: "1-1",
            fields: [
                (name: Array("data".utf8), value: [UInt8](repeating: 65, count: 1 << 20)), (name: Array("action".utf8), value: Array("open buy".utf8)),
            ])
        for entry in [many, large] {
            let letter = Emission(puttingAside: entry, from: signals, .oversized, error: "too large", attempt: nil)
            #expect(letter.fields.count < 100)
            #expect(letter.fields.reduce(0) { $0 + $1.value.count } < 100_000)
            #expect(letter.fields.contains { $0.name == "truncated" })
        }
    }
}
