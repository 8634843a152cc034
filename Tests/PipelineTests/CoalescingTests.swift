import CopyTrading
import Pipeline
import RedisStreams
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
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            var settings = Fleet.WorkSettings()
            settings.coalesceAfter = isOverdue ? .milliseconds(1) : .seconds(600)
            try await fleet.work("work-1", settings)
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.fault(["fault": "latency", "path": "/exchange", "milliseconds": 3_000, "times": 1])
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the order is on its way") {
                for partition in 0..<fleet.partitioning.accounts {
                    if try await !fleet.observer.hash(fleet.keys.attempts(partition)).isEmpty { return true }
                }
                return false
            }
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
}
