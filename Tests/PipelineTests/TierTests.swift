import AsyncHTTPClient
import CopyTrading
import HyperSim
import Hyperliquid
import JSON
import NIOCore
import Pipeline
import Redis
import RedisStreams
import Testing

@testable import Ingestion

/// Leaders by their own fills and by public trades, and moving between the two: the same signals, each once.
@Suite struct TierTests {
    /// One leader and its follower, with all roles but ingest started.
    private func cell(_ leaders: [String] = ["leader"], tiers: [String: String] = [:], simulator: (inout HyperSimConfiguration) -> Void = { _ in }, _ body: (Fleet) async throws -> Void) async throws {
        let settings = #"sizing: {mode: ratio, ratio: "0.01"}, limits: {entry_expiry_ms: 60000}"#
        var cast = Cast(leaders: leaders, leaders.map { .init("s-\($0)", of: $0, settings: settings) })
        cast.tiers = tiers
        try await Fleet.run(cast, partitioning: Partitioning(signals: 4, accounts: 2), simulator: simulator) { fleet in
            try await fleet.startFollowers()
            try await body(fleet)
        }
    }

    /// The leader trades one coin so many times; gives the position after each, as text.
    private func trade(_ fleet: Fleet, _ leader: String = "leader", _ coin: String = "BTC", times: Int, seed: UInt64, from: Size = .zero, pause: Duration = .milliseconds(15)) async throws -> [String] {
        var random = Seeded(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var position = from
        var ends: [String] = []
        for _ in 0..<times {
            let size = Size(e8: Int64(random.next() % 5 + 1) * Size.scale)
            // away from zero as often as towards it
            let side: Side = position.magnitude > Size(12) ? (position.sign > 0 ? .sell : .buy) : random.next() % 2 == 0 ? .buy : .sell
            try await fleet.exchange.trade(leader, coin, side, "\(size)")
            position = position + (side == .buy ? size : -size)
            ends.append("\(position)")
            try await Task.sleep(for: pause)
        }
        return ends
    }

    private func ends(_ truth: Truth, _ leader: String, _ coin: Coin) -> [String] {
        truth.signals.filter { $0.influencer.text == leader && $0.coin == coin }.map { "\($0.end)" }
    }

    @Test("R-13: a leader configured for tier 2 is followed by public trades alone, from open to flip and close")
    func market() async throws {
        try await cell(tiers: ["leader": "2"]) { fleet in
            // held before anyone followed
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            let (_, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            let expected = try await trade(fleet, times: 25, seed: 3)
            try await fleet.exchange.trade("leader", "ETH", .sell, "4")
            try await fleet.settled(signals: 26)
            let truth = try await fleet.verify()
            #expect(ends(truth, "leader", "BTC") == expected)
            #expect(truth.signals.filter { $0.coin == "ETH" }.map { "\($0.start)>\($0.end)" } == ["10>6"])
            #expect(truth.signals.allSatisfy { $0.tier == 2 })
            #expect(try await fleet.gaps().isEmpty)
            let slots = try await fleet.observer.hash(fleet.keys.userSlots(egress: "default"))
            #expect(slots.isEmpty)
        }
    }

    @Test("R-70: more leaders than places: the exchange never sees a user too many, over two processes, and nobody goes unfollowed")
    func places() async throws {
        let leaders = (0..<6).map { "leader\($0)" }
        try await cell(leaders, tiers: ["leader5": "1"], simulator: { $0.limits.users = 2 }) { fleet in
            let (_, first) = try await fleet.ingest("ingest-1", users: 2)
            let (_, second) = try await fleet.ingest("ingest-2", users: 2)
            try await fleet.live(first, second)
            var expected: [String: [String]] = [:]
            for (index, leader) in leaders.enumerated() { expected[leader] = try await trade(fleet, leader, times: 6, seed: UInt64(index + 1)) }
            try await fleet.settled(signals: 36)
            let truth = try await fleet.verify()
            for leader in leaders { #expect(ends(truth, leader, "BTC") == expected[leader], "\(leader)") }
            #expect(fleet.log.count("feed.refused") == 0)
            try await fleet.eventually("both places are taken") {
                let places = try await fleet.observer.hash(fleet.keys.userSlots(egress: "default")).count
                #expect(places <= 2)
                return places == 2
            }
            #expect(Set(truth.signals.map(\.tier)) == [1, 2])
        }
    }

    @Test("R-71: with too few channels the sockets have more markets between them than one has, and what is on none of them is named once")
    func fewChannels() async throws {
        // three markets on two sockets
        try await cell(tiers: ["leader": "2"], simulator: { $0.limits.subscriptions = 2 }) { fleet in
            let (_, ingestor) = try await fleet.ingest { $0.marketWait = .seconds(1) }
            try await fleet.live(ingestor)
            try await fleet.eventually("the one that is left out is named") { fleet.log.count("market.uncovered") == 1 }
            let coverage = await ingestor.coverage
            #expect(Exchange.prices.keys.count { coverage.covers(.trades(coin: $0)) } == 2)
            #expect(fleet.log.tail(.max).contains("market.uncovered count=1 first="))
        }
    }

    @Test("R-70: a leader moves between the tiers and back while it trades all the time: exactly its trades, each once, no gap")
    func moving() async throws {
        try await cell(tiers: ["leader": "1"]) { fleet in
            let (_, ingestor) = try await fleet.ingest { $0.tiers.movesPerMinute = 100 }
            try await fleet.live(ingestor)
            var expected: [String] = []
            for round in 0..<4 {
                var cast = fleet.cast
                cast.tiers["leader"] = round % 2 == 0 ? "2" : "1"
                _ = try await fleet.apply(cast.configuration())
                let before = await ingestor.moves
                while await ingestor.moves == before {
                    guard expected.count < 2_000 else { throw NotReached(description: "no move in round \(round)\n\(fleet.log.tail())") }
                    let from = try expected.last.map { try Size(parsing: $0) } ?? .zero
                    expected += try await trade(fleet, times: 10, seed: UInt64(expected.count + 1), from: from)
                }
            }
            try await fleet.settled(signals: expected.count)
            let truth = try await fleet.verify()
            #expect(ends(truth, "leader", "BTC") == expected)
            #expect(Set(truth.signals.map(\.tier)) == [1, 2])
            #expect(try await fleet.gaps().isEmpty)
        }
    }

    @Test("R-70: a fill that was seen as a trade before the move holds nothing up when its second copy comes after")
    func lateCopy() async throws {
        // the other one's tier covers the markets: their trades are not told again when the move begins
        try await cell(["leader", "other"], tiers: ["leader": "1", "other": "2"]) { fleet in
            let (_, ingestor) = try await fleet.ingest { $0.flightTime = .seconds(1) }
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "2")
            try await fleet.settled(signals: 1)
            let address = fleet.cast.leaders["leader"]!
            let client = fleet.client()
            let fill = try #require(try await client.fills(address).last)
            await client.shutdown()
            var cast = fleet.cast
            cast.tiers["leader"] = "2"
            _ = try await fleet.apply(cast.configuration())
            try await fleet.eventually("the move begins") { await ingestor.tracks[address]?.move != nil }
            await ingestor.receive(.message(.userFills(user: address, fills: [fill], isSnapshot: false), frame: [], receivedAt: WallClock.microseconds))
            try await fleet.eventually("the move ends") { await ingestor.moves == 1 }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            #expect(try await ends(fleet.verify(), "leader", "BTC") == ["2", "1"])
            #expect(try await fleet.gaps().isEmpty)
        }
    }

    @Test("R-70: a leader that is taken on while places are being asked for gets its tier with the next answer, not without one")
    func takenOnMeanwhile() async throws {
        try await cell(tiers: ["leader": "1"]) { fleet in
            let (_, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            let partition = fleet.partitioning.signal("leader")
            await ingestor.drop(partition)
            // places are asked for once a second, by a script: it waits, reads do not
            _ = try await fleet.observer.send(RedisCommand("CLIENT", "PAUSE", "2500", "WRITE")).checked()
            try await Task.sleep(for: .milliseconds(1_500))
            await ingestor.granted(partition)
            #expect(await ingestor.tracks.values.map(\.tier) == [nil])
            try await fleet.live(ingestor)
            #expect(await ingestor.tracks.values.map(\.tier) == [.own])
            #expect(fleet.log.count("leader.moving") == 0)
        }
    }

    @Test("two sockets give one signal, and one of them may break at any time without a gap", arguments: ["1", "2"])
    func oneSocketBreaks(tier: String) async throws {
        try await cell(tiers: ["leader": tier]) { fleet in
            let relay = try await Relay.start(to: fleet.exchange.port)
            let (role, ingestor) = try await fleet.ingest(urls: [relay.url])
            try await fleet.live(ingestor)
            try await fleet.eventually("both sockets deliver, on the tier that is asked for") {
                let tracks = await ingestor.tracks.values
                return await ingestor.connected == [0, 1] && tracks.allSatisfy { $0.move == nil && $0.usesOwn == (tier == "1") }
            }
            var expected = try await trade(fleet, times: 10, seed: 1)
            await relay.cut()
            expected += try await trade(fleet, times: 20, seed: 2, from: try Size(parsing: expected.last!))
            #expect(await ingestor.tracks.values.allSatisfy { $0.phase == .live })
            relay.restore()
            try await fleet.eventually("the socket is back") { await ingestor.connected == [0, 1] }
            expected += try await trade(fleet, times: 10, seed: 4, from: try Size(parsing: expected.last!))
            try await fleet.settled(signals: expected.count)
            let truth = try await fleet.verify()
            #expect(ends(truth, "leader", "BTC") == expected)
            let statistics = await ingestor.socketStatistics
            #expect(statistics[0].first + statistics[1].first == 40)
            #expect(statistics[1].first + statistics[1].duplicates == 40)
            // the replay on subscribing brings trades once more
            if tier == "1" { #expect(statistics[0].first + statistics[0].duplicates <= 20) }
            await role.stop()
            await relay.stop()
        }
    }

    @Test("R-10, R-12: what changes a position while every socket is down is made up for, fill by fill", arguments: ["1", "2"])
    func allSocketsBreak(tier: String) async throws {
        try await cell(tiers: ["leader": tier]) { fleet in
            let relay = try await Relay.start(to: fleet.exchange.port)
            let (role, ingestor) = try await fleet.ingest(urls: [relay.url, relay.url])
            try await fleet.live(ingestor)
            var expected = try await trade(fleet, times: 5, seed: 1)
            for round in 0..<3 {
                try await fleet.eventually("live") { await ingestor.tracks.values.allSatisfy { $0.phase == .live } }
                try await fleet.settled(signals: expected.count)
                await relay.cut()
                try await fleet.eventually("the loss is noticed") { await ingestor.connected.isEmpty }
                // one direction, so that the position is another one whenever it is read
                let side: Side = round % 2 == 0 ? .buy : .sell
                for trade in 0..<10 {
                    if trade == 5 { relay.restore() }
                    try await fleet.exchange.trade("leader", "BTC", side, "2")
                    expected.append("\(try Size(parsing: expected.last!) + (side == .buy ? Size(2) : -Size(2)))")
                    try await Task.sleep(for: .milliseconds(trade < 5 ? 5 : 40))
                }
            }
            try await fleet.settled(signals: expected.count)
            let truth = try await fleet.verify()
            #expect(ends(truth, "leader", "BTC") == expected)
            await role.stop()
            await relay.stop()
        }
    }

    @Test("R-14: without a check for too long a leader's entries are left out and on record; its exits are copied")
    func unverified() async throws {
        try await cell(tiers: ["leader": "2"]) { fleet in
            let (_, ingestor) = try await fleet.ingest { configuration in
                configuration.verificationLife = .seconds(3)
                configuration.verifyEvery = .seconds(3_600)
            }
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "2")
            try await fleet.settled(signals: 1)
            try await fleet.eventually("the check is too long ago") {
                let verifiedAt = await ingestor.tracks.values.first?.verifiedAt ?? 0
                return WallClock.microseconds - verifiedAt > 3_000_000
            }
            try await fleet.exchange.trade("leader", "BTC", .buy, "2")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.exchange.trade("leader", "BTC", .sell, "3")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(truth.signals.map { "\($0.start)>\($0.end)" } == ["0>2", "4>3", "3>0"])
            try await fleet.eventually("the gap is on record") { try await fleet.gaps() == ["unverified entries_dropped BTC 2 4"] }
        }
    }

    @Test("R-12: an absence longer than history is read is declared; exits are mirrored, entries are not", arguments: ["1", "2"])
    func tooLong(tier: String) async throws {
        try await cell(["leader", "other"], tiers: ["leader": tier, "other": tier]) { fleet in
            let (role, ingestor) = try await fleet.ingest("ingest-1")
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "4")
            try await fleet.settled(signals: 1)
            await role.stop()
            try await fleet.exchange.trade("leader", "BTC", .sell, "3")
            try await fleet.exchange.trade("leader", "ETH", .buy, "5")
            // so many that the trades replayed on subscribing are these
            for index in 0..<32 {
                for coin in ["BTC", "ETH"] { try await fleet.exchange.trade("other", coin, index % 2 == 0 ? .buy : .sell, "1") }
            }
            let (_, other) = try await fleet.ingest("ingest-2") { $0.historyLimit = .milliseconds(1) }
            try await fleet.live(other)
            try await fleet.settled(signals: 2)
            try await fleet.exchange.trade("leader", "ETH", .sell, "2")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            let signals = truth.signals.map { "\($0.influencer) \($0.coin) \($0.start)>\($0.end) \($0.cause.rawValue)" }
            #expect(signals == ["leader BTC 0>4 voluntary", "leader BTC 4>1 resync", "leader ETH 5>3 voluntary"])
            try await fleet.eventually("the gap is on record") {
                let gaps = try await fleet.gaps()
                return gaps.contains { $0.hasPrefix("history_too_long resynchronised") } && gaps.contains { $0.hasSuffix("resynchronised BTC 4 1") }
            }
        }
    }

    @Test("R-11, R-12: a leader that did nothing for longer than history is read was verified meanwhile: what it then does unheard is copied", arguments: [false, true])
    func quiet(handsOver: Bool) async throws {
        try await cell(tiers: ["leader": "1"]) { fleet in
            func change(_ configuration: inout Ingestor.Configuration) {
                configuration.historyLimit = .seconds(15)
                configuration.storeEvery = .seconds(1)
            }
            let relay = try await Relay.start(to: fleet.exchange.port)
            let (role, ingestor) = try await fleet.ingest("ingest-1", urls: [relay.url, relay.url], change: change)
            try await fleet.live(ingestor)
            let leader = fleet.cast.leaders["leader"]!
            try await fleet.eventually("it does nothing for longer than history is read", within: .seconds(40)) {
                let since = await ingestor.tracks[leader]?.builder.cursor.resumeFrom
                return since.map { WallClock.milliseconds - $0 > 15_500 } ?? false
            }
            if handsOver {
                await role.stop()
                try await fleet.exchange.trade("leader", "BTC", .buy, "2")
                try await fleet.live(try await fleet.ingest("ingest-2", change: change).ingestor)
            } else {
                await relay.cut()
                try await fleet.eventually("the loss is noticed") { await ingestor.connected.isEmpty }
                try await fleet.exchange.trade("leader", "BTC", .buy, "2")
                relay.restore()
            }
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(truth.signals.map { "\($0.start)>\($0.end) \($0.cause.rawValue)" } == ["0>2 voluntary"])
            #expect(fleet.log.count("leader.gap") == 0)
            #expect(try await fleet.gaps().isEmpty)
            if !handsOver { await role.stop() }
            await relay.stop()
        }
    }

    @Test("R-02, R-13: slices of a leader's TWAP orders are copied in tier 1, once and in order with its other fills, live and after a loss")
    func twap() async throws {
        try await cell(tiers: ["leader": "1"]) { fleet in
            let relay = try await Relay.start(to: fleet.exchange.port)
            let (role, ingestor) = try await fleet.ingest(urls: [relay.url, relay.url])
            try await fleet.live(ingestor)
            let slices = FeedSubscription.userTwapSliceFills(user: fleet.cast.leaders["leader"]!)
            try await fleet.eventually("slices are delivered") { await ingestor.coverage.sockets(slices) == [0, 1] }
            func slice(_ side: String, _ size: String) async throws {
                try await fleet.fill("leader", ["coin": "BTC", "px": "50000", "sz": .string(size), "side": .string(side), "twapId": 7])
            }
            for _ in 0..<3 {
                try await slice("B", "1")
                try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            }
            try await fleet.settled(signals: 6)
            await relay.cut()
            try await fleet.eventually("the loss is noticed") { await ingestor.connected.isEmpty }
            try await slice("B", "1")
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await slice("A", "3")
            relay.restore()
            try await fleet.settled(signals: 9)
            let truth = try await fleet.verify()
            #expect(ends(truth, "leader", "BTC") == ["1", "2", "3", "4", "5", "6", "7", "8", "5"])
            let causes = (0..<4).flatMap { _ in [Cause.twap, .voluntary] } + [.twap]
            #expect(truth.signals.map(\.cause) == causes && truth.signals.allSatisfy { $0.tier == 1 })
            #expect(try await fleet.gaps().isEmpty)
            await role.stop()
            await relay.stop()
        }
    }

    @Test("R-13: what a leader did while nobody listened, on a dex where it was never seen, is read before its next trade there is applied")
    func elsewhere() async throws {
        let gold = SyntheticCoin(name: "xyz:GOLD", price: Price(100), sizeDecimals: 2)
        try await cell(["leader", "other"], tiers: ["leader": "2", "other": "2"], simulator: { $0.syntheticCoins.append(gold) }) { fleet in
            let relay = try await Relay.start(to: fleet.exchange.port)
            let (role, ingestor) = try await fleet.ingest(urls: [relay.url, relay.url]) { $0.verifyEvery = .seconds(3_600) }
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.eventually("the first check, of every dex, is through") {
                await ingestor.tracks.values.allSatisfy { $0.verifications > 0 && !$0.isVerifying }
            }
            await relay.cut()
            try await fleet.eventually("the loss is noticed") { await ingestor.connected.isEmpty }
            try await fleet.fill("leader", ["coin": "xyz:GOLD", "px": "100", "sz": "5", "side": "B"])
            // so many that the trades replayed on subscribing are these
            for index in 0..<32 { try await fleet.fill("other", ["coin": "xyz:GOLD", "px": "100", "sz": "1", "side": index % 2 == 0 ? "B" : "A"]) }
            relay.restore()
            try await fleet.eventually("it is followed again") {
                let tracks = await ingestor.tracks.values
                return await ingestor.connected == [0, 1] && tracks.allSatisfy { $0.phase == .live }
            }
            try await fleet.fill("leader", ["coin": "xyz:GOLD", "px": "100", "sz": "2", "side": "A"])
            try await fleet.eventually("both are published") {
                try await fleet.streamedSignals().count { $0.influencer == "leader" && $0.coin == "xyz:GOLD" } == 2
            }
            let signals = try await fleet.streamedSignals().filter { $0.influencer == "leader" && $0.coin == "xyz:GOLD" }
            #expect(signals.map { "\($0.start)>\($0.end)" } == ["0>5", "5>3"])
            await role.stop()
            await relay.stop()
        }
    }

    @Test("what a leader followed by trades does there and back while nobody listens is not copied, and the time is declared")
    func thereAndBack() async throws {
        try await cell(tiers: ["leader": "2"]) { fleet in
            let (role, ingestor) = try await fleet.ingest("ingest-1")
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "4")
            try await fleet.settled(signals: 1)
            await role.stop()
            for side in [Side.buy, .sell] { try await fleet.exchange.trade("leader", "ETH", side, "5") }
            let (_, other) = try await fleet.ingest("ingest-2")
            try await fleet.live(other)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            #expect(try await fleet.verify().signals.map { "\($0.coin) \($0.start)>\($0.end)" } == ["BTC 0>4", "BTC 4>3"])
            try await fleet.eventually("the gap is on record") { try await fleet.gaps().contains { $0.hasPrefix("unheard came_to_nothing") } }
        }
    }

    @Test("every frame that carried a leader's fill or trade, and every position read, is kept as it came", arguments: ["1", "2"])
    func frames(tier: String) async throws {
        try await cell(["leader", "other"], tiers: ["leader": tier, "other": tier]) { fleet in
            let (role, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            let sources: [FeedSubscription] = tier == "1" ? fleet.cast.leaders.values.map { .userFills(user: $0) } : [.trades(coin: "BTC")]
            try await fleet.eventually("both sockets deliver") {
                let coverage = await ingestor.coverage
                return sources.allSatisfy { coverage.sockets($0) == [0, 1] }
            }
            _ = try await trade(fleet, times: 5, seed: 1)
            try await fleet.settled(signals: 5)
            await role.stop()
            let channel = tier == "1" ? "userFills" : "trades"
            try await fleet.eventually("the frames are stored") {
                let rows = try await fleet.postgresObserver.query(
                    "SELECT convert_from(frame, 'UTF8') AS text, users FROM raw_frames WHERE channel = $1 AND NOT convert_from(frame, 'UTF8') LIKE '%isSnapshot%'",
                    [.text(channel)], results: .binary)
                let leader = fleet.cast.leaders["leader"]!
                return try rows.count >= 10 && rows.allSatisfy { try $0.texts("users").contains(leader) && $0.text("text").contains(leader) }
            }
            let readings = try await fleet.postgresObserver.query("SELECT count(*) AS n FROM raw_frames WHERE channel = 'clearinghouseState' AND origin = 'rest'")
            #expect(try readings[0].integer("n") > 0)
        }
    }

    @Test("R-12: of a leader restored without a base it is read what was closed while nobody listened; then coins never seen are known to have been flat")
    func withoutBase() async throws {
        var cast = Cast.alike(1)
        cast.tiers["leader"] = "2"
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            try await fleet.exchange.trade("leader", "SOL", .buy, "10")
            // farther back than history is read beyond the cursor
            try await Task.sleep(for: .seconds(6))
            var cursor = LeaderCursor()
            cursor.resumeFrom = WallClock.milliseconds
            let key = fleet.keys.cursors(fleet.partitioning.signal("leader"))
            _ = try await fleet.observer.send(RedisCommand("HSET", key, "leader", cursor.json.text())).checked()
            try await fleet.exchange.trade("leader", "SOL", .sell, "10")
            let (_, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            try await fleet.settled(signals: 1)
            try await fleet.eventually("all that it holds was read") { await ingestor.tracks.values.allSatisfy(\.builder.hasFloor) }
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.signals.map { "\($0.coin) \($0.start)>\($0.end)" } == ["SOL 10>0", "ETH 0>1"])
            #expect(truth.results.map(\.outcome) == [.noPosition, .filled])
        }
    }
}

extension Fleet {
    /// A leader's fill as the simulator's control endpoint takes it, published now.
    func fill(_ leader: String, _ fill: JSON) async throws {
        let body: JSON = ["user": .string(cast.leaders[leader]!), "fills": [fill]]
        var request = HTTPClientRequest(url: exchange.url + "/control/fills")
        request.method = .POST
        request.body = .bytes(ByteBuffer(bytes: body.bytes()))
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let text = String(buffer: try await answer.body.collect(upTo: 1 << 20))
        guard answer.status == .ok else { throw NotReached(description: "a fill was refused: \(text)") }
    }

    /// The declared gaps, as `reason handled coin expected found`.
    func gaps() async throws -> [String] {
        try await postgresObserver.query("SELECT reason, handled, coin, expected::text AS expected, found::text AS found FROM leader_gaps ORDER BY recorded_at, number").map { row in
            try [row.text("reason"), row.text("handled"), row.maybeText("coin"), row.maybeText("expected"), row.maybeText("found")].compactMap(\.self).joined(separator: " ")
        }
    }
}
