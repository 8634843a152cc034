import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct HandOffScriptTests {
    private let jobs = StreamPartition(.jobs, 0)
    private let results = StreamPartition(.results, 0)

    @Test("hand-off: acknowledges, emits with gap-free numbers, stores state, clears the journal and fetches, all in one call", arguments: PrivateRedis.Mode.allCases)
    func commit(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let commands = cell.commands(cell.work)
        for _ in 0..<3 { _ = try await cell.add(jobs, "id", "j") }
        let fetched = try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 2))).fetched
        #expect(fetched.count == 2)
        #expect(fetched.first?.text("id") == "j")
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.attempts(0), "job1", "record", "job2", "record"))
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.sleeves(0), "gone", "x"))
        let items = fetched.enumerated().map { index, entry in
            HandOff(
                entry: entry.id, emissions: [emission(results, "r\(index)")],
                state: [("kept", Array("v\(index)".utf8)), ("gone", nil)], settled: ["job\(index + 1)"])
        }
        let reply = try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: epoch, items, fetch: 10)))
        #expect(reply.acknowledged == 2)
        #expect(reply.duplicates == 0)
        #expect(reply.fetched.count == 1)
        #expect(try await cell.entries(results).map { $0.text("seq") } == ["1", "2"])
        #expect(try await cell.entries(results).map { $0.text("id") } == ["r0", "r1"])
        #expect(try await cell.text("HGET", cell.keys.sleeves(0), "kept") == "v1")
        #expect(try await cell.integer("HEXISTS", cell.keys.sleeves(0), "gone") == 0)
        #expect(try await cell.integer("HLEN", cell.keys.attempts(0)) == 0)
        #expect(try await cell.integer("HGET", cell.keys.acknowledged, "execution_jobs:00|worker") == 2)
    }

    @Test("hand-off: a replay acknowledges nothing, emits nothing, changes nothing", arguments: PrivateRedis.Mode.allCases)
    func replay(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let commands = cell.commands(cell.work)
        _ = try await cell.add(jobs, "id", "j")
        let entry = try #require(try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 1))).fetched.first)
        let first = HandOff(entry: entry.id, emissions: [emission(results, "r")], state: [("f", Array("1".utf8))], settled: [])
        let second = HandOff(entry: entry.id, emissions: [emission(results, "r")], state: [("f", Array("2".utf8))], settled: ["x"])
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, [first], fetch: 0)).checked()
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.attempts(0), "x", "record"))
        let reply = try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: epoch, [second], fetch: 0)))
        #expect(reply.acknowledged == 0)
        #expect(reply.duplicates == 1)
        #expect(try await cell.entries(results).count == 1)
        #expect(try await cell.text("HGET", cell.keys.sleeves(0), "f") == "1")
        #expect(try await cell.integer("HEXISTS", cell.keys.attempts(0), "x") == 1)
        #expect(try await cell.integer("HGET", cell.keys.sequence, "execution_results:00") == 1)
    }

    @Test("hand-off: another epoch is fenced before anything is written or fetched", arguments: PrivateRedis.Mode.allCases)
    func fenced(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let old = try await cell.lease("work")
        let commands = cell.commands(cell.work)
        _ = try await cell.add(jobs, "id", "j")
        _ = try await cell.add(jobs, "id", "k")
        let entry = try #require(try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: old, [], fetch: 1))).fetched.first)
        _ = try await cell.lease("work")
        let reply = try await cell.redis.send(
            commands.handOff(0, epoch: old, [HandOff(entry: entry.id, emissions: [emission(results, "r")])], fetch: 5))
        #expect(reply.error?.contains("FENCED") == true)
        #expect(try await cell.entries(results).isEmpty)
        #expect(try await cell.redis.send(RedisCommand("XPENDING", cell.keys.stream(jobs), "worker")).array?[0] == .integer(1))
    }

    @Test("hand-off: a lost output stream is an error and not re-created, and the entry stays pending", arguments: PrivateRedis.Mode.allCases)
    func lostStream(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let commands = cell.commands(cell.work)
        _ = try await cell.add(jobs, "id", "j")
        let entry = try #require(try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 1))).fetched.first)
        _ = try await cell.redis.send(RedisCommand("DEL", cell.keys.stream(results)))
        let reply = try await cell.redis.send(
            commands.handOff(0, epoch: epoch, [HandOff(entry: entry.id, emissions: [emission(results, "r")])], fetch: 0))
        #expect(reply.error?.contains("NOSTREAM execution_results:00") == true)
        #expect(try await cell.redis.send(RedisCommand("XPENDING", cell.keys.stream(jobs), "worker")).array?[0] == .integer(1))
        #expect(try await cell.integer("EXISTS", cell.keys.stream(results)) == 0)
    }

    @Test("acknowledge-entries: counts what it acknowledged, replays count as duplicates, another epoch is fenced", arguments: PrivateRedis.Mode.allCases)
    func acknowledge(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let stage = Stage.audit(cell.partitioning)
        let partition = try #require(stage.inputs.firstIndex(of: jobs))
        let epoch = try await cell.lease("audit", "execution_jobs:00")
        let commands = cell.commands(stage)
        for _ in 0..<3 { _ = try await cell.add(jobs, "id", "j") }
        let first = try commands.reply(try await cell.redis.send(commands.acknowledge(partition, epoch: epoch, [], fetch: 2)))
        #expect(first.fetched.count == 2)
        let ids = first.fetched.map(\.id)
        let second = try commands.reply(try await cell.redis.send(commands.acknowledge(partition, epoch: epoch, ids, fetch: 9)))
        #expect(second.acknowledged == 2)
        #expect(second.fetched.count == 1)
        let third = try commands.reply(try await cell.redis.send(commands.acknowledge(partition, epoch: epoch, ids, fetch: 0)))
        #expect(third.acknowledged == 0)
        #expect(third.duplicates == 2)
        #expect(try await cell.integer("HGET", cell.keys.acknowledged, "execution_jobs:00|audit") == 2)
        #expect(try await cell.redis.send(commands.acknowledge(partition, epoch: "1", ids, fetch: 1)).error?.contains("FENCED") == true)
    }

    @Test("take-over-partition: everything pending moves at once, in order, page by page, with its deliveries", arguments: PrivateRedis.Mode.allCases)
    func takeOver(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let old = try await cell.lease("work", owner: "dead")
        var ids: [String] = []
        for _ in 0..<5 { ids.append(try await cell.add(jobs, "id", "j")) }
        _ = try await cell.redis.send(cell.commands(cell.work, consumer: "dead").handOff(0, epoch: old, [], fetch: 4)).checked()
        _ = try await cell.redis.send(RedisCommand("XDEL", cell.keys.stream(jobs), ids[1]))
        let commands = cell.commands(cell.work, consumer: "heir")
        #expect(try await cell.redis.send(commands.takeOver(0, epoch: "1", after: nil, page: 2)).error?.contains("FENCED") == true)
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.lease("work", "00"), "exp", "0"))
        let epoch = try await cell.lease("work", owner: "heir")
        var taken: [StreamEntry] = []
        var deleted: [String] = []
        var after: String?
        repeat {
            let parts = try #require(try await cell.redis.send(commands.takeOver(0, epoch: epoch, after: after, page: 2)).checked().array)
            taken += try StreamEntry.list(parts[1])
            deleted += parts[2].array?.compactMap(\.text) ?? []
            #expect(parts[3].text == ids[3], "reading goes on after what the group was given")
            after = parts[0].text.flatMap { $0.isEmpty ? nil : $0 }
        } while after != nil
        #expect(taken.map(\.id) == [ids[0], ids[2], ids[3]])
        #expect(taken.map(\.deliveries) == [1, 1, 1])
        #expect(deleted == [ids[1]])
        let consumers = try #require(try await cell.redis.send(RedisCommand("XINFO", "CONSUMERS", cell.keys.stream(jobs), "worker")).array)
        #expect(consumers.compactMap { $0.array?[1].text } == ["heir"], "the dead consumer is gone")
    }

    @Test("trim-stream: nothing is dropped that a registered group has not acknowledged, and an incomplete register drops nothing", arguments: PrivateRedis.Mode.allCases)
    func trim(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work")
        let commands = cell.commands(cell.work)
        let trimmer = StreamTrimmer(redis: cell.redis, keys: cell.keys, keep: .zero)
        var ids: [String] = []
        for _ in 0..<10 { ids.append(try await cell.add(jobs, "id", "j")) }
        let fetched = try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 8))).fetched
        let done = fetched.filter { $0.id != ids[5] }.map { HandOff(entry: $0.id, emissions: []) }
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, done, fetch: 0)).checked()
        try await Task.sleep(for: .milliseconds(5))
        #expect(try await trimmer.trim([jobs])[jobs] == 0, "audit has read nothing yet")
        let audit = RedisCommand("XREADGROUP", "GROUP", "audit", "a", "STREAMS", cell.keys.stream(jobs), ">")
        _ = try await cell.redis.send(audit).checked()
        #expect(try await trimmer.trim([jobs])[jobs] == 0, "audit has acknowledged nothing yet")
        _ = try await cell.redis.send(RedisCommand(["XACK", cell.keys.stream(jobs), "audit"] + ids)).checked()
        #expect(try await trimmer.trim([jobs])[jobs] == 5, "the worker still has the sixth pending")
        #expect(try await cell.entries(jobs).first?.id == ids[5])
        let keeping = StreamTrimmer(redis: cell.redis, keys: cell.keys, keep: .seconds(3_600))
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, [HandOff(entry: ids[5], emissions: [])], fetch: 9)).checked()
        #expect(try await keeping.trim([jobs])[jobs] == 0)
        _ = try await cell.redis.send(RedisCommand("XGROUP", "DESTROY", cell.keys.stream(jobs), "audit"))
        await #expect(throws: RedisError.self) { try await trimmer.trim([jobs]) }
    }
}
