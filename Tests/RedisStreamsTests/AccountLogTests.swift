import Redis
import TestServers
import Testing

@testable import RedisStreams

/// record-account: what a worker writes down by itself.
@Suite struct AccountLogTests {
    @Test("what is emitted is emitted once under its id, an id is forgotten after its time, and no earlier owner emits", arguments: PrivateRedis.Mode.allCases)
    func emissions(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let log = AccountLog(redis: cell.redis, keys: cell.keys, stage: cell.work)
        let former = try await cell.lease("work", "00", owner: "a")
        let epoch = try await cell.lease("work", "00", owner: "a")
        let events = StreamPartition(.accountEvents, 0)
        func entry(_ id: String) -> AccountLog.Entry {
            var entry = AccountLog.Entry()
            entry.emissions = [(id, emission(events, id))]
            return entry
        }
        func length() async throws -> Int64? { try await cell.integer("XLEN", cell.keys.stream(events)) }

        #expect(try await log.write(entry("one"), partition: 0, epoch: epoch))
        #expect(try await log.write(entry("one"), partition: 0, epoch: epoch))
        #expect(try await length() == 1)
        #expect(try await log.write(entry("two"), partition: 0, epoch: former) == false)
        #expect(try await length() == 1)

        let now = try await cell.redis.serverMilliseconds()
        let key = cell.keys.emitted(0)
        for (id, age) in [("old", 60_000), ("young", -60_000)] {
            _ = try await cell.integer("ZADD", key, "\(now - AccountLog.life.milliseconds - Int64(age))", id)
        }
        #expect(try await log.write(entry("two"), partition: 0, epoch: epoch))
        #expect(try await length() == 2)
        let known = try await cell.redis.send(RedisCommand("ZRANGE", key, "0", "-1")).checked().array?.compactMap(\.text)
        #expect(known?.sorted() == ["one", "two", "young"])
    }

    @Test("only what concerns a leader and a subscriber counts as on its way, however busy their partitions are", arguments: PrivateRedis.Mode.allCases)
    func backlog(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let log = AccountLog(redis: cell.redis, keys: cell.keys, stage: cell.work)
        func key(_ stream: RedisStreams.Stream) -> String {
            let index = stream == .signals ? cell.partitioning.signal("leader") : cell.partitioning.account("0xa")
            return cell.keys.stream(StreamPartition(stream, index))
        }
        func add(_ stream: RedisStreams.Stream, _ owner: String, _ name: String) async throws {
            let key = key(stream)
            _ = try await cell.redis.send(RedisCommand("XADD", key, "*", owner, name, "data", "{}")).checked()
        }
        func take(_ stream: RedisStreams.Stream, _ group: String) async throws {
            let key = key(stream)
            _ = try await cell.redis.send(RedisCommand("XREADGROUP", "GROUP", group, "one", "COUNT", "100", "STREAMS", key, ">")).checked()
        }
        func isOnItsWay(_ leader: String, _ subscriber: String) async throws -> Bool {
            try await log.hasBacklog(influencer: leader, subscriber: subscriber, account: "0xa", cell.partitioning)
        }
        #expect(try await !isOnItsWay("leader", "me"))
        try await add(.signals, "influencer", "leader")
        try await add(.requests, "subscriber", "other")
        try await add(.jobs, "subscriber", "other")
        #expect(try await isOnItsWay("leader", "me"), "a signal that nobody has taken")
        #expect(try await !isOnItsWay("stranger", "me"))
        try await take(.signals, Group.matcher)
        #expect(try await isOnItsWay("leader", "me"), "one that is being worked on")
        #expect(try await isOnItsWay("stranger", "other"))
        try await take(.requests, Group.planner)
        #expect(try await isOnItsWay("stranger", "other"))
        try await add(.jobs, "subscriber", "me")
        #expect(try await isOnItsWay("stranger", "me"))
        try await take(.jobs, Group.worker)
        #expect(try await !isOnItsWay("stranger", "me"), "the worker knows itself what it was given")
    }
}
