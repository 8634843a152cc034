import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct UserSlotTests {
    private struct Site {
        let redis: RedisConnection
        let keys: Keys

        init(_ mode: PrivateRedis.Mode) async throws {
            let server = try await PrivateRedis.shared(mode)
            redis = try server.connect("slots")
            keys = Keys(prefix: server.prefix(), cell: "c0")
        }

        func slots(_ holder: String, limit: Int = 3, egress: String = "default") -> UserSlots {
            UserSlots(redis: redis, keys: keys, egress: egress, holder: holder, life: .seconds(30), limit: limit)
        }

        func stored() async throws -> [String: String] {
            try await redis.hash(keys.userSlots(egress: "default")).mapValues { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test("R-70: the most wanted users get the places there are, whoever asks, and an eleventh never does", arguments: PrivateRedis.Mode.allCases)
    func limit(_ mode: PrivateRedis.Mode) async throws {
        let site = try await Site(mode)
        let first = try await site.slots("a").update(hold: ["u1", "u2"], giveBack: [])
        #expect(first.held == ["u1", "u2"] && first.used == 2)
        let second = try await site.slots("b").update(hold: ["u3", "u4"], giveBack: [])
        #expect(second.held == ["u3"] && second.used == 3)
        let refused = try await site.slots("a").update(hold: ["u1", "u2", "u5"], giveBack: [])
        #expect(refused.held == ["u1", "u2"])
        // another address of ours has places of its own
        #expect(try await site.slots("b", egress: "other").update(hold: ["u4"], giveBack: []).held == ["u4"])
    }

    @Test("R-70: processes that claim at the same moment never hold more than the limit together", arguments: PrivateRedis.Mode.allCases)
    func contention(_ mode: PrivateRedis.Mode) async throws {
        let site = try await Site(mode)
        let held = try await withThrowingTaskGroup(of: Int.self) { group in
            for process in 0..<8 {
                group.addTask {
                    try await site.slots("p\(process)", limit: 10).update(hold: (0..<4).map { "u\(process)-\($0)" }, giveBack: []).held.count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(held == 10)
        #expect(try await site.stored().count == 10)
    }

    @Test("a user has one holder, and only that one gives the place back", arguments: PrivateRedis.Mode.allCases)
    func oneHolder(_ mode: PrivateRedis.Mode) async throws {
        let site = try await Site(mode)
        _ = try await site.slots("a").update(hold: ["u1"], giveBack: [])
        #expect(try await site.slots("b").update(hold: ["u1"], giveBack: []).held.isEmpty)
        #expect(try await site.slots("b").update(hold: [], giveBack: ["u1"]).used == 1)
        // given back and claimed by the next in one step
        #expect(try await site.slots("a").update(hold: ["u2"], giveBack: ["u1"]).held == ["u2"])
        #expect(try await site.slots("b").update(hold: ["u1"], giveBack: []).held == ["u1"])
    }

    @Test("a place that is not renewed is free again, and so is one that a clock set back would keep", arguments: PrivateRedis.Mode.allCases)
    func expiry(_ mode: PrivateRedis.Mode) async throws {
        let site = try await Site(mode)
        let key = site.keys.userSlots(egress: "default")
        for stale in ["dead 1", "dead 99999999999999", "unreadable"] {
            _ = try await site.redis.send(RedisCommand("HSET", key, "u1", stale)).checked()
            #expect(try await site.slots("a").update(hold: ["u1"], giveBack: []).held == ["u1"], "\(stale)")
        }
    }
}
