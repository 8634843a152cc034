import CopyTrading
import Redis
import RedisStreams
import Testing

/// Processes that die without a word: their partitions go on elsewhere within the life of a lease.
@Suite struct TakeOverTests {
    /// Life of a lease, and what noticing and settling may take on a busy machine.
    private static let limit = Duration.seconds(1) + .seconds(2)

    @Test(
        "Golden 8, R-42, R-43: a worker that dies with an order on its way is succeeded, and the order is placed once",
        arguments: [FaultyProxy.Fault.requestSwallowed, .replySwallowed])
    func worker(fault: FaultyProxy.Fault) async throws {
        let cast = Cast.alike(4)
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            let first = try await fleet.work("work-1", .init(url: proxy.url, timeout: .seconds(30)))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "ETH", .buy, "1")
            try await fleet.settled(signals: 1)

            proxy.spoil(fault, times: 4)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("four orders are under way") { proxy.spoiled == 4 }
            if fault.reachesExchange {
                try await fleet.eventually("the exchange has executed them") { try fleet.exchange.ledger().count { $0.coin == "BTC" } == 4 }
            }
            // behind the unknown ones, in the same lanes; a close would take the place of an entry that never arrived
            let (side, action): (Side, Action) = fault.reachesExchange ? (.sell, .close) : (.buy, .increase)
            try await fleet.exchange.trade("leader", "BTC", side, "1")
            try await fleet.eventually("the next jobs wait") { try await fleet.added(.jobs) == 12 }
            let died = ContinuousClock.now
            first.kill()
            try await fleet.work("work-2")
            try await fleet.settled(signals: 3)
            let took = ContinuousClock.now - died
            let truth = try await fleet.verify()
            await proxy.stop()

