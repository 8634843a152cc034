import CopyTrading
import Hyperliquid
import JSON
import Pipeline
import Redis
import RedisStreams
import Testing

@testable import Ingestion

/// The edge: each fill of a leader becomes part of one signal, once, whatever happens to the processes that read it.
@Suite struct IngestTests {
    @Test("R-03: fills that are missing are asked for until the exchange answers, instead of being left out")
    func missingFills() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            let (_, ingestor) = try await fleet.ingest { configuration in
                configuration.equityEvery = .seconds(3_600)
                configuration.verifyEvery = .seconds(3_600)
            }
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            // both sockets hold back the next two trades, longer than the hold for what is out of order
            try await fleet.exchange.fault(["fault": "silent", "milliseconds": 6_000, "times": 2])
            for _ in 0..<2 { try await fleet.exchange.trade("leader", "BTC", .buy, "1") }
            let leader = cast.leaders["leader"]!
            let client = ExchangeClient(
                endpoint: ExchangeEndpoint(base: fleet.exchange.url, network: .testnet), timeout: .seconds(5), maximumConnections: 1)
            let last = try #require(try await client.fills(leader).last)
            await client.shutdown()
            try await fleet.exchange.fault(["fault": "rate429", "path": "/info", "times": 3])
            await ingestor.receive(
                .message(.userFills(user: leader, fills: [last], isSnapshot: false), frame: [], receivedAt: WallClock.microseconds))
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(truth.signals.map { "\($0.start)>\($0.end) \($0.cause.rawValue)" } == ["0>1 voluntary", "1>2 voluntary", "2>3 voluntary"])
            #expect(try await fleet.gaps().isEmpty)
        }
    }

    @Test("fills that are delivered again make no second signal")
    func duplicates() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            let (_, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            for side in [Side.buy, .buy, .sell] { try await fleet.exchange.trade("leader", "BTC", side, "1") }
            try await fleet.settled(signals: 3)
            let leader = cast.leaders["leader"]!
            let client = ExchangeClient(
                endpoint: ExchangeEndpoint(base: fleet.exchange.url, network: .testnet), timeout: .seconds(5), maximumConnections: 1)
            let fills = try await client.fills(leader)
            await client.shutdown()
            #expect(fills.count == 3)
            let now = WallClock.microseconds
            func receive(_ fills: [UserFill], isSnapshot: Bool) async {
                await ingestor.receive(.message(.userFills(user: leader, fills: fills, isSnapshot: isSnapshot), frame: [], receivedAt: now))
            }
            await receive(fills, isSnapshot: false)
            await receive(fills.reversed(), isSnapshot: false)
            // history again, as after a reconnect
            await receive(fills, isSnapshot: true)
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            #expect(truth.signals.count == 4)
            #expect(truth.signals.map { $0.legs.map(\.action) } == [[.open], [.increase], [.reduce], [.close]])
        }
    }

    @Test("R-17: a leader's equity is read again while it is followed, and the signals carry it")
    func equity() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            let (_, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            try await eventually("the equity is read twice") { await ingestor.equityReadings >= 2 }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.signals.first?.leaderEquity == Notional(200_000))
        }
    }

    @Test("R-11, R-12: what happened while ingest was down is picked up once", arguments: [true, false])
    func down(inGoodOrder: Bool) async throws {
        let cast = Cast.alike(2)
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            let (first, ingestor) = try await fleet.ingest("ingest-1")
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("leader", "ETH", .sell, "5")
            try await fleet.settled(signals: 2)
            if inGoodOrder { await first.stop() } else { first.kill() }
            for (coin, side, size) in [("BTC", Side.buy, "1"), ("SOL", .buy, "50"), ("ETH", .buy, "10"), ("BTC", .sell, "0.5")] {
                try await fleet.exchange.trade("leader", coin, side, size)
            }
            let (second, other) = try await fleet.ingest("ingest-2")
            try await fleet.live(other)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1.5")
            try await fleet.settled(signals: 7)
            // once more with nothing missed
            await second.stop()
            try await fleet.live(try await fleet.ingest("ingest-3").ingestor)
            try await fleet.exchange.trade("leader", "SOL", .sell, "50")
            try await fleet.settled(signals: 8)
            let truth = try await fleet.verify()
            #expect(truth.signals.count == 8)
            let ofBTC = truth.signals.filter { $0.coin == "BTC" }
            #expect(ofBTC.map(\.end.description) == ["1", "2", "1.5", "0"])
            #expect(truth.signals.filter { $0.coin == "ETH" }.flatMap { $0.legs.map(\.action) } == [.open, .close, .open])
            #expect(truth.others(.filled).isEmpty)
        }
    }

    @Test("leaders move between two ingests without a lost or repeated signal")
    func moving() async throws {
        let leaders = (0..<6).map { "leader\($0)" }
        let settings = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#
        let cast = Cast(leaders: leaders, leaders.map { .init("s-\($0)", of: $0, settings: settings) })
        try await Fleet.run(cast, partitioning: Partitioning(signals: 8, accounts: 4)) { fleet in
            try await fleet.startFollowers()
            let (_, first) = try await fleet.ingest("ingest-1")
            try await fleet.live(first)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for leader in leaders { group.addTask { try await fleet.load(leader, cycles: 3, pause: .milliseconds(80)) } }
                try await fleet.eventually("signals flow") { try await fleet.added(.signals) > 12 }
                let (role, _) = try await fleet.ingest("ingest-2")
                try await fleet.eventually("both own leaders") {
                    Set(try await fleet.owners("ingest", partitions: 8)) == ["ingest-1", "ingest-2"]
                }
                try await fleet.eventually("more signals flow") { try await fleet.added(.signals) > 60 }
                await role.stop()
                var signals = 0
                for try await count in group { signals += count }
                try await fleet.settled(signals: signals)
            }
            let truth = try await fleet.verify()
            #expect(truth.signals.count == 144)
            #expect(truth.others(.filled).isEmpty)
        }
    }

    @Test("a leader of whom nothing is stored is as he is at first sight; followed before Redis was started anew, he is read from then on", arguments: [false, true])
    func nothingStored(isRestarted: Bool) async throws {
        try await Fleet.run(Cast.alike(1)) { fleet in
            try await fleet.startFollowers()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            if isRestarted {
                _ = try await fleet.observer.send(RedisCommand("HSET", fleet.keys.cellRecord, "suspect_ms", "\(WallClock.milliseconds)")).checked()
            }
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: isRestarted ? 2 : 1)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == (isRestarted ? [.filled, .filled] : [.uncopiedBase]))
        }
    }

    @Test("an ingest whose lease vanished takes it anew and goes on")
    func lostLease() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            let (_, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let key = fleet.keys.lease("ingest", "0\(fleet.partitioning.signal("leader"))")
            let epoch = try await fleet.observer.hash(key)["epoch"]
            _ = try await fleet.observer.send(RedisCommand("DEL", key)).checked()
            try await fleet.eventually("the lease is taken anew") {
                let taken = try await fleet.observer.hash(key)["epoch"]
                return taken != nil && taken != epoch
            }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            try await fleet.verify()
        }
    }

    @Test("R-11: a leader whose cursor cannot be read when its partition is granted is followed as soon as it can, and the feed is not well until then")
    func unreadCursor() async throws {
        try await Fleet.run(Cast.alike(1)) { fleet in
            try await fleet.startFollowers()
            let (_, ingestor) = try await fleet.ingest("ingest-unread") { $0.admissionEvery = .seconds(3_600) }
            try await fleet.live(ingestor)
            let partition = fleet.partitioning.signal("leader")
            try await fleet.eventually("its partition is granted while its cursor cannot be read") {
                await ingestor.drop(partition)
                try await fleet.cut("ingest-unread/signals")
                await ingestor.granted(partition)
                return await ingestor.currentFeed().unread == 1
            }
            try await fleet.live(ingestor)
            try await fleet.eventually("the feed is well") { await ingestor.currentFeed().unread == 0 }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.verify()
        }
    }

    @Test("R-11: while one of a leader's signals is refused, no later one is published before it, and its cursor does not pass it")
    func refusedInBetween() async throws {
        try await Fleet.run(Cast.alike(1)) { fleet in
            let (_, ingestor) = try await fleet.ingest { $0.equityEvery = .seconds(3_600) }
            try await fleet.live(ingestor)
            let leader = fleet.cast.leaders["leader"]!
            try await fleet.eventually("its first check is through, and nothing waits to be published") {
                guard let track = await ingestor.tracks[leader], track.verifications > 0, !track.isVerifying else { return false }
                return await !ingestor.hasUnpublished
            }
            func cursor() async throws -> LeaderCursor? {
                let stored = try await fleet.observer.hash(fleet.keys.cursors(fleet.partitioning.signal("leader")))["leader"]
                return try stored.map { try LeaderCursor(json: JSON.parse($0)) }
            }
            let now = WallClock.microseconds
            let times = [now / 1_000, now / 1_000 + 86_400_000]
            // the first day's signals are refused, the next day's would not be
            let seen = fleet.keys.seen(day: Day.of(times[0]))
            _ = try await fleet.observer.send(RedisCommand("SET", seen, "no set")).checked()
            for (number, time) in times.enumerated() {
                let fill = UserFill(
                    coin: "BTC", price: Price(50_000), size: Size(1), side: .buy, time: time, startPosition: Size(number), dir: "Open Long", hash: "0x0",
                    oid: 1, crossed: true, fee: .zero, closedPnl: .zero, tid: Int64(number + 1))
                await ingestor.receive(.message(.userFills(user: leader, fills: [fill], isSnapshot: false), frame: [], receivedAt: now))
            }
            try await fleet.eventually("it is refused again and again") { fleet.log.count("signals.unpublished") >= 3 }
            #expect(try await fleet.added(.signals) == 0)
            let stored = try await cursor()
            #expect(stored?.positions["BTC"] == nil)
            _ = try await fleet.observer.send(RedisCommand("DEL", seen)).checked()
            try await fleet.eventually("both are published") { try await fleet.added(.signals) == 2 }
            #expect(try await fleet.streamedSignals().map { "\($0.start)>\($0.end)" } == ["0>1", "1>2"])
            try await fleet.eventually("the cursor is stored") { try await cursor()?.positions["BTC"] == Size(2) }
        }
    }
}

extension Fleet {
    /// Closes connections of this name to Redis, as a network may; their client notices with its next command.
    func cut(_ name: String) async throws {
        let clients = try await observer.send(RedisCommand("CLIENT", "LIST")).checked().text ?? ""
        for client in clients.split(whereSeparator: \.isNewline) where client.contains(" name=\(name) ") {
            let id = String(client.dropFirst("id=".count).prefix { $0 != " " })
            _ = try await observer.send(RedisCommand("CLIENT", "KILL", "ID", id)).checked()
        }
    }

    /// The signals as they are in their streams, partition by partition.
    func streamedSignals() async throws -> [Signal] {
        var signals: [Signal] = []
        for partition in 0..<partitioning.signals {
            let stream = keys.stream(StreamPartition(.signals, partition))
            for entry in try await observer.send(RedisCommand("XRANGE", stream, "-", "+")).checked().array ?? [] {
                guard let data = entry.array?.last?.pairs["data"]?.bytes else { continue }
                signals.append(try Signal(json: JSON.parse(data)))
            }
        }
        return signals
    }
}
