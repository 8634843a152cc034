import CopyTrading
import Pipeline
import Postgres
import Recovery
import Redis
import RedisStreams
import TestServers
import Testing

/// What a leader did while nobody planned or traded is not traded move by move (R-08).
@Suite struct CoalescingTests {
    private let cast = Cast.alike(1, #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}"#)
    private static let moves: [(coin: String, side: Side, size: String)] = [
        // opened and reduced; taken back; opened and turned over
        ("BTC", .buy, "1"), ("ETH", .buy, "1"), ("BTC", .buy, "0.5"), ("SOL", .buy, "10"), ("ETH", .sell, "1"), ("BTC", .sell, "0.75"),
        ("SOL", .sell, "30"),
    ]

    /// Everything but a planner, and requests of ``moves`` that wait for one.
    private func queue(_ fleet: Fleet) async throws {
        try await fleet.match()
        try await fleet.work()
        try await fleet.audit()
        try await fleet.live(try await fleet.ingest().ingestor)
        for move in Self.moves { try await fleet.exchange.trade("leader", move.coin, move.side, move.size) }
        try await fleet.eventually("the requests wait") { try await fleet.added(.requests) == Self.moves.count }
    }

    /// Outcomes of a coin's legs, in the order of its signals.
    private func outcomes(_ truth: Truth, _ coin: String) -> [[Outcome]] {
        let found = Dictionary(truth.results.map { ($0.job, $0.outcome) }, uniquingKeysWith: { first, _ in first })
        return truth.requests.filter { $0.signal.coin.text == coin }.map { request in
            request.signal.legs.indices.compactMap { found[JobID(request: request.id, leg: $0)] }
        }
    }

    private func expectComposed(_ truth: Truth) {
        let account = cast.followers[0].account
        #expect(outcomes(truth, "BTC") == [[.coalesced], [.coalesced], [.filled]])
        #expect(outcomes(truth, "ETH") == [[.coalesced], [.coalesced]])
        #expect(outcomes(truth, "SOL") == [[.coalesced], [.filled, .coalesced]])
        #expect(truth.orders(of: account, "BTC").map(\.filled) == [Size(e8: 7_500_000)])
        #expect(truth.orders(of: account, "ETH").isEmpty)
        #expect(truth.orders(of: account, "SOL").map(\.positionAfter) == [Size(-2)])
    }

    @Test("R-08: requests that waited for a planner are planned as one for each coin, and each leg is answered once")
    func composed() async throws {
        try await Fleet.run(cast) { fleet in
            try await queue(fleet)
            try await fleet.plan(coalesceAfter: .milliseconds(1))
            try await fleet.settled(signals: Self.moves.count)
            let truth = try await fleet.verify()
            expectComposed(truth)
            let whole = try #require(truth.jobs.values.first { $0.job.coin == "BTC" }).job
            let parts = truth.results.filter { $0.coin == "BTC" && $0.outcome == .coalesced }
            #expect(parts.count == 2 && parts.allSatisfy { $0.detail == "composed into request \(whole.request)" })
        }
    }

    @Test(
        "R-08: requests that have not waited so long, or with no such limit, are planned one by one",
        arguments: [.zero, .seconds(600)] as [Duration])
    func oneByOne(after: Duration) async throws {
        try await Fleet.run(cast) { fleet in
            try await queue(fleet)
            try await fleet.plan(coalesceAfter: after)
            try await fleet.settled(signals: Self.moves.count)
            let truth = try await fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.position(of: cast.followers[0].account, "BTC") == Size(e8: 7_500_000))
        }
    }

    @Test("R-08: a composition is committed as a whole: a planner that dies between two commits loses no part of one")
    func planner() async throws {
        try await Fleet.run(cast) { fleet in
            try await queue(fleet)
            let first = try await fleet.plan("plan-1", coalesceAfter: .milliseconds(1)) { HoldingHandler($0, after: 1) }
            try await fleet.eventually("one composition is committed") { try await fleet.added(.jobs) == 1 }
            first.kill()
            try await fleet.plan("plan-2", coalesceAfter: .milliseconds(1))
            try await fleet.settled(signals: Self.moves.count)
            expectComposed(try await fleet.verify())
        }
    }

