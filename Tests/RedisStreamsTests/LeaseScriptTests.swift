import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct LeaseScriptTests {
    @Test("acquire-lease: a free lease is granted, a held one is not, an expired one is, and each grant has a higher epoch", arguments: PrivateRedis.Mode.allCases)
    func acquire(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let first = try await cell.acquire("work", owner: "a")
        #expect(first.array?[0] == .integer(1))
        let refused = try await cell.acquire("work", owner: "b")
        #expect(refused.array?[0] == .integer(0))
        #expect(refused.array?[2].text == "a")
        #expect((refused.array?[1].integer ?? 0) > 2_000)
        let again = try await cell.acquire("work", owner: "a")
        let firstEpoch = try #require(first.array?[1].integer)
        let secondEpoch = try #require(again.array?[1].integer)
        #expect(secondEpoch > firstEpoch, "a restarted process fences its former self")
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.lease("work", "00"), "exp", "1"))
        #expect(try await cell.acquire("work", owner: "b").array?[0] == .integer(1))
    }

    @Test("acquire-lease: an expiry further ahead than two lives is a clock that was set back, not a lease", arguments: PrivateRedis.Mode.allCases)
    func clockSetBack(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.lease("work", "00"), "owner", "a", "epoch", "5", "exp", "99999999999999"))
        #expect(try await cell.acquire("work", owner: "b").array?[0] == .integer(1))
    }

    @Test("acquire-lease: the epoch is at least the clock, so it rises even when Redis lost the old one", arguments: PrivateRedis.Mode.allCases)
    func epochAfterLoss(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let before = try #require(Int64(try await cell.lease("work")))
        _ = try await cell.redis.send(RedisCommand("DEL", cell.keys.lease("work", "00")))
        let after = try #require(Int64(try await cell.lease("work")))
        #expect(after >= before)
        #expect(after > 1_700_000_000_000)
    }

    @Test("renew-leases: 1 for the holder's epoch, 0 for another", arguments: PrivateRedis.Mode.allCases)
    func renew(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work", "00")
        _ = try await cell.lease("work", "01", owner: "other")
        var command = RedisCommand(script: Script.renewLeases, keys: [cell.keys.lease("work", "00"), cell.keys.lease("work", "01")])
        for argument in ["60000", epoch, "1"] { command.append(argument) }
        #expect(try await cell.redis.send(command) == .array([.integer(1), .integer(0)]))
        #expect((try await cell.acquire("work", owner: "b").array?[1].integer ?? 0) > 3_000)
    }

    @Test("release-lease: the holder's release lets a successor in at once, another's does nothing", arguments: PrivateRedis.Mode.allCases)
    func release(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let epoch = try await cell.lease("work", owner: "a")
        func release(_ epoch: String) async throws -> RedisValue {
            var command = RedisCommand(script: Script.releaseLease, keys: [cell.keys.lease("work", "00")])
            command.append(epoch)
            return try await cell.redis.send(command)
        }
        #expect(try await release("1") == .integer(0))
        #expect(try await cell.acquire("work", owner: "b").array?[0] == .integer(0))
        #expect(try await release(epoch) == .integer(1))
        #expect(try await cell.acquire("work", owner: "b").array?[0] == .integer(1))
    }

    @Test("join-stage: lists the caller and the others, and forgets who was silent", arguments: PrivateRedis.Mode.allCases)
    func join(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        func join(_ member: String) async throws -> [String] {
            var command = RedisCommand(script: Script.joinStage, keys: [cell.keys.members("work")])
            command.append(member)
            command.append(3_000)
            return try #require(try await cell.redis.send(command).checked().array).dropFirst().compactMap(\.text)
        }
        // a beat of a clock that was set back since: nobody lives because of it
        _ = try await cell.redis.send(RedisCommand("ZADD", cell.keys.members("work"), "99999999999999", "gone"))
        #expect(try await join("a") == ["a"])
        #expect(Set(try await join("b")) == ["a", "b"])
        _ = try await cell.redis.send(RedisCommand("ZADD", cell.keys.members("work"), "1", "a"))
        #expect(try await join("b") == ["b"])
    }

    @Test("provision-stream: created once with all groups, present after, and lost when numbers were given out", arguments: PrivateRedis.Mode.allCases)
    func provision(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode, provisioned: false)
        func provision() async throws -> RedisValue {
            var command = RedisCommand(script: Script.provisionStream, keys: [cell.keys.stream(StreamPartition(.jobs, 0)), cell.keys.sequence, cell.keys.acknowledged])
            for argument in ["execution_jobs:00", "worker", "audit"] { command.append(argument) }
            return try await cell.redis.send(command)
        }
        #expect(try await provision().text == "CREATED")
        #expect(try await provision().text == "PRESENT")
        let groups = try await cell.redis.send(RedisCommand("XINFO", "GROUPS", cell.keys.stream(StreamPartition(.jobs, 0)))).array
        #expect(groups?.count == 2)
        // a group that was deleted does not begin anew with what it had done
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.acknowledged, "execution_jobs:00|worker", "3"))
        _ = try await cell.redis.send(RedisCommand("XGROUP", "DESTROY", cell.keys.stream(StreamPartition(.jobs, 0)), "worker"))
        #expect(try await provision().text == "LOST")
        _ = try await cell.redis.send(RedisCommand("HDEL", cell.keys.acknowledged, "execution_jobs:00|worker"))
        #expect(try await provision().text == "CREATED")
        _ = try await cell.redis.send(RedisCommand("HSET", cell.keys.sequence, "execution_jobs:00", "7"))
        _ = try await cell.redis.send(RedisCommand("DEL", cell.keys.stream(StreamPartition(.jobs, 0))))
        #expect(try await provision().text == "LOST")
        #expect(try await cell.integer("EXISTS", cell.keys.stream(StreamPartition(.jobs, 0))) == 0)
        await #expect(throws: Provisioning.Fault.self) {
            try await Provisioning.provision(cell.redis, keys: cell.keys, partitioning: cell.partitioning)
        }
    }
}
