import CopyTrading
import Hyperliquid
import Redis
import RedisStreams
import Synchronization
import TestServers
import Testing

@testable import Pipeline

/// What is read from the exchange, and who waits for it.
@Suite struct ExchangeReadingTests {
    @Test("R-18, R-72: who asks for an unknown coin waits a moment at most, and who must not wait, not at all")
    func unknownCoin() async throws {
        try await Fleet.run(.alike(1)) { fleet in
            let client = fleet.client()
            let instruments = Instruments(client: client, logger: fleet.log.logger("instruments"))
            try await fleet.exchange.fault(["fault": "latency", "path": "/info", "milliseconds": 3_000])
            guard case .unread = await instruments.listing("BTC") else { Issue.record("nothing was read yet"); return }
            // all together they wait as long as one: were it longer, the last ones would be told
            for _ in 0..<100 { #expect(await instruments.instrument("BTC") == nil) }
            try await fleet.eventually("it was read") { if case .listed = await instruments.listing("BTC") { true } else { false } }
            guard case .unlisted = await instruments.listing("NOPE") else { Issue.record("the list is read"); return }
            #expect(await instruments.instrument("BTC")?.coin == "BTC")
            await client.shutdown()
        }
    }

    @Test("R-72: where looks at accounts take all that is left to reads, a role starts and a leader is followed all the same")
    func startsBesideLooks() async throws {
        try await Fleet.run(.alike(1)) { fleet in
            let keys = Keys(prefix: fleet.keys.prefix, cell: "c1")
            let bucket = TokenBucket(
                redis: fleet.observer, key: keys.tokens("egress", "e"), rate: TokenRate(period: 100_000_000, burst: 2_000))
            let gate = EgressGate(bucket: bucket, logger: fleet.log.logger("egress"))
            #expect(try await bucket.take(1_000) == .taken)
            await #expect(throws: ExchangeError.self) { try await gate.admit(2) }
            let client = fleet.client(gate: gate)
            await #expect(throws: Never.self) { try await Instruments(client: client, logger: fleet.log.logger("instruments")).load() }
            await client.shutdown()
            let (_, ingestor) = try await fleet.ingest(gate: gate) { $0.weightPerMinute = 20 }
            try await fleet.live(ingestor)
        }
    }

    @Test("R-85: a process whose reads find no room knows all the same that the exchange is there")
    func knowsTheExchange() async throws {
        try await Fleet.run(.alike(1)) { fleet in
            let keys = Keys(prefix: fleet.keys.prefix, cell: "c1")
            let bucket = TokenBucket(redis: fleet.observer, key: keys.tokens("egress", "e"), rate: TokenRate(period: 100_000_000, burst: 100))
            #expect(try await bucket.take(80) == .taken)
            let client = fleet.client(gate: EgressGate(bucket: bucket, logger: fleet.log.logger("egress")))
            try await fleet.exchange.fault(["fault": "reset", "path": "/info", "times": 1])
            await #expect(throws: InfoError.self) {
                try await ReadUrgency.$current.withValue(.exit) { try await client.read(.exchangeStatus()) }
            }
            #expect(client.unansweredSince != nil)
            let watch = FeedWatch(redis: fleet.observer, limit: .seconds(3), client: client, logger: fleet.log.logger("watch"))
            let watching = Task { await watch.waitForLoss() }
            try await fleet.eventually("it was answered") { client.unansweredSince == nil }
            #expect(await !watch.isLost)
            watching.cancel()
            await watching.value
            await client.shutdown()
        }
    }

    @Test("R-18: what one process has read of the markets, or is about to, the others do not ask for, until it is old, or Redis is away")
    func sharedMarkets() async throws {
        try await Fleet.run(.alike(1)) { fleet in
            let gate = CountingGate()
            let endpoint = ExchangeEndpoint(base: fleet.exchange.url, network: .testnet)
            let logger = fleet.log.logger("answers")
            let table = AnswerTable(redis: fleet.observer, keys: fleet.keys)
            let client = fleet.client(gate: gate, answers: FleetAnswers(table: table, endpoint: endpoint, logger: logger))
            let alone = fleet.client(gate: gate)
            let truth = try await alone.instruments()
            let cost = gate.reads
            #expect(cost >= 2)
            await alone.shutdown()

            try await fleet.exchange.fault(["fault": "latency", "path": "/info", "milliseconds": 300])
            try await withThrowingTaskGroup { group in
                for _ in 0..<5 { group.addTask { try await client.instruments(atMostOld: .seconds(60)) } }
                for try await instruments in group { #expect(instruments == truth) }
            }
            #expect(gate.reads == 2 * cost)
            #expect(try await client.instruments() == truth)
            #expect(gate.reads == 3 * cost, "who wants to know what is now asks")
            try await Task.sleep(for: .milliseconds(20))
            #expect(try await client.instruments(atMostOld: .milliseconds(10)) == truth)
            #expect(gate.reads > 3 * cost, "it is too old")

            try await table.keep(Array(#"{"universe":"?"}"#.utf8), to: "\(endpoint.base)|meta")
            #expect(try await client.instruments(atMostOld: .seconds(60)) == truth, "what cannot be used is asked for")

            let other = FleetAnswers(table: table, endpoint: ExchangeEndpoint(base: "http://127.0.0.1:1", network: .testnet), logger: logger)
            let elsewhere = try await other.answer(to: ["type": "meta"], atMostOld: .seconds(60)) { () async throws(InfoError) in "another" }
            #expect(elsewhere == "another")

            let dead = RedisConnection(endpoint: try RedisEndpoint(parsing: "redis://127.0.0.1:1"), timeout: .seconds(1), name: "dead", logger: logger)
            let without = FleetAnswers(table: AnswerTable(redis: dead, keys: fleet.keys), endpoint: endpoint, logger: logger)
            let asked = try await without.answer(to: ["type": "meta"], atMostOld: .seconds(60)) { () async throws(InfoError) in "asked" }
            #expect(asked == "asked")
            await dead.close()
            await client.shutdown()
        }
    }

    private final class CountingGate: RequestGate {
        private let count = Mutex(0)
        var reads: Int { count.withLock { $0 } }
        func admit(_ weight: Int) { count.withLock { $0 += 1 } }
        func charge(_ weight: Int) {}
        func refused() {}
    }

    @Test("R-72: reads leave half of the bucket to orders, those that something waits for a quarter; those that an exit waits for take what entries leave")
    func exitsReadFirst() async throws {
        let redis = try await PrivateRedis.shared()
        let connection = try redis.connect("egress")
        let keys = Keys(prefix: redis.prefix(), cell: "c0")
        // as good as none comes back in the time of the test
        let rate = TokenRate(period: 100_000_000, burst: 100)
        let bucket = TokenBucket(redis: connection, key: keys.tokens("egress", "e"), rate: rate)
        let gate = EgressGate(bucket: bucket, logger: FleetLog().logger("egress"))
        #expect(try await bucket.take(50) == .taken)
        await #expect(throws: ExchangeError.self) { try await gate.admit(20) }
        try await ReadUrgency.$current.withValue(.awaited) {
            try await gate.admit(20)
            await #expect(throws: ExchangeError.self) { try await gate.admit(20) }
        }
        try await ReadUrgency.$current.withValue(.exit) {
            try await gate.admit(20)
            await #expect(throws: ExchangeError.self) { try await gate.admit(20) }
        }
        await connection.close()
    }
}
