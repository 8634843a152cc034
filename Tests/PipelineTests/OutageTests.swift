import CopyTrading
import Pipeline
import Postgres
import Redis
import RedisStreams
import TestServers
import Testing

/// Servers that go away under the fleet and come back.
@Suite struct OutageTests {
    @Test("while Postgres is away orders go on and nothing is trimmed; when it is back the audit catches up")
    func postgres() async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        try await Fleet.run(Cast.alike(4), postgres: postgres) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit(keep: .zero)
            try await fleet.live(try await fleet.ingest().ingestor)
            // agent keys are read from Postgres, once
            let before = try await fleet.load(cycles: 1)
            try await fleet.settled(signals: before)
            let results = try await fleet.added(.results)

            try await BlockingCalls.run { postgres.stop() }
            let during = try await fleet.load(cycles: 3)
            try await fleet.settled(signals: before + during, groups: ["matcher", "planner", "worker"])
            #expect(try await fleet.added(.results) - results == 4 * during)
            try await fleet.eventually("the audit has tried and failed") { fleet.log.count("audit.unwritten") >= 3 }
            #expect(try await fleet.length(.results) >= 4 * during, "nothing unaudited was trimmed")
            #expect(try await fleet.length(.signals) >= during, "nothing unaudited was trimmed")

