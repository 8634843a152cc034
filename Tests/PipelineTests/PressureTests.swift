import AuditTrail
import CopyTrading
import Redis
import RedisStreams
import TestServers
import Testing

@testable import Ingestion
@testable import Pipeline

/// More than the fleet can do: entries give way, exits do not.
@Suite struct PressureTests {
    private static let small = #"sizing: {mode: fixed_notional, notional: "20"}, limits: {entry_expiry_ms: 60000}"#

    @Test("R-72: a close behind a backlog of entries that wait for tokens is read and traded while they wait")
    func closeBehindBacklog() async throws {
        let cast = Cast(
            leaders: ["busy", "calm"],
            [.init("slow", of: "busy", settings: Self.small), .init("holder", of: "calm", settings: Self.small)])
        try await Fleet.run(cast, partitioning: Partitioning(signals: 1, accounts: 1)) { fleet in
            try await fleet.match()
            try await fleet.plan()
            // one order in half a minute; the worker takes fewer at a time than will wait
            var settings = Fleet.WorkSettings(
                laneLimit: 10_000, partitionLimit: 128, pending: 256, rates: ["slow": TokenRate(period: 30_000_000, burst: 1)])
            settings.breakers.leaderTrades = .max
            try await fleet.work("work-1", settings)
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            let holder = cast.follower("holder").account
            try await fleet.exchange.trade("calm", "ETH", .buy, "1")
            try await fleet.eventually("the holder holds") { try fleet.exchange.ledger().count { $0.isOrder && $0.account == holder } == 1 }
            for _ in 0..<400 { try await fleet.exchange.trade("busy", "BTC", .buy, "0.01") }
            try await fleet.eventually("the backlog is planned", within: .seconds(30)) { try await fleet.added(.jobs) == 401 }
            try await fleet.exchange.trade("calm", "ETH", .sell, "1")
            try await fleet.eventually("the close is traded") { try fleet.exchange.ledger().count { $0.isOrder && $0.account == holder } == 2 }
            let ledger = try fleet.exchange.ledger()
            #expect(ledger.last { $0.isOrder && $0.account == holder }?.positionAfter == .zero)
            #expect(ledger.count { $0.isOrder && $0.account == cast.follower("slow").account } <= 2, "the backlog still waits")
            let waiting = try await fleet.observer.send(RedisCommand("XPENDING", fleet.keys.stream(StreamPartition(.jobs, 0)), "worker")).checked()
            #expect((waiting.array?.first?.integer ?? 0) > 0)
            #expect(try await fleet.added(.results) > 200, "entries beyond what may wait were answered")
        }
    }

    @Test("a flood of ten times what may wait: entries are shed on record, every exit is traded, every pair is explained, the streams drain")
    func flood() async throws {
        let cast = Cast.alike(2)
        try await Fleet.run(cast, partitioning: Partitioning(signals: 1, accounts: 2)) { fleet in
            let matcher = try await fleet.match("match-1")
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit(keep: .zero)
            let ingestor = try await fleet.ingest {
                $0.admission = Admission.Limits(backlog: 30)
                $0.admissionEvery = .milliseconds(20)
            }.ingestor
            try await fleet.live(ingestor)
            for coin in ["BTC", "SOL"] { try await fleet.exchange.trade("leader", coin, .buy, "1") }
            try await fleet.settled(signals: 2)

            // the fleet cannot follow at all for a while
            await matcher.stop()
            for _ in 0..<30 { try await fleet.exchange.trade("leader", "ETH", .buy, "0.1") }
            try await fleet.eventually("entries are shed") { await ingestor.admissionLevel == .shedding }
            for _ in 0..<300 { try await fleet.exchange.trade("leader", "ETH", .buy, "0.1") }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.exchange.trade("leader", "SOL", .sell, "2")
            try await fleet.eventually("the flood is published") { try await fleet.added(.signals) == 334 }

            try await fleet.match("match-2")
            try await fleet.settled(signals: 334, within: .seconds(60))
            try await fleet.eventually("entries are let in again") { await ingestor.admissionLevel == .open }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 335)
            let truth = try await fleet.verify()

            let whole = Set(truth.signals.filter(\.isWhollyShed).map(\.id))
            #expect(whole.count == 300)
            #expect(truth.signals.allSatisfy { !$0.isWhollyShed || $0.coin == "ETH" })
            #expect(truth.requests.allSatisfy { !whole.contains($0.signal.id) }, "what is shed costs nothing after its signal")
            let pairs = try await AuditReader(fleet.postgresObserver).pairs()
            #expect(pairs.signals == 335 && pairs.shed == 301 && pairs.missing == 0 && pairs.duplicates == 0)
            #expect(pairs.requests == 35 * cast.followers.count)
            for follower in cast.followers {
                let results = truth.results(of: "\(follower.id):leader")
                let flipped = Dictionary(grouping: results.filter { $0.coin == "SOL" }, by: \.outcome).mapValues(\.count)
                #expect(flipped == [.filled: 2, .shed: 1])
                #expect(results.filter { $0.coin == "BTC" }.map(\.outcome) == [.filled, .filled, .filled])
                #expect(truth.position(of: follower.account, "SOL") == .zero)
            }
            // what all have read is not kept
            try await fleet.eventually("the streams are empty") {
                for partition in fleet.partitioning.all {
                    let length = try await fleet.observer.send(RedisCommand("XLEN", fleet.keys.stream(partition))).checked().integer ?? 0
                    if length > 1 { return false }
                }
                return true
            }
        }
    }

    @Test("when Redis is all but full entries are not published but declared, and exits are")
    func closing() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            let first = try await fleet.ingest("ingest-1")
            try await fleet.live(first.ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            await first.role.stop()
            // any memory at all is too much for this one
            let second = try await fleet.ingest("ingest-2") { $0.admission.closing = 0 }.ingestor
            try await fleet.live(second)
            try await fleet.eventually("no entry is let in") { await second.admissionLevel == .closing }
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.signals.map(\.coin) == ["BTC", "BTC"])
            #expect(truth.position(of: cast.followers[0].account, "BTC") == .zero)
            try await fleet.eventually("what was left out is declared") {
                let rows = try await fleet.postgresObserver.query("SELECT coin FROM leader_gaps WHERE reason = 'overload' AND handled = 'entries_dropped'")
                return try rows.map { try $0.text("coin") } == ["ETH"]
            }
        }
    }

    @Test("while Redis refuses for want of memory nothing is lost: what was to be published is, once there is room")
    func outOfMemory() async throws {
        let cast = Cast.alike(1)
        let redis = try await BlockingCalls.run { try await PrivateRedis() }
        try await Fleet.run(cast, redis: redis) { fleet in
            try await fleet.startFollowers()
            let ingestor = try await fleet.ingest { $0.admissionEvery = .milliseconds(20) }.ingestor
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            // less than it uses already
            _ = try await fleet.observer.send(RedisCommand("CONFIG", "SET", "maxmemory", "500kb")).checked()
            try await fleet.eventually("no entry is let in") { await ingestor.admissionLevel == .closing }
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.eventually("Redis refuses it") { fleet.log.count("signals.unpublished") > 0 }
            #expect(try await fleet.added(.signals) == 1)
            _ = try await fleet.observer.send(RedisCommand("CONFIG", "SET", "maxmemory", "0")).checked()
            try await fleet.settled(signals: 2)
            try await fleet.eventually("entries are let in again") { await ingestor.admissionLevel == .open }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(truth.signals.count == 3)
            #expect(truth.others(.filled).isEmpty)
        }
    }
}
