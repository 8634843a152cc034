import AuditTrail
import Postgres
import Redis
import RedisStreams
import Testing

@testable import vibe

/// What the users of `deploy/redis` and the roles of `deploy/postgres` may not do.
@Suite("Rights that a role does not have")
struct RightsTests {
    private static let roles = FleetRole.allCases.map(\.rawValue)

    private func isRefused(_ reply: RedisValue) -> Bool { reply.error?.hasPrefix("NOPERM") == true }

    @Test("in Redis: nobody manages the server, reads or writes another's keys, destroys a stream or adds to one that is not its own")
    func redis() async throws {
        try await withRun { run in
            let site = try await SecureSite(in: run)
            try await site.provision()
            let keys = try site.context("operator").keys
            var users: [String: RedisConnection] = [:]
            for role in Self.roles + ["operator", "admin"] { users[role] = try site.context(role).redis("rights") }
            func refused(_ role: String, _ parts: String...) async throws {
                let reply = try await #require(users[role]).send(RedisCommand(parts))
                #expect(isRefused(reply), "\(role): \(parts.joined(separator: " ")) → \(reply)")
            }
            for role in Self.roles + ["operator", "admin"] {
                for command in [["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "GET", "*"], ["CONFIG", "SET", "appendonly", "no"], ["KEYS", "*"], ["SHUTDOWN"], ["ACL", "LIST"], ["GET", "other"], ["SET", "other", "1"]] {
                    let reply = try await #require(users[role]).send(RedisCommand(command))
                    #expect(isRefused(reply), "\(role): \(command.joined(separator: " ")) → \(reply)")
                }
            }
            let streams = [StreamPartition(.signals, 0), .init(.requests, 0), .init(.jobs, 0), .init(.results, 0), .init(.deadLetters, 0)]
            let adders: [Stream: Set<String>] = [
                .signals: ["ingest"], .requests: ["match"], .jobs: ["plan", "work"], .results: ["plan", "work"],
                .deadLetters: ["match", "plan", "work"],
            ]
            for stream in streams {
                for role in Self.roles + ["operator"] {
                    try await refused(role, "DEL", keys.stream(stream))
                    try await refused(role, "XGROUP", "DESTROY", keys.stream(stream), "audit")
                    if role != "audit" || stream.stream == .deadLetters { try await refused(role, "XTRIM", keys.stream(stream), "MAXLEN", "0") }
                    if adders[stream.stream]?.contains(role) != true { try await refused(role, "XADD", keys.stream(stream), "*", "a", "b") }
                }
            }
            // what comes next has its own reader
            try await refused("match", "XACK", keys.stream(.init(.requests, 0)), "planner", "1-1")
            try await refused("plan", "XACK", keys.stream(.init(.jobs, 0)), "worker", "1-1")
            try await refused("ingest", "XACK", keys.stream(.init(.signals, 0)), "matcher", "1-1")
            for role in ["ingest", "match", "plan", "audit"] {
                try await refused(role, "HSET", keys.attempts(0), "job", "{}")
                // the auditor looks at positions, for checkpoints
                if role != "audit" { try await refused(role, "HGET", keys.sleeves(0), "x") }
                try await refused(role, "HSET", keys.sleeves(0), "x", "{}")
            }
            for key in [keys.lifecycles(0), keys.recoveredThrough] { try await refused("audit", "HSET", key, "x", "{}") }
            try await refused("audit", "ZADD", keys.emitted(0), "1", "x")
            for key in [keys.attempts(0), keys.lease("work", "00"), keys.quotes] { try await refused("operator", "HSET", key, "a", "b") }
            try await refused("plan", "HSET", keys.cursors(0), "leader", "x")
            try await refused("match", "HSET", keys.latches, "everything", "{}")
            // no use, no right
            try await refused("work", "SADD", keys.latches, "x")
            try await refused("ingest", "HEXISTS", keys.sequence, "x")
            try await refused("operator", "XREAD", "STREAMS", keys.stream(.init(.results, 0)), "0")
        }
    }

    @Test("in Redis: a script can do no more than who calls it")
    func scripts() async throws {
        try await withRun { run in
            let site = try await SecureSite(in: run)
            let keys = try site.context("operator").keys
            let plan = try site.context("plan").redis("script")
            for body in ["return redis.call('FLUSHALL')", "return redis.call('DEL', '\(keys.sequence)')", "return redis.call('HGETALL', '\(keys.attempts(0))')"] {
                let reply = try await plan.send(RedisCommand(script: RedisScript(name: body, source: body), keys: []))
                #expect(reply.error?.contains("The user executing the script") == true, "\(body) → \(reply)")
            }
            let audit = try site.context("audit").redis("script")
            let call = RedisCommand(
                script: RedisScript(name: "forge", source: "return redis.call('HSET', KEYS[1], 's1|BTC', '{}')"), keys: [keys.sleeves(0)])
            #expect(isRefused(try await audit.send(call)))
        }
    }

    @Test("`vibe converge` sees as a worker who is at work, and what is held: in Redis, and on record")
    func converge() async throws {
        try await withRun { run in
            let site = try await SecureSite(in: run)
            try await site.provision()
            let work = try site.context("work")
            let redis = try work.redis("rights")
            #expect(try await StatusReader(work, redis: redis).members(of: "work").isEmpty)
            await redis.close()
            let converger = try Converger(work.settings, logger: work.logger)
            #expect(try await converger.remainder().isEmpty)
            #expect(try await converger.accounts().isEmpty)
            await converger.close()
            let postgres = work.postgres("rights")
            #expect(try await AuditReader(postgres).lastPositions().isEmpty)
            await postgres.close()
        }
    }

    @Test("in Postgres: nothing is changed or deleted that is evidence, keys are read by those who sign, tables are made by their owner")
    func postgres() async throws {
        try await withRun { run in
            let site = try await SecureSite(in: run)
            try await site.grant()
            func refused(_ role: String, _ statement: String) async throws {
                let connection = try site.context(role).postgres("rights")
                do {
                    try await connection.execute(script: statement)
                    Issue.record("\(role) may: \(statement)")
                } catch { #expect(error.sqlstate == "42501", "\(role): \(statement): \(error)") }
                await connection.close()
            }
            func allowed(_ role: String, _ statement: String) async throws {
                let connection = try site.context(role).postgres("rights")
                try await connection.execute(script: statement)
                await connection.close()
            }
            let keyless = Self.roles.filter { $0 != "work" } + ["operator"]
            for role in keyless {
                try await refused(role, "SELECT agent_key_sealed FROM subscribers")
                try await refused(role, "SELECT probe FROM config_sealing")
                try await refused(role, "SELECT key_sealed FROM agent_keys")
                try await refused(role, "SELECT data_key_sealed FROM agent_keys")
            }
            try await allowed("work", "SELECT agent_key_sealed, (SELECT probe FROM config_sealing) FROM subscribers")
            try await allowed("work", "SELECT key_sealed, data_key_sealed FROM agent_keys")
            try await allowed("work", "UPDATE agent_keys SET state = 'replaced', key_sealed = NULL, data_key_sealed = NULL, sealing_key = NULL WHERE false")
            try await refused("work", "INSERT INTO agent_keys (agent_address, subscriber, name, state) VALUES ('0x', 's', 'n', 'removed')")
            try await refused("work", "UPDATE agent_keys SET subscriber = 'mine'")
            try await allowed("operator", "SELECT agent_address, subscriber, state, reason FROM agent_keys")
            try await allowed("config", "SELECT key_sealed FROM agent_keys")
            for role in Self.roles + ["operator", "config"] {
                for table in ["audit_entries", "latches", "raw_frames", "config_history"] {
                    try await refused(role, "DELETE FROM \(table)")
                    try await refused(role, "TRUNCATE \(table)")
                }
                try await refused(role, "UPDATE audit_entries SET chain = ''")
                try await refused(role, "UPDATE latches SET level = 0")
                try await refused(role, "CREATE TABLE mine (id integer)")
                if role != "config" { try await refused(role, "UPDATE subscriptions SET settings = '{}'") }
                if role != "audit" { try await refused(role, "SELECT audit_create_partition(date '2026-12-01')") }
            }
            try await allowed("audit", "SELECT audit_create_partition(date '2026-12-01')")
            try await refused("audit", "UPDATE audit_entries_20261201 SET chain = ''")
            try await refused("work", "SELECT chain FROM audit_entries")
            try await refused("audit", "SELECT FROM subscriptions")
            try await refused("match", "INSERT INTO latches (scope, level, reason, set_by) VALUES ('everything', 0, 'x', 'y')")
        }
    }
}
