import AuditTrail
import CopyTrading
import Pipeline
import Redis
import TestServers
import Testing

/// The end of a process that has lost the exchange, and of a fleet that will not come back.
@Suite struct LivenessTests {
    private static let size = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#

    // MARK: - A process

    @Test("R-85: a worker that has lost the exchange hands its accounts to a survivor and ends; the survivor mirrors the exits")
    func handsOver() async throws {
        try await Fleet.run(.alike(4, Self.size)) { fleet in
            let relay = try await Relay.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            var behind = Fleet.WorkSettings()
            behind.url = relay.url
            behind.feedLostAfter = .seconds(2)
            let first = try await fleet.work("work-1", behind)
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            var direct = Fleet.WorkSettings()
            direct.feedLostAfter = .seconds(2)
            try await fleet.work("work-2", direct)
            try await fleet.eventually("both have accounts") { Set(try await fleet.owners("work", partitions: 4)) == ["work-1", "work-2"] }

            await relay.cut()
            try await fleet.eventually("the survivor has all accounts") {
                try await fleet.owners("work", partitions: 4).allSatisfy { $0 == "work-2" }
            }
            await first.ended()
            #expect(fleet.log.count("feed.lost") == 1)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.sleeves.isEmpty)
            await relay.stop()
        }
    }

    @Test("R-85: the feed is lost when it is away for longer than the limit, and Redis is not", arguments: [true, false], [true, false])
    func lost(feedIsAway: Bool, redisIsAway: Bool) async throws {
        let server = try await PrivateRedis.shared()
        let log = FleetLog()
        let redis =
            redisIsAway
            ? RedisConnection(
                endpoint: try RedisEndpoint(parsing: "redis://127.0.0.1:1"), timeout: .milliseconds(100), name: "away", logger: log.logger("away"))
            : try server.connect("feed")
        let start = ContinuousClock.now
        let watch = FeedWatch(redis: redis, limit: .milliseconds(400), logger: log.logger("watch")) { feedIsAway ? start : nil }
        let waiting = Task { await watch.waitForLoss() }
        if feedIsAway, !redisIsAway {
            await waiting.value
            #expect(ContinuousClock.now - start >= .milliseconds(400))
        } else {
            try await Task.sleep(for: .seconds(1))
            waiting.cancel()
            await waiting.value
        }
        #expect(await watch.isLost == (feedIsAway && !redisIsAway))
        #expect(log.count("feed.lost") == (feedIsAway && !redisIsAway ? 1 : 0))
        await redis.close()
    }

    @Test("R-85: a refusal is an answer of the exchange, a connection that is refused or reset is none")
    func answers() async throws {
        try await Fleet.run(.alike(1, Self.size)) { fleet in
            let relay = try await Relay.start(to: fleet.exchange.port)
            let client = fleet.client(relay.url, timeout: .seconds(2))
            #expect(client.unansweredSince == nil)
            await relay.cut()
            await #expect(throws: (any Error).self) { try await client.info(["type": "exchangeStatus"]) }
            let since = try #require(client.unansweredSince)
            await #expect(throws: (any Error).self) { try await client.info(["type": "exchangeStatus"]) }
            #expect(client.unansweredSince == since)
            relay.restore()
            await #expect(throws: (any Error).self) { try await client.info(["type": "noSuchRead"]) }
            #expect(client.unansweredSince == nil)
            await client.shutdown()
            await relay.stop()
        }
    }

    @Test("R-85: ingest knows since when none of its connections is up")
    func disconnected() async throws {
        try await Fleet.run(.alike(1, Self.size)) { fleet in
            let relays = [try await Relay.start(to: fleet.exchange.port), try await Relay.start(to: fleet.exchange.port)]
            let ingestor = try await fleet.ingest(urls: relays.map(\.url)).ingestor
            try await fleet.live(ingestor)
            try await fleet.eventually("both connections are up") { fleet.log.count("feed.connected") == 2 }
            #expect(await ingestor.disconnectedSince == nil)
            await relays[0].cut()
            try await fleet.eventually("one connection is lost") { fleet.log.count("feed.disconnected") > 0 }
            #expect(await ingestor.disconnectedSince == nil)
            await relays[1].cut()
            try await fleet.eventually("none is left") { await ingestor.disconnectedSince != nil }
            relays[0].restore()
            try await fleet.eventually("one is back") { await ingestor.disconnectedSince == nil }
            for relay in relays { await relay.stop() }
        }
    }

    // MARK: - A fleet

    @Test("R-85: what no worker looks after any more is closed reduce-only, entries that wait are not traded, and nothing is opened after")
    func converge() async throws {
        try await Fleet.run(.alike(3, Self.size)) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("leader", "ETH", .sell, "10")
            try await fleet.settled(signals: 2)
            let worker = try #require(fleet.roles.withLock { $0.first { $0.member == "work-1" } })
            await worker.stop()
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.eventually("entries wait for a worker") { try await fleet.added(.jobs) == 9 }

            let convergence = try await fleet.convergence()
            let before = try await convergence.remainder()
            #expect(before.holdings.map { "\($0.subscription) \($0.coin) \($0.position)" } == (0..<3).flatMap {
                ["s\($0):leader BTC 0.02", "s\($0):leader ETH -0.5"]
            })
            #expect(before.unsettled == 0)
            let record = try await AuditReader(fleet.postgresObserver).lastPositions()
            #expect(record.map { "\($0.subscription) \($0.coin) \($0.position)" } == before.holdings.map { "\($0.subscription) \($0.coin) \($0.position)" })

            try await convergence.latch(reason: "test", by: "operator")
            // nobody is there to do it
            #expect(try await convergence.run(reason: "test", by: "operator", within: .milliseconds(300)) == before)
            try await fleet.work("work-2")
            #expect(try await convergence.run(reason: "test", by: "operator", within: .seconds(20)).isEmpty)
            try await fleet.settled(signals: 3)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            for follower in fleet.cast.followers {
                #expect(truth.orders(of: follower.account).map(\.reduceOnly) == [false, false, true, true])
                #expect(Exchange.prices.keys.allSatisfy { truth.position(of: follower.account, $0).isZero })
            }
            #expect(truth.results.filter { $0.coin == "SOL" }.map(\.outcome) == [.halted, .halted, .halted])
            #expect(truth.results.filter { $0.origin == .flatten }.map(\.outcome) == Array(repeating: .filled, count: 6))
        }
    }

    @Test("R-85: an order whose outcome was left open is settled first, and what it opened is closed")
    func unsettled() async throws {
        try await Fleet.run(.alike(1, Self.size)) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            let worker = try await fleet.work("work-1", .init(url: proxy.url))
            try await fleet.live(try await fleet.ingest().ingestor)
            proxy.spoil(.replySwallowed)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            let account = fleet.cast.followers[0].account
            try await fleet.eventually("the order is executed and not answered") {
                try !Truth(ledger: fleet.exchange.ledger()).position(of: account, "BTC").isZero
            }
            worker.kill()
            await worker.ended()

            let convergence = try await fleet.convergence()
            let before = try await convergence.remainder()
            #expect(before == .init(holdings: [], unsettled: 1))
            try await convergence.latch(reason: "test", by: "operator")
            try await fleet.work("work-2")
            #expect(try await convergence.run(reason: "test", by: "operator", within: .seconds(20)).isEmpty)
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.orders(of: account).map(\.reduceOnly) == [false, true])
            #expect(truth.position(of: account, "BTC").isZero)
            await proxy.stop()
        }
    }
}