    @Test("R-08: a close ends the entries of its sleeve that waited long before it, and no others")
    func superseded() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            let moves = [("BTC", Side.buy, "1"), ("ETH", .buy, "1"), ("BTC", .buy, "1"), ("BTC", .sell, "2"), ("BTC", .buy, "3")]
            for (coin, side, size) in moves {
                try await fleet.exchange.trade("leader", coin, side, size)
            }
            try await fleet.eventually("the jobs wait") { try await fleet.added(.jobs) == 5 }
            var settings = Fleet.WorkSettings()
            settings.coalesceAfter = .milliseconds(1)
            try await fleet.work("work-1", settings)
            try await fleet.settled(signals: 5)
            let truth = try await fleet.verify()
            #expect(outcomes(truth, "BTC") == [[.superseded], [.superseded], [.noPosition], [.filled]])
            #expect(outcomes(truth, "ETH") == [[.filled]])
            #expect(truth.orders(of: cast.followers[0].account, "BTC").map(\.side) == ["B"])
        }
    }

    @Test("R-08: an entry at the exchange is left, the one behind it ends; with a longer wait both are traded", arguments: [true, false])
    func underWay(isOverdue: Bool) async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            var settings = Fleet.WorkSettings()
            settings.coalesceAfter = isOverdue ? .milliseconds(1) : .seconds(600)
            try await fleet.startAll(settings)
            try await fleet.exchange.fault(["fault": "latency", "path": "/exchange", "milliseconds": 3_000, "times": 1])
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the order is on its way") { try await fleet.hasAttempts() }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("another entry waits behind it") { try await fleet.added(.jobs) == 2 }
            try await Task.sleep(for: .milliseconds(20))
            try await fleet.exchange.trade("leader", "BTC", .sell, "2")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(outcomes(truth, "BTC") == [[.filled], [isOverdue ? .superseded : .filled], [.filled]])
            #expect(truth.position(of: cast.followers[0].account, "BTC") == .zero)
        }
    }

    @Test("R-08: entries that grow old behind an order after their close has come end too")
    func grownOld() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            var settings = Fleet.WorkSettings()
            settings.coalesceAfter = .seconds(2)
            try await fleet.startAll(settings)
            try await fleet.exchange.fault(["fault": "latency", "path": "/exchange", "milliseconds": 4_000, "times": 1])
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the order is on its way") { try await fleet.hasAttempts() }
            for _ in 1...2 { try await fleet.exchange.trade("leader", "BTC", .buy, "1") }
            try await fleet.exchange.trade("leader", "BTC", .sell, "3")
            try await fleet.exchange.trade("leader", "BTC", .buy, "2")
            try await fleet.settled(signals: 5)
            let truth = try await fleet.verify()
            #expect(outcomes(truth, "BTC") == [[.filled], [.superseded], [.superseded], [.filled], [.filled]])
        }
    }

    // MARK: - After a loss of Redis

    private static func server() async throws -> PrivateRedis {
        try await BlockingCalls.run { try await PrivateRedis(settings: PrivateRedis.standard + ["--appendfsync", "always"]) }
    }

    @Test(
        "R-08: what was composed is not carried out once more in its parts when Redis has forgotten it, also when these come one by one",
        arguments: [false, true])
    func forgotten(isLate: Bool) async throws {
        let redis = try await Self.server()
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.match()
            let single = try await fleet.plan("plan-1")
            try await fleet.work()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "0.4")
            try await fleet.settled(signals: 1, groups: ["matcher", "planner", "worker"])
            await single.stop()
            for signals in 2...3 {
                try await fleet.exchange.trade("leader", "BTC", .sell, "0.1")
                try await fleet.settled(signals: signals, groups: ["matcher"])
            }
            try await BlockingCalls.run { try redis.copyFiles() }
            let composing = try await fleet.plan("plan-2", coalesceAfter: .milliseconds(1))
            try await fleet.settled(signals: 3, groups: ["matcher", "planner", "worker"])
            let orders = [Size(e8: 4_000_000), Size(e8: 2_000_000)]
            #expect(try fleet.exchange.ledger().filter(\.isOrder).map(\.filled) == orders)
            composing.kill()

            try await fleet.putRedisBack()
            if isLate {
                let first = try await fleet.plan("plan-3") { HoldingHandler($0, after: 1) }
                try await fleet.eventually("the first part is planned again, and that alone") { try await fleet.added(.jobs) == 2 }
                first.kill()
            }
            try await fleet.plan("plan-4")
            try await fleet.audit()
            try await fleet.settled(signals: 3, within: .seconds(40))
            var truth = try await fleet.verify()
            #expect(outcomes(truth, "BTC") == [[.filled], [.coalesced], [.filled]])
            #expect(truth.orders(of: cast.followers[0].account).map(\.filled) == orders)
            #expect(fleet.log.count("job.had_ended") == 1)

            try await fleet.exchange.trade("leader", "BTC", .sell, "0.2")
            try await fleet.settled(signals: 4)
            truth = try await fleet.verify()
            #expect(truth.sleeves.isEmpty)
        }
    }

    /// What is on record of compositions when Redis is lost: nothing, their orders, or the answers of what went into them.
    enum OnRecord: String, CaseIterable, CustomStringConvertible {
        case nothing, orders, answers
        var description: String { rawValue }
    }

    @Test(
        "R-08: whatever part of compositions is on record when Redis is lost, they are carried out once, and as a whole",
        arguments: OnRecord.allCases)
    func recovered(_ part: OnRecord) async throws {
        let redis = try await Self.server()
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.openedAndUnplanned()
            // reduced twice; opened and added to
            for (coin, side, size) in [("BTC", Side.sell, "0.1"), ("ETH", .buy, "1"), ("BTC", .sell, "0.1"), ("ETH", .buy, "1")] {
                try await fleet.exchange.trade("leader", coin, side, size)
            }
            try await fleet.eventually("the requests wait") { try await fleet.added(.requests) == 5 }
            try await fleet.plan("plan-2", coalesceAfter: .milliseconds(1))
            try await fleet.settled(signals: 5)
            let undisturbed = try await fleet.verify()
            try await fleet.endRoles()

            // after the opening: two orders; two answers of the planner, and two of the worker
            let index = fleet.partitioning.account(cast.followers[0].account)
            try await fleet.forget(StreamPartition(.jobs, index), after: part == .orders ? 3 : 1)
            try await fleet.forget(StreamPartition(.results, index), after: part == .answers ? 3 : 1)
            try await fleet.loseRedis(having: 5, within: .seconds(40))
            let truth = try await fleet.verify()
            #expect(truth.ledger.filter(\.isOrder).map(\.cloid) == undisturbed.ledger.filter(\.isOrder).map(\.cloid), "no order is sent again")
            #expect(truth.ledger.count(where: \.isOrder) == 3)
            #expect(truth.sleeves.mapValues(\.position) == undisturbed.sleeves.mapValues(\.position))
            #expect(outcomes(truth, "BTC") == [[.filled], [.coalesced], [.filled]])
            #expect(outcomes(truth, "ETH") == [[part == .nothing ? .superseded : .coalesced], [.filled]])

            // exits find what they are to close
            for (coin, size) in [("BTC", "0.2"), ("ETH", "2")] { try await fleet.exchange.trade("leader", coin, .sell, size) }
            try await fleet.settled(signals: 7, within: .seconds(30))
            #expect(try await fleet.verify().sleeves.isEmpty)
        }
    }

    /// What a composition makes of a leader's trades in SOL, at 100 USDC, that its parts by themselves do not.
    enum More: String, CaseIterable, CustomStringConvertible {
        /// Each part is worth less than the exchange takes, or than is to be copied.
        case small, filtered
        /// The last part has a leg for a position that there never was, which carries the order, and one that has none.
        case turned
        var description: String { rawValue }

        var filters: String { self == .filtered ? #", filters: {min_leader_notional: "150"}"# : "" }
        var trades: [(side: Side, size: String)] {
            switch self {
            case .small: [(.buy, "0.6"), (.buy, "0.6"), (.buy, "0.6")]
            case .filtered: [(.buy, "1"), (.buy, "1")]
            case .turned: [(.buy, "10"), (.sell, "30")]
            }
        }
        var last: (position: Size, close: (side: Side, size: String)) {
            switch self {
            case .small: (Size(e8: 18_000_000), (.sell, "1.8"))
            case .filtered: (Size(e8: 20_000_000), (.sell, "2"))
            case .turned: (Size(-2), (.buy, "20"))
            }
        }
    }

    @Test("R-08: what was composed to more than its parts come to is found when Redis has forgotten it, and closed", arguments: More.allCases)
    func moreThanItsParts(_ more: More) async throws {
        let redis = try await Self.server()
        let cast = Cast.alike(1, #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}"# + more.filters)
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.openedAndUnplanned()
            let signals = more.trades.count + 1
            for trade in more.trades { try await fleet.exchange.trade("leader", "SOL", trade.side, trade.size) }
            try await fleet.eventually("the requests wait") { try await fleet.added(.requests) == signals }
            try await fleet.plan("plan-2", coalesceAfter: .milliseconds(1))
            try await fleet.settled(signals: signals)
            let holding = HoldingKey("s0:leader", "SOL")
            #expect(try await fleet.verify().sleeves[holding]?.position == more.last.position)
            try await fleet.endRoles()

            let index = fleet.partitioning.account(cast.followers[0].account)
            for stream in [RedisStreams.Stream.jobs, .results] { try await fleet.forget(StreamPartition(stream, index), after: 1) }
            try await fleet.loseRedis(having: signals, within: .seconds(40))
            var truth = try await fleet.verify()
            #expect(truth.ledger.count(where: \.isOrder) == 2, "no order is sent again")
            #expect(truth.sleeves[holding]?.position == more.last.position)

            try await fleet.exchange.trade("leader", "SOL", more.last.close.side, more.last.close.size)
            try await fleet.settled(signals: signals + 1, within: .seconds(30))
            truth = try await fleet.verify()
            #expect(truth.sleeves[holding] == nil)
            #expect(truth.position(of: cast.followers[0].account, "SOL").isZero)
        }
    }

    /// Settings under which parts of compositions come to something else than they do together.
    private static let settings = [
        "", "inverse: true", "below_minimum: accumulate", "below_minimum: raise_to_min", #"filters: {min_leader_notional: "150"}"#,
        "filters: {direction: long}", "filters: {direction: short}",
    ]

    @Test(
        "R-08: whatever was composed of what when Redis is lost, nothing is sent twice, nothing is left without an owner, and it is closed",
        arguments: 1...4)
    func anything(seed: Int) async throws {
        let redis = try await Self.server()
        var random = Seeded(state: UInt64(seed))
        let leaders = ["one", "other"]
        let settings = Self.settings[Int.random(in: 0..<Self.settings.count, using: &random)]
        let cast = Cast(
            leaders: leaders,
            [
                .init(
                    "s", of: "one", "other",
                    settings: #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}"# + (settings.isEmpty ? "" : ", \(settings)"),
                    account: "sharing: sleeves")
            ])
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.openedAndUnplanned(by: "one")
            var signals = 1
            // of each leader, in tenths of a SOL
            var positions = [0, 0]
            func move(_ leader: Int, to next: Int) async throws {
                let change = next - positions[leader]
                guard change != 0 else { return }
                positions[leader] = next
                signals += 1
                try await fleet.exchange.trade(leaders[leader], "SOL", change > 0 ? .buy : .sell, "\(abs(change) / 10).\(abs(change) % 10)")
                try await fleet.settled(signals: signals, groups: ["matcher"])
            }
            for group in 1...Int.random(in: 1...2, using: &random) {
                for _ in 0..<Int.random(in: 1...5, using: &random) {
                    let next = Int.random(in: 0...2, using: &random) == 0 ? 0 : Int.random(in: -40...40, using: &random)
                    try await move(Int.random(in: 0...3, using: &random) == 0 ? 1 : 0, to: next)
                }
                let planner = try await fleet.plan("plan-\(group)", coalesceAfter: .milliseconds(1))
                try await fleet.settled(signals: signals)
                await planner.stop()
            }
            try await fleet.verify()
            try await fleet.endRoles()

            let index = fleet.partitioning.account(cast.followers[0].account)
            for stream in [RedisStreams.Stream.jobs, .results] {
                try await fleet.forget(StreamPartition(stream, index), after: Int.random(in: 1...3, using: &random))
            }
            try await fleet.loseRedis(having: signals, within: .seconds(60))
            try await fleet.verify()

            for leader in leaders.indices { try await move(leader, to: 0) }
            try await fleet.settled(signals: signals, within: .seconds(60))
            let truth = try await fleet.verify()
            #expect(truth.position(of: cast.followers[0].account, "SOL").isZero, "\(settings)")
        }
    }
}

