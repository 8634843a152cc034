import CopyTrading
import Redis
import RedisStreams
import Testing

/// The whole way of a copy when nothing goes wrong.
@Suite struct FollowingTests {
    private static let limits = "limits: {entry_expiry_ms: 60000}"

    @Test("a leader's position is followed from open to close in every sizing mode, and who may not follow gets the reason")
    func wholeLife() async throws {
        let cast = Cast([
            .init("fixed", of: "leader", settings: #"sizing: {mode: fixed_notional, notional: "1000"}, \#(Self.limits)"#),
            .init("ratio", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.01"}, \#(Self.limits)"#),
            .init("equity", of: "leader", settings: #"sizing: {mode: equity_proportional, allocation: "10000"}, \#(Self.limits)"#),
            .init("paused", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.01"}, state: paused, \#(Self.limits)"#),
            .init("winding", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.01"}, state: wind_down, \#(Self.limits)"#),
            .init("denied", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.01"}, limits: {entry_expiry_ms: 60000, deny: [BTC]}"#),
            .init("tiny", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.000001"}, \#(Self.limits)"#),
            .init("small", of: "leader", settings: #"sizing: {mode: ratio, ratio: "0.0001"}, \#(Self.limits)"#),
        ])
        try await Fleet.run(cast) { fleet in
            // held before anyone followed: its increase has no copied base
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work()
            try await fleet.audit(keep: .zero)
            try await fleet.live(try await fleet.ingest().ingestor)

            for (side, size) in [(Side.buy, "1"), (.buy, "0.5"), (.sell, "0.75"), (.sell, "0.75")] {
                try await fleet.exchange.trade("leader", "BTC", side, size)
            }
            for (side, size) in [(Side.buy, "2"), (.sell, "6"), (.sell, "6")] { try await fleet.exchange.trade("leader", "ETH", side, size) }
            try await fleet.settled(signals: 7)
            let truth = try await fleet.verify()

            for (id, sizes) in [
                ("fixed", ["0.02", "0.01", "0.015", "0.015"]), ("ratio", ["0.01", "0.005", "0.0075", "0.0075"]),
                ("equity", ["0.05", "0.025", "0.0375", "0.0375"]),
            ] {
                let orders = truth.orders(of: cast.follower(id).account)
                #expect(orders.map(\.size) == sizes, "\(id)")
                #expect(orders.map(\.side) == ["B", "B", "A", "A"], "\(id)")
                #expect(orders.map(\.reduceOnly) == [false, false, true, true], "\(id)")
                #expect(Self.outcomes(truth, id, "BTC") == [.filled, .filled, .filled, .filled], "\(id)")
                #expect(truth.results(of: "\(id):leader").filter { $0.coin == "BTC" }.allSatisfy { $0.attempts == 1 && $0.detail == nil }, "\(id)")
                #expect(truth.position(of: cast.follower(id).account, "BTC") == .zero, "\(id)")
                #expect(Self.outcomes(truth, id, "ETH") == [.uncopiedBase, .noPosition, .noPosition], "\(id)")
            }
            let refused: [(String, [Outcome], first: Outcome)] = [
                ("paused", [.paused, .paused, .noPosition, .noPosition], .paused),
                ("winding", [.windDown, .windDown, .noPosition, .noPosition], .windDown),
                ("denied", [.filterCoin, .filterCoin, .noPosition, .noPosition], .uncopiedBase),
                ("tiny", [.roundedToZero, .uncopiedBase, .noPosition, .noPosition], .uncopiedBase),
                ("small", [.minimumNotional, .uncopiedBase, .noPosition, .noPosition], .uncopiedBase),
            ]
            for (id, codes, first) in refused {
                #expect(Self.outcomes(truth, id, "BTC") == codes, "\(id)")
                #expect(Self.outcomes(truth, id, "ETH") == [first, .noPosition, .noPosition], "\(id)")
                #expect(truth.orders(of: cast.follower(id).account).isEmpty, "\(id)")
                #expect(truth.results(of: "\(id):leader").allSatisfy { $0.detail != nil }, "\(id)")
            }
            #expect(truth.sleeves.values.allSatisfy { $0.position.isZero })
            #expect(truth.deadLetters.isEmpty)

            // what all groups have acknowledged is dropped; the newest entry of a stream stays
            try await fleet.eventually("the streams are trimmed") {
                for partition in fleet.partitioning.all {
                    guard try await fleet.observer.send(RedisCommand("XLEN", fleet.keys.stream(partition))).integer ?? 9 <= 1 else { return false }
                }
                return true
            }
            try await fleet.verify()
        }
    }

    @Test("R-25: a flip closes first and opens the other side then")
    func flip() async throws {
        let cast = Cast.alike(3, #"sizing: {mode: ratio, ratio: "0.1"}, limits: {entry_expiry_ms: 60000}"#)
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("leader", "BTC", .sell, "3")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            for follower in cast.followers {
                let orders = truth.orders(of: follower.account)
                #expect(orders.map(\.size) == ["0.1", "0.1", "0.2"])
                #expect(orders.map(\.side) == ["B", "A", "A"])
                #expect(orders.map(\.reduceOnly) == [false, true, false])
                let results = truth.results(of: "\(follower.id):leader")
                #expect(results.map(\.action) == [.open, .close, .open])
                #expect(results.map(\.outcome) == [.filled, .filled, .filled])
                #expect(results[1].signal == results[2].signal)
                let held = try Size(parsing: "-0.2")
                #expect(truth.position(of: follower.account, "BTC") == held)
            }
        }
    }

    @Test("R-74: the order of a fan-out turns with each signal, so that nobody is always first")
    func rotation() async throws {
        let cast = Cast.alike(7)
        try await Fleet.run(cast, partitioning: Partitioning(signals: 1, accounts: 1)) { fleet in
            try await fleet.startAll()
            for _ in 0..<6 { for side in [Side.buy, .sell] { try await fleet.exchange.trade("leader", "BTC", side, "1") } }
            try await fleet.settled(signals: 12)
            let truth = try await fleet.verify()
            let names = cast.followers.map { SubscriptionID("\($0.id):leader") }.sorted()
            let orders = truth.signals.map { signal in truth.requests.filter { $0.signal.id == signal.id }.map(\.subscription) }
            for order in orders {
                let first = try #require(order.first.flatMap { names.firstIndex(of: $0) })
                #expect(order == Array(names[first...] + names[..<first]))
            }
            #expect(Set(orders.map(\.first)).count > 1)
        }
    }

    /// In the order of the signals.
    private static func outcomes(_ truth: Truth, _ id: String, _ coin: Coin) -> [Outcome] {
        let order = Dictionary(truth.signals.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        return truth.results(of: "\(id):leader").filter { $0.coin == coin }.sorted { order[$0.signal]! < order[$1.signal]! }.map(\.outcome)
    }
}
