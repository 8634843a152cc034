import CopyTrading
import Redis
import RedisStreams
import Testing

@testable import Ingestion

/// R-26 in the running fleet: subscriptions begin to copy a leader that is in a position.
@Suite struct JoinTests {
    private static func settings(_ policy: String, _ more: String = "") -> String {
        #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}, existing_position: \#(policy)\#(more)"#
    }

    /// There from the beginning, and added later.
    private static let early = ["there", "changing"]
    private static let cast = Cast([
        .init("there", of: "leader", settings: settings("copy_now_always")),
        .init("changing", of: "leader", settings: settings("ignore_until_flat")),
        .init("always", of: "leader", settings: settings("copy_now_always")),
        .init("within", of: "leader", settings: settings("copy_now_within 100")),
        .init("near", of: "leader", settings: settings("copy_now_within 10")),
        .init("better", of: "leader", settings: settings("copy_now_if_better")),
        .init("inverse", of: "leader", settings: settings("copy_now_if_better", ", inverse: true")),
        .init("ignoring", of: "leader", settings: settings("ignore_until_flat")),
        .init("paused", of: "leader", settings: settings("copy_now_always", ", state: paused")),
    ])

    private func looked(_ fleet: Fleet, _ ingestor: Ingestor, at version: Int64) async throws {
        try await fleet.eventually("ingest has looked at configuration \(version)") {
            await ingestor.tracks.values.first?.builder.joinedThrough == version
        }
    }

    @Test("R-26: who is added joins what the leader holds by its policy, once, whoever ingests, and follows it from there",
        arguments: zip(["1", "1", "2"], [true, false, true]))
    func added(tier: String, inGoodOrder: Bool) async throws {
        var cast = Self.cast
        cast.tiers["leader"] = tier
        try await Fleet.run(cast) { [cast] fleet in
            var fewer = cast
            fewer.followers.removeAll { !Self.early.contains($0.id) }
            let before = try await fleet.apply(fewer.configuration())
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            // it learns of who joins by their signals alone
            try await fleet.match(followsConfiguration: false)
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit()
            let (first, ingestor) = try await fleet.ingest("ingest-1")
            try await fleet.live(ingestor)
            try await looked(fleet, ingestor, at: before)
            try await fleet.settled(signals: 1)

            try await fleet.exchange.setPrice("BTC", "50250")
            let after = try await fleet.apply(cast.configuration())
            try await looked(fleet, ingestor, at: after)
            try await fleet.settled(signals: 6)
            if inGoodOrder { await first.stop() } else { first.kill() }

            let (_, successor) = try await fleet.ingest("ingest-2")
            try await fleet.live(successor)
            let changed = try await fleet.apply(
                cast.configuration { $0.id == "changing" ? Self.settings("copy_now_always") : $0.settings })
            try await looked(fleet, successor, at: changed)
            try await fleet.settled(signals: 7)
            try await fleet.exchange.trade("leader", "BTC", .sell, "0.5")
            try await fleet.settled(signals: 8)

            let truth = try await fleet.verify()
            #expect(truth.deadLetters.isEmpty)
            let joins = truth.signals.compactMap(\.join)
            #expect(joins.prefix(1).map(\.subscription) == ["there:leader"] && joins.suffix(1).map(\.subscription) == ["changing:leader"])
            #expect(
                joins.map(\.subscription.text).sorted()
                    == ["always", "better", "changing", "inverse", "near", "there", "within"].map { $0 + ":leader" })
            #expect(joins.map(\.configVersion) == [before] + Array(repeating: after, count: 5) + [changed])
            #expect(joins.allSatisfy { $0.leaderEntry == Price(50_000) })
            #expect(truth.signals.map { "\($0.start)>\($0.end)" } == Array(repeating: "0>1", count: 7) + ["1>0.5"])
            for (id, side, held) in [
                ("there", "B", "0.05"), ("always", "B", "0.05"), ("within", "B", "0.05"), ("changing", "B", "0.05"),
                ("inverse", "A", "-0.05"),
            ] {
                #expect(truth.results(of: "\(id):leader").map(\.outcome) == [.filled, .filled], "\(id)")
                let orders = truth.orders(of: cast.follower(id).account, "BTC")
                #expect(orders.map(\.size) == ["0.1", "0.05"] && orders.first?.side == side && orders.last?.reduceOnly == true, "\(id)")
                #expect(truth.position(of: cast.follower(id).account, "BTC").description == held, "\(id)")
            }
            for (id, outcomes) in [
                ("near", [Outcome.priceMoved, .noPosition]), ("better", [.priceMoved, .noPosition]), ("ignoring", [.noPosition]),
                ("paused", [.noPosition]),
            ] {
                #expect(truth.results(of: "\(id):leader").map(\.outcome) == outcomes, "\(id)")
                #expect(truth.orders(of: cast.follower(id).account).isEmpty, "\(id)")
            }
            let near = truth.results(of: "near:leader").first?.detail
            #expect(near == "the market at 50250 is more than 10 bps worse than the leader's entry 50000")
        }
    }
}
