import CopyTrading
import RedisStreams
import Testing

/// Tokens: who has none waits alone, and what would be stale by then ends with a reason.
@Suite struct RateLimitTests {
    @Test("a subscriber with one order a second waits alone; what would be stale by then is skipped")
    func subscriber() async throws {
        let sizing = #"sizing: {mode: fixed_notional, notional: "1000"}"#
        let cast = Cast(
            [
                .init("slow", of: "leader", settings: "\(sizing), limits: {entry_expiry_ms: 60000}"),
                .init("hasty", of: "leader", settings: "\(sizing), limits: {entry_expiry_ms: 3000}"),
            ] + (0..<4).map { .init("free\($0)", of: "leader", settings: "\(sizing), limits: {entry_expiry_ms: 60000}") })
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work(
                "work-1",
                .init(rates: ["slow": TokenRate(period: 1_000_000, burst: 1), "hasty": TokenRate(period: 5_000_000, burst: 1)]))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            for (side, size) in [(Side.buy, "1"), (.buy, "1"), (.buy, "1"), (.sell, "3")] {
                try await fleet.exchange.trade("leader", "BTC", side, size)
            }
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()

            let slow = truth.results(of: "slow:leader")
            #expect(slow.map(\.outcome) == [.filled, .filled, .filled, .filled])
            #expect(slow[0].times.limitedMicroseconds == 0)
            #expect(slow[0].times.limitedBy == nil)
            for (index, result) in slow.enumerated().dropFirst() {
                #expect(result.times.limitedMicroseconds > 0)
                // for its own token alone, not for those of the orders before it
                #expect(result.times.limitedMicroseconds <= result.times.sent - slow[index - 1].times.sent)
                #expect(result.times.limitedBy == "subscriber:slow")
                // From when the first could have had its token: an order may be written any time after it has one.
                #expect(result.times.sent - slow[0].times.received >= Int64(index) * 1_000_000)
            }

            let hasty = truth.results(of: "hasty:leader")
            #expect(hasty.map(\.outcome) == [.filled, .budget, .budget, .filled])
            #expect(hasty[1...].allSatisfy { $0.times.limitedBy == "subscriber:hasty" && $0.times.limitedMicroseconds > 0 })
            #expect(hasty[1].detail?.contains("subscriber:hasty has no token") == true)
            #expect(hasty[1...2].allSatisfy { $0.attempts == 0 && $0.cloid == nil })

            for index in 0..<4 {
                let free = truth.results(of: "free\(index):leader")
                #expect(free.map(\.outcome) == [.filled, .filled, .filled, .filled])
                #expect(free.allSatisfy { $0.times.limitedMicroseconds == 0 && $0.times.limitedBy == nil })
                #expect(zip(free, slow).dropFirst().allSatisfy { $0.times.acknowledged < $1.times.sent }, "nobody waited for the slow one")
            }
        }
    }

    @Test("an entry waits for tokens no longer than it may; an exit waits as long as it must")
    func maximumWait() async throws {
        let cast = Cast([.init("s0", of: "leader", settings: #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#)])
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(rates: ["s0": TokenRate(period: 4_000_000, burst: 1)], maximumWait: .seconds(1)))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            for (side, size) in [(Side.buy, "1"), (.buy, "1"), (.sell, "2")] { try await fleet.exchange.trade("leader", "BTC", side, size) }
            try await fleet.settled(signals: 3)
            let results = try await fleet.verify().results(of: "s0:leader")
            #expect(results.map(\.outcome) == [.filled, .budget, .filled])
            #expect(results[1].attempts == 0)
            #expect(results[1].detail?.contains("an entry waits for at most 1000 ms") == true)
            #expect(results[2].times.sent - results[0].times.received >= 4_000_000, "the exit waited for its token")
        }
    }

    /// A leader's position of 10 is copied, and the follower's next order has its token three seconds later.
    private func openSlowly(_ fleet: Fleet) async throws {
        try await fleet.startAll(.init(coalesceAfter: .milliseconds(200), rates: ["s0": TokenRate(period: 3_000_000, burst: 1)]))
        try await fleet.exchange.trade("leader", "BTC", .buy, "10")
        try await fleet.settled(signals: 1)
    }

    @Test("R-08: exits of a sleeve that wait for tokens are carried out as one: a close waits for no reduction before it")
    func exitsTogether() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await openSlowly(fleet)
            for _ in 0..<5 { try await fleet.exchange.trade("leader", "BTC", .sell, "1") }
            try await fleet.exchange.trade("leader", "BTC", .sell, "5")
            try await fleet.settled(signals: 7)
            let truth = try await fleet.verify()
            let results = truth.results(of: "s0:leader")
            #expect(results.map(\.outcome) == [.filled] + Array(repeating: .coalesced, count: 5) + [.filled])
            #expect(results[1...5].allSatisfy { $0.attempts == 0 && $0.detail?.contains("took it along") == true })
            #expect(truth.orders(of: cast.followers[0].account).count == 2)
            #expect(truth.position(of: cast.followers[0].account, "BTC").isZero)
        }
    }

    @Test("R-08: of reductions that wait for tokens the last gives up what they all were to")
    func reductionsTogether() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await openSlowly(fleet)
            for size in ["1", "2", "2"] { try await fleet.exchange.trade("leader", "BTC", .sell, size) }
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            let results = truth.results(of: "s0:leader")
            #expect(results.map(\.outcome) == [.filled, .coalesced, .coalesced, .filled])
            #expect(results[3].filledSize + results[3].filledSize == results[0].filledSize, "half of the position, as of the leader's")
        }
    }

    @Test("entries beyond a lane's limit end at once with a reason, exits wait")
    func lane() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            for _ in 0..<6 { try await fleet.exchange.trade("leader", "BTC", .buy, "1") }
            for _ in 0..<2 { try await fleet.exchange.trade("leader", "BTC", .sell, "3") }
            try await fleet.eventually("all jobs are planned") { try await fleet.added(.jobs) == 8 }
            try await fleet.work("work-1", .init(laneLimit: 3, rates: ["s0": TokenRate(period: 300_000, burst: 1)]))
            try await fleet.settled(signals: 8)
            let truth = try await fleet.verify()
            let byOutcome = Dictionary(grouping: truth.results, by: \.outcome)
            #expect(byOutcome[.budget]?.count == 3)
            #expect(byOutcome[.budget]?.allSatisfy { $0.action.isEntry && $0.detail?.contains("the lane already holds 3 orders") == true } == true)
            #expect(byOutcome[.filled]?.filter { !$0.action.isEntry }.count == 2)
            #expect(truth.position(of: cast.followers[0].account, "BTC") == .zero)
        }
    }

    @Test("two workers share one subscriber's tokens when its partition moves between them")
    func movedPartition() async throws {
        let cast = Cast.alike(1)
        let rates = ["s0": TokenRate(period: 400_000, burst: 1)]
        try await Fleet.run(cast) { fleet in
            try await fleet.match()
            try await fleet.plan()
            let first = try await fleet.work("work-1", .init(rates: rates))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            for _ in 0..<4 { try await fleet.exchange.trade("leader", "BTC", .buy, "1") }
            try await fleet.eventually("two orders are out") { try await fleet.added(.results) == 2 }
            await first.stop()
            try await fleet.work("work-2", .init(rates: rates))
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            #expect(truth.results.map(\.outcome) == [.filled, .filled, .filled, .filled])
            for (index, result) in truth.results.enumerated() {
                #expect(result.times.sent - truth.results[0].times.received >= Int64(index) * 400_000)
            }
        }
    }
}
