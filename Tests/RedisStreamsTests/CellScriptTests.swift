import Redis
import RedisStreams
import TestServers
import Testing

@testable import RedisStreams

/// The record of the cell, and what it does to leases.
@Suite struct CellScriptTests {
    @Test("a start of the server that nobody has seen voids every lease, once", arguments: PrivateRedis.Mode.allCases)
    func restart(mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let table = CellTable(redis: cell.redis, keys: cell.keys, partitioning: cell.partitioning)
        try await table.begin(incarnation: "a")
        #expect(try await table.see().isFirst)
        let epoch = try await cell.lease("work")
        #expect(try await !table.see().isFirst)
        #expect(try await cell.redis.hash(cell.keys.lease("work", "00"))["epoch"] == Array(epoch.utf8), "seen again, nothing is void")

        // as after a restart
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.cellRecord, "run_id", "another")).checked()
        let sight = try await table.see()
        #expect(sight.isFirst && sight.suspectedAt > 0 && sight.incarnation == "a" && !sight.isHalted)
        #expect(sight.fence > (Int64(epoch) ?? .max))
        let lease = try await cell.redis.hash(cell.keys.lease("work", "00")).mapValues { String(decoding: $0, as: UTF8.self) }
        #expect(lease["epoch"] != epoch && lease["exp"] == "0")
        let reply = try await cell.redis.send(cell.commands(cell.work).handOff(0, epoch: epoch, [], fetch: 1))
        #expect(reply.error?.contains("FENCED") == true)
        #expect((Int64(try await cell.lease("work", owner: "other")) ?? 0) > sight.fence, "the next one is higher")
        // also of a stage that the server knew no lease of
        #expect((Int64(try await cell.lease("plan")) ?? 0) > sight.fence)
        #expect(try await table.see().fence == sight.fence)

        // what the lease was last is lost
        let last = try #require(Int64(try await cell.lease("work")))
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.lease("work", "00"), "epoch", "7")).checked()
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.cellRecord, "run_id", "a third")).checked()
        #expect(try await table.see().fence > last)
    }

    @Test("in a halted cell no lease is granted, and those that were are void", arguments: PrivateRedis.Mode.allCases)
    func halt(mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let table = CellTable(redis: cell.redis, keys: cell.keys, partitioning: cell.partitioning)
        try await table.begin(incarnation: "a")
        let epoch = try await cell.lease("match")
        try await table.halt(reason: "lost")
        let sight = try await table.see()
        #expect(sight.isHalted && sight.reason == "lost" && sight.fence > (Int64(epoch) ?? .max))
        let reply = try await cell.redis.send(cell.commands(cell.match).handOff(0, epoch: epoch, [], fetch: 1))
        #expect(reply.error?.contains("FENCED") == true)
        await #expect(throws: RedisError.self) { try await cell.acquire("match") }
        try await table.resume(incarnation: "b")
        #expect(try await table.see().incarnation == "b")
        #expect((Int64(try await cell.lease("match")) ?? 0) > (try await table.see().fence))
    }

    @Test("since when what was acknowledged may be lost is told by Redis' clock, and as a moment of the process' own")
    func suspicion() async throws {
        let cell = try await Cell(.plain)
        let journal = AttemptJournal(redis: cell.redis, keys: cell.keys, stage: cell.work)
        #expect(try await journal.suspicion().at == 0)
        let moment = try await cell.redis.serverMilliseconds() - 40_000
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.cellRecord, "suspect_ms", "\(moment)")).checked()
        let before = ContinuousClock.now
        let suspicion = try await journal.suspicion()
        #expect(suspicion.at == moment)
        #expect(suspicion.since <= before - .seconds(39))
        #expect(suspicion.since >= before - .seconds(41))
    }

    @Test("a lease that was taken anew is not held under the epoch of before")
    func deadline() {
        let table = LeaseTable()
        let end = ContinuousClock.now + .seconds(1)
        table.set(3, LeaseTable.Lease(epoch: "8", deadline: end))
        #expect(table.deadline(3, of: "8") == end)
        #expect(table.deadline(3, of: "7") == nil)
        #expect(table.deadline(2, of: "8") == nil)
    }

    @Test("a restored stream goes on with the numbers and ids on record, and its stage gets what was not finished", arguments: PrivateRedis.Mode.allCases)
    func restore(mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode, provisioned: false)
        let rebuild = CellRebuild(redis: cell.redis, keys: cell.keys)
        let jobs = StreamPartition(.jobs, 0)
        let again = (0..<450).map { number in
            CellRebuild.Entry(
                id: "1700000000\(100 + number)-0",
                fields: [
                    (name: Array("seq".utf8), value: Array("\(number + 1)".utf8)), (name: Array("id".utf8), value: Array("j\(number)".utf8)),
                ])
        }
        try await rebuild.restore(jobs, last: ("1700000000900-3", 500), again: again)
        let ids = try await rebuild.add([Emission(jobs, [("id", Array("new".utf8))])], after: 500)
        #expect(ids.count == 1 && ids[0] > "1700000000900-3")
        let numbers = try await cell.redis.hash(cell.keys.sequence)
        #expect(numbers[jobs.name] == Array("501".utf8))
        let done = try await cell.redis.hash(cell.keys.acknowledged)
        #expect(done["\(jobs.name)|worker"] == Array("50".utf8))
        #expect(done["\(jobs.name)|audit"] == Array("500".utf8))
        let audit = try await cell.redis.send(RedisCommand("XREADGROUP", "GROUP", "audit", "a", "COUNT", "1000", "STREAMS", cell.keys.stream(jobs), ">"))
        #expect(audit.array?.first?.array?[1].array?.count == 1, "only what is not on record")
        let worker = try await cell.redis.send(RedisCommand("XREADGROUP", "GROUP", "worker", "w", "COUNT", "1000", "STREAMS", cell.keys.stream(jobs), ">"))
        #expect(worker.array?.first?.array?[1].array?.count == 451)
    }
}
