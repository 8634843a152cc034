import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct FanOutScriptTests {
    private let signals = StreamPartition(.signals, 0)
    private let requests = [StreamPartition(.requests, 0), StreamPartition(.requests, 1)]

    private func chunk(_ entry: String, _ cursor: Int, _ next: Int, last: Bool, version: Int64 = 7) -> FanOutChunk {
        FanOutChunk(
            entry: entry, cursor: cursor, next: next, isLast: last, configVersion: version,
            emissions: (cursor..<next).map { emission(requests[$0 % 2], "r\($0)") })
    }

    @Test("fan-out-signal: chunks are emitted once each, the last acknowledges, and every replay is told where things stand", arguments: PrivateRedis.Mode.allCases)
    func chunks(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("match")
        let commands = cell.commands(cell.match)
        let entry = try await cell.add(signals, "id", "s")
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 1)).checked()
        func send(_ chunk: FanOutChunk) async throws -> [String?] {
            try #require(try await cell.redis.send(commands.fanOut(0, epoch: epoch, chunk)).checked().array).map(\.text)
        }
        #expect(try await send(chunk(entry, 3, 5, last: true)) == ["MOVED", "0", "7"], "a chunk from the middle cannot come first")
        #expect(try await send(chunk(entry, 0, 3, last: false)) == ["OK", "3"])
        #expect(try await send(chunk(entry, 0, 3, last: false)) == ["MOVED", "3", "7"])
        #expect(try await send(chunk(entry, 3, 5, last: true, version: 8)) == ["MOVED", "3", "7"], "the configuration was frozen at the first chunk")
        #expect(try await cell.entries(requests[0]).count + cell.entries(requests[1]).count == 3)
        #expect(try await send(chunk(entry, 3, 5, last: true)) == ["OK", "2"])
        #expect(try await send(chunk(entry, 3, 5, last: true)) == ["GONE"])
        #expect(try await cell.entries(requests[0]).map { $0.text("id") } == ["r0", "r2", "r4"])
        #expect(try await cell.entries(requests[1]).map { $0.text("seq") } == ["1", "2"])
        #expect(try await cell.integer("HLEN", cell.keys.fanout(0)) == 0)
        #expect(try await cell.integer("HGET", cell.keys.acknowledged, "influencer_signals:00|matcher") == 1)
        #expect(try await cell.redis.send(commands.fanOut(0, epoch: "1", chunk(entry, 0, 1, last: true))).error?.contains("FENCED") == true)
    }

    @Test("fan-out-signal: a signal behind one that is not done waits for its turn, whatever chunks of it come", arguments: PrivateRedis.Mode.allCases)
    func order(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("match")
        let commands = cell.commands(cell.match)
        let (first, second) = (try await cell.add(signals, "id", "a"), try await cell.add(signals, "id", "b"))
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 2)).checked()
        func send(_ chunk: FanOutChunk) async throws -> [String?] {
            try #require(try await cell.redis.send(commands.fanOut(0, epoch: epoch, chunk)).checked().array).map(\.text)
        }
        #expect(try await send(chunk(first, 0, 2, last: false)) == ["OK", "2"])
        #expect(try await send(chunk(second, 0, 2, last: true)) == ["MOVED", "0", "7"])
        #expect(try await cell.integer("HLEN", cell.keys.fanout(0)) == 1)
        #expect(try await send(chunk(first, 2, 3, last: true)) == ["OK", "1"])
        #expect(try await send(chunk(second, 0, 2, last: true)) == ["OK", "2"])
    }

    @Test("fan-out-signal: a signal that nobody follows is acknowledged by its one empty chunk", arguments: PrivateRedis.Mode.allCases)
    func nobody(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("match")
        let commands = cell.commands(cell.match)
        let entry = try await cell.add(signals, "id", "s")
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 1)).checked()
        let reply = try await cell.redis.send(commands.fanOut(0, epoch: epoch, chunk(entry, 0, 0, last: true))).checked()
        #expect(reply.array?.map(\.text) == ["OK", "0"])
        #expect(try await cell.redis.send(RedisCommand("XPENDING", cell.keys.stream(signals), "matcher")).array?[0] == .integer(0))
    }

    @Test("fan-out-signal: a lost request stream is an error and nothing is written", arguments: PrivateRedis.Mode.allCases)
    func lostStream(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("match")
        let commands = cell.commands(cell.match)
        let entry = try await cell.add(signals, "id", "s")
        _ = try await cell.redis.send(commands.handOff(0, epoch: epoch, [], fetch: 1)).checked()
        _ = try await cell.redis.send(RedisCommand("DEL", cell.keys.stream(requests[1])))
        let reply = try await cell.redis.send(commands.fanOut(0, epoch: epoch, chunk(entry, 0, 2, last: true)))
        #expect(reply.error?.contains("NOSTREAM execution_requests:01") == true)
        #expect(try await cell.entries(requests[0]).isEmpty)
        #expect(try await cell.redis.send(RedisCommand("XPENDING", cell.keys.stream(signals), "matcher")).array?[0] == .integer(1))
    }

    @Test("publish-signals: new ones are numbered, known ones are not published again, cursor and record move along", arguments: PrivateRedis.Mode.allCases)
    func publish(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("ingest")
        let publisher = SignalPublisher(redis: cell.redis, keys: cell.keys)
        func call(
            _ ids: [String], _ epoch: String, cursor: String? = nil, leftOut: [String] = [], day: String = "2026-11-21"
        ) -> SignalPublisher.Call {
            SignalPublisher.Call(
                items: ids.map { .init(id: $0, emission: emission(signals, $0)) }, leftOut: leftOut, partition: 0, day: day, epoch: epoch,
                leader: cursor.map { .init(influencer: "leader", cursor: Array($0.utf8), record: Array("of \($0)".utf8)) })
        }
        let answers = try await publisher.publish([call(["a", "b"], epoch, cursor: "1"), call(["b", "c"], epoch, cursor: "2"), call(["d"], "1")])
        #expect(answers == [.published(new: 2, duplicates: 0), .published(new: 1, duplicates: 1), .fenced])
        #expect(try await cell.entries(signals).map { $0.text("id") } == ["a", "b", "c"])
        #expect(try await cell.entries(signals).map { $0.text("seq") } == ["1", "2", "3"])
        #expect(try await cell.text("HGET", cell.keys.cursors(0), "leader") == "2")
        #expect(try await cell.text("HGET", cell.keys.leaders(0), "leader") == "of 2")
        #expect((try await cell.integer("TTL", cell.keys.seen(day: "2026-11-21")) ?? 0) > 600_000)
        #expect(try await publisher.publish([call([], epoch, cursor: "3", leftOut: ["x", "y"])]) == [.published(new: 0, duplicates: 0)])
        #expect(try await publisher.publish([call(["x", "z"], epoch, cursor: "4")]) == [.published(new: 1, duplicates: 1)])
        #expect(try await cell.entries(signals).map { $0.text("id") } == ["a", "b", "c", "z"])
        _ = try await cell.redis.send(RedisCommand("DEL", cell.keys.stream(signals)))
        await #expect(throws: RedisError.server("NOSTREAM influencer_signals:00")) { try await publisher.publish([call(["e"], epoch)]) }
        #expect(try await cell.integer("SISMEMBER", cell.keys.seen(day: "2026-11-21"), "e") == 0)
    }

    @Test("publish-signals: without memory nothing of it is written, while a hand-off still goes through")
    func outOfMemory() async throws {
        let server = try await PrivateRedis(.plain)
        let redis = try server.connect("oom")
        let keys = Keys(prefix: "oom")
        let partitioning = Partitioning(signals: 1, accounts: 1)
        try await Provisioning.provision(redis, keys: keys, partitioning: partitioning)
        func lease(_ stage: String) async throws -> String {
            var command = RedisCommand(script: Script.acquireLease, keys: [keys.lease(stage, "00"), keys.cellRecord])
            command.append("me")
            command.append(60_000)
            command.append("")
            return try await redis.send(command).checked().array?[1].text ?? ""
        }
        let ingest = try await lease("ingest")
        let work = try await lease("work")
        let commands = StageCommands(keys: keys, stage: .work(partitioning), consumer: "me")
        _ = try await redis.send(RedisCommand("XADD", keys.stream(StreamPartition(.jobs, 0)), "*", "id", "j")).checked()
        let entry = try #require(try commands.reply(try await redis.send(commands.handOff(0, epoch: work, [], fetch: 1))).fetched.first)
        _ = try await redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "1")).checked()
        let publisher = SignalPublisher(redis: redis, keys: keys)
        let item = SignalPublisher.Item(id: "a", emission: emission(signals, "a"))
        await #expect(throws: RedisError.self) {
            try await publisher.publish([.init(items: [item], partition: 0, day: "2026-11-21", epoch: ingest, leader: nil)])
        }
        let reply = try commands.reply(
            try await redis.send(commands.handOff(0, epoch: work, [HandOff(entry: entry.id, emissions: [emission(StreamPartition(.results, 0), "r")])], fetch: 0)))
        #expect(reply.acknowledged == 1)
        _ = try await redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "0")).checked()
        #expect(try await redis.send(RedisCommand("EXISTS", keys.seen(day: "2026-11-21"))) == .integer(0))
        #expect(try await redis.send(RedisCommand("XLEN", keys.stream(StreamPartition(.results, 0)))) == .integer(1))
    }
}