extension Fleet {
    /// All but a planner, after the leader has opened a position in BTC, which stays on record.
    fileprivate func openedAndUnplanned(by leader: String = "leader") async throws {
        try await match()
        let single = try await plan("plan-0")
        try await work()
        try await audit()
        try await live(try await ingest().ingestor)
        try await exchange.trade(leader, "BTC", .buy, "0.4")
        try await settled(signals: 1)
        await single.stop()
    }

    /// Redis is emptied, recovered, and all that was done until then is done with.
    fileprivate func loseRedis(having signals: Int, within limit: Duration) async throws {
        _ = try await observer.send(RedisCommand("FLUSHALL")).checked()
        try await recovery().run()
        try await startFollowers()
        try await live(try await ingest("ingest-2").ingestor)
        try await settled(signals: signals, within: limit)
    }

    /// Redis is started anew with the files that were copied last.
    func putRedisBack() async throws {
        let redis = redis
        try await BlockingCalls.run {
            redis.kill()
            try redis.putCopyBack()
            try redis.repair()
            try redis.start()
        }
        try await eventually("Redis is back") { (try? await observer.send(RedisCommand("PING")).checked()) != nil }
    }

    /// As if its auditor had lagged: of a stream only so many entries are on record.
    func forget(_ partition: StreamPartition, after count: Int) async throws {
        let stream = keys.stream(partition)
        try await postgresObserver.execute(
            "DELETE FROM audit_entries WHERE stream = $1 AND seq > $2::bigint", [.text(stream), .integer(Int64(count))])
        try await postgresObserver.execute(
            """
            UPDATE audit_watermarks AS mark
            SET last_entry_ms = newest.entry_ms, last_entry_seq = newest.entry_seq, last_seq = newest.seq, chain = newest.chain
            FROM (SELECT * FROM audit_entries WHERE stream = $1 ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1) AS newest
            WHERE mark.stream = newest.stream
            """, [.text(stream)])
    }
}