            try await BlockingCalls.run { try postgres.start() }
            try await fleet.postgresIsBack()
            let after = try await fleet.load(cycles: 1)
            try await fleet.settled(signals: before + during + after)
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            try await fleet.eventually("what is audited is trimmed") { try await fleet.length(.results) <= fleet.partitioning.accounts }
        }
    }

    @Test("Redis killed under load and started again: the fleet goes on, nothing is lost and nothing repeated")
    func redis() async throws {
        let settings = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        let redis = try await BlockingCalls.run { try await PrivateRedis(settings: settings) }
        try await Fleet.run(Cast.alike(5), redis: redis) { fleet in
            try await fleet.startAll()
            async let load = fleet.load(cycles: 14, pause: .milliseconds(50))
            for round in 1...3 {
                try await fleet.eventually("orders flow") { try await fleet.added(.results) > 40 * round }
                try await BlockingCalls.run {
                    redis.kill()
                    try redis.repair()
                    try redis.start()
                }
                try await fleet.eventually("Redis is back") { (try? await fleet.observer.send(RedisCommand("PING")).checked()) != nil }
            }
            try await fleet.settled(signals: try await load)
            let truth = try await fleet.verify()
            #expect(truth.signals.count == 112)
            #expect(truth.others(.filled).isEmpty)
            #expect(fleet.log.count("redis.connection.lost") >= 3)
        }
    }

    @Test("a worker that takes over while Postgres is away signs the exits: it has opened all keys ahead")
    func keysWithoutPostgres() async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        try await Fleet.run(Cast.alike(4), postgres: postgres) { fleet in
            try await fleet.match()
            try await fleet.plan()
            let first = try await fleet.work("work-1")
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            // takes over partitions whose accounts it has never served
            try await fleet.work("work-2")
            try await fleet.eventually("both have opened the keys") { fleet.log.count("agent_keys.opened") == 2 }
            try await BlockingCalls.run { postgres.stop() }
            first.kill()
            try await fleet.eventually("the second worker owns everything") {
                try await fleet.owners("work", partitions: 4).allSatisfy { $0 == "work-2" }
            }
            let before = try await fleet.added(.results)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.eventually("the exits have their results") { try await fleet.added(.results) == before + 4 }
            try await BlockingCalls.run { try postgres.start() }
            try await fleet.postgresIsBack()
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.sleeves.isEmpty)
        }
    }

    @Test("a worker that cannot read an agent key waits for it instead of giving orders up")
    func unreadKeys() async throws {
        try await Fleet.run(Cast.alike(4)) { fleet in
            let connection = PostgresConnection(url: fleet.database, name: "hide", logger: fleet.log.logger("hide"))
            try await connection.execute(script: "ALTER TABLE agent_keys RENAME COLUMN key_sealed TO hidden")
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the jobs are out") { try await fleet.added(.jobs) == 4 }
            try await fleet.eventually("the worker has tried") { fleet.log.count("agent_key.unread") > 4 }
            #expect(try await fleet.added(.results) == 0)
            try await connection.execute(script: "ALTER TABLE agent_keys RENAME COLUMN hidden TO key_sealed")
            await connection.close()
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.filled, .filled, .filled, .filled])
        }
    }

    @Test("a planner that cannot read the configuration of a request waits for it")
    func planWithoutPostgres() async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        let cast = Cast.alike(3)
        try await Fleet.run(cast, postgres: postgres) { fleet in
            try await fleet.plan("plan-1", followsConfiguration: false)
            try await fleet.work()
            try await fleet.audit()
            // version 2, which the planner has not read yet
            try await fleet.apply(cast.configuration { $0.settings.replacing("\"1000\"", with: "\"2000\"") })
            try await fleet.match()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await BlockingCalls.run { postgres.stop() }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the requests are out") { try await fleet.added(.requests) == 3 }
            try await fleet.eventually("the planner has tried") { fleet.log.count("configuration.unread") > 0 }
            try await BlockingCalls.run { try postgres.start() }
            try await fleet.postgresIsBack()
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.deadLetters.isEmpty)
            #expect(truth.results.map(\.outcome) == [.filled, .filled, .filled])
            #expect(cast.followers.allSatisfy { truth.orders(of: $0.account).map(\.size) == ["0.04"] })
        }
    }

    @Test("a planner that waits for the settings of an entry that may have been sent lets go of its partition")
    func planGoes() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.match(followsConfiguration: false)
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the request waits") { try await fleet.added(.requests) == 1 }
            // planners know version 2 alone, and read what was sent before a restart of Redis under the version that it matched
            try await fleet.apply(cast.configuration { $0.settings.replacing("\"1000\"", with: "\"2000\"") })
            let now = "\(WallClock.milliseconds)"
            _ = try await fleet.observer.send(RedisCommand("HSET", fleet.keys.cellRecord, "suspect_ms", now)).checked()
            let connection = PostgresConnection(url: fleet.database, name: "hide", logger: fleet.log.logger("hide"))
            try await connection.execute(script: "ALTER TABLE config_history RENAME TO hidden")
            let first = try await fleet.plan("plan-1", followsConfiguration: false)
            try await fleet.eventually("the planner has tried") { fleet.log.count("configuration.unread") > 1 }
            let stopped = Task { await first.stop() }
            try await fleet.eventually("its partitions are free") {
                for name in Stage.plan(fleet.partitioning).partitionNames {
                    let lease = try await fleet.observer.hash(fleet.keys.lease("plan", name))
                    guard lease["exp"].map({ String(decoding: $0, as: UTF8.self) }) == "0" else { return false }
                }
                return true
            }
            await stopped.value
            try await connection.execute(script: "ALTER TABLE hidden RENAME TO config_history")
            await connection.close()
            try await fleet.plan("plan-2")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.filled])
        }
    }

    @Test("R-80: an exit that matched settings which the database has lost since is planned under those it has")
    func lostVersion() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            let first = try await fleet.plan("plan-1")
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            await first.stop()
            try await fleet.apply(cast.configuration { $0.settings.replacing("\"1000\"", with: "\"2000\"") })
            try await fleet.knows("match-1", version: 2)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.eventually("the request waits") { try await fleet.added(.requests) == 2 }
            let connection = PostgresConnection(url: fleet.database, name: "lose", logger: fleet.log.logger("lose"))
            for table in ["config_history", "config_versions"] { try await connection.execute("DELETE FROM \(table) WHERE version = 2") }
            await connection.close()
            try await fleet.plan("plan-2")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.filled, .filled] && truth.deadLetters.isEmpty)
        }
    }

    @Test("a matcher that cannot read the configuration of a fan-out it continues waits for it")
    func matchWithoutPostgres() async throws {
        let postgres = try await BlockingCalls.run { try PrivatePostgres() }
        let cast = Cast.alike(260)
        try await Fleet.run(cast, postgres: postgres) { fleet in
            let first = try await fleet.match("match-1") { HoldingHandler($0, after: 1) }
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the first chunk is out") { try await fleet.added(.requests) == 256 }
            // the successor knows version 2 alone
            try await fleet.apply(cast.configuration { $0.settings.replacing("\"1000\"", with: "\"2000\"") })
            try await fleet.match("match-2")
            try await BlockingCalls.run { postgres.stop() }
            first.kill()
            try await fleet.eventually("the successor has tried") { fleet.log.count("fanout.waiting") > 0 }
            try await BlockingCalls.run { try postgres.start() }
            try await fleet.postgresIsBack()
            try await fleet.eventually("the second chunk is out") { try await fleet.added(.requests) == 260 }
        }
    }
}

extension Fleet {
    /// Entries that are in a stream now, all partitions together.
    func length(_ stream: RedisStreams.Stream) async throws -> Int {
        var sum = 0
        for index in 0..<partitioning.count(stream) {
            sum += Int(try await observer.send(RedisCommand("XLEN", keys.stream(StreamPartition(stream, index)))).checked().integer ?? 0)
        }
        return sum
    }

    func postgresIsBack() async throws {
        try await eventually("Postgres is back") { (try? await postgresObserver.query("SELECT 1")) != nil }
    }
}
