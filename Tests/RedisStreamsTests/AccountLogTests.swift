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
}