            #expect(took < Self.limit)
            #expect(truth.results.count == 12)
            #expect(truth.others(.filled).isEmpty)
            for follower in cast.followers {
                let orders = truth.orders(of: follower.account, "BTC")
                #expect(orders.map(\.side) == ["B", side == .sell ? "A" : "B"])
                let opened = truth.results(of: "\(follower.id):leader").first { $0.coin == "BTC" && $0.action == .open }
                #expect(opened?.attempts == (fault.reachesExchange ? 1 : 2))
                // each attempt under the epoch of who sent it, not of who answers for it
                let next = truth.results(of: "\(follower.id):leader").first { $0.coin == "BTC" && $0.action == action }
                let epochs = (opened?.epochs ?? []) + (next?.epochs ?? [])
                #expect(epochs.count == (fault.reachesExchange ? 2 : 3) && epochs[0] > 0 && epochs[0] < epochs[1])
                #expect(epochs.dropFirst().allSatisfy { $0 == epochs.last })
            }
        }
    }

    @Test("R-42: orders of a lane that a worker had sent, one after the other, before it died with none of them on record keep their turns and fills")
    func unrecorded() async throws {
        let cast = Cast.alike(4)
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            let first = try await fleet.work("work-1") { HoldingHandler($0, after: 0) }
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            for (index, (side, size)) in [(Side.buy, "1"), (.buy, "0.5"), (.sell, "0.75")].enumerated() {
                try await fleet.exchange.trade("leader", "BTC", side, size)
                try await fleet.eventually("the exchange has executed \(index + 1) orders of each") {
                    try fleet.exchange.ledger().count { $0.coin == "BTC" } == 4 * (index + 1)
                }
            }
            first.kill()
            try await fleet.work("work-2")
            try await fleet.exchange.trade("leader", "BTC", .sell, "0.75")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            #expect(truth.results.count == 16)
            #expect(truth.others(.filled).isEmpty, "\(truth.others(.filled))")
            for follower in cast.followers {
                #expect(truth.orders(of: follower.account).map(\.size) == ["0.02", "0.01", "0.015", "0.015"])
                #expect(truth.results(of: "\(follower.id):leader").map(\.attempts) == [1, 1, 1, 1])
            }
        }
    }

    @Test("a matcher that dies between two chunks of a fan-out is continued where it stopped, under its configuration")
    func matcher() async throws {
        let cast = Cast.alike(300)
        try await Fleet.run(cast) { fleet in
            let first = try await fleet.match("match-1") { HoldingHandler($0, after: 1) }
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            let cursors = fleet.keys.fanout(fleet.partitioning.signal("leader"))
            try await fleet.eventually("the first chunk is out") {
                try await fleet.observer.hash(cursors).values.map { String(decoding: $0, as: UTF8.self) } == ["256|1"]
            }
            // whoever continues must not see this one: it followed after the signal had begun to fan out
            var larger = cast
            larger.followers.append(.init("s150b", of: "leader", settings: cast.followers[0].settings))
            try await fleet.apply(larger.configuration())
            // what comes behind it does not overtake its second half
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.eventually("the close waits behind it") { try await fleet.added(.signals) == 2 }
            let died = ContinuousClock.now
            first.kill()
            try await fleet.match("match-2")
            try await fleet.eventually("the second chunk is out") { try await fleet.added(.requests) >= 300 }
            #expect(ContinuousClock.now - died < Self.limit)
            try await fleet.settled(signals: 2)
            let truth = try await fleet.truth()
            #expect(truth.requests.count == 601, "the close is for the one that followed since as well")
            let openings = truth.requests.filter { $0.signal.end != .zero }
            #expect(Set(openings.map(\.subscription)).count == 300)
            #expect(openings.allSatisfy { $0.configVersion == 1 })
            for follower in cast.followers { #expect(truth.results(of: "\(follower.id):leader").map(\.outcome) == [.filled, .filled]) }
            #expect(truth.sleeves.isEmpty)
        }
    }

    @Test("a planner that dies between two requests is continued from the stored lifecycles")
    func planner() async throws {
        let cast = Cast.alike(8)
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            let first = try await fleet.plan("plan-1") { HoldingHandler($0, after: 11) }
            try await fleet.work()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            for (side, size) in [(Side.buy, "1"), (.buy, "0.5"), (.sell, "0.75"), (.sell, "0.75")] {
                try await fleet.exchange.trade("leader", "BTC", side, size)
            }
            try await fleet.eventually("some requests are planned, others taken and not planned") {
                let (requests, jobs) = (try await fleet.added(.requests), try await fleet.added(.jobs))
                return requests == 32 && jobs == 11
            }
            let died = ContinuousClock.now
            first.kill()
            try await fleet.plan("plan-2")
            try await fleet.settled(signals: 4)
            #expect(ContinuousClock.now - died < Self.limit)
            let truth = try await fleet.verify()
            #expect(truth.results.count == 32)
            #expect(truth.others(.filled).isEmpty)
            for follower in cast.followers {
                #expect(truth.orders(of: follower.account).map(\.size) == ["0.02", "0.01", "0.015", "0.015"])
            }
        }
    }

    @Test("an auditor that dies is succeeded without a gap")
    func auditor() async throws {
        try await Fleet.run(Cast.alike(4)) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work()
            let first = try await fleet.audit("audit-1", keep: .zero)
            try await fleet.live(try await fleet.ingest().ingestor)
            let half = try await fleet.load(cycles: 2)
            first.kill()
            let rest = try await fleet.load(cycles: 2)
            try await fleet.audit("audit-2", keep: .zero)
            try await fleet.settled(signals: half + rest)
            try await fleet.verify()
        }
    }

    @Test("roles that die again and again under load lose nothing and repeat nothing")
    func again() async throws {
        try await Fleet.run(Cast.alike(6)) { fleet in
            try await fleet.startAll()
            async let load = fleet.load(cycles: 12, pause: .milliseconds(60))
            for round in 2...4 {
                try await Task.sleep(for: .milliseconds(Int.random(in: 200...700)))
                for role in fleet.roles.withLock({ $0 }) where ["match", "plan", "work"].contains(where: { role.member == "\($0)-\(round - 1)" }) {
                    role.kill()
                }
                try await fleet.match("match-\(round)")
                try await fleet.plan("plan-\(round)")
                try await fleet.work("work-\(round)")
            }
            try await fleet.settled(signals: try await load)
            let truth = try await fleet.verify()
            #expect(truth.signals.count == 96)
            // what its close overtakes while nobody works is not opened any more
            let others = truth.results.filter { !$0.outcome.isExecuted && $0.outcome != .superseded && $0.outcome != .noPosition }
            #expect(others.isEmpty)
        }
    }
}
