import CopyTrading
import Cryptography
import Hyperliquid
import JSON
import RedisStreams
import Testing

@testable import Ingestion
@testable import Pipeline

/// `mirror_orders` in the running fleet: what a leader has resting at the exchange, its followers have too.
@Suite struct MirroringTests {
    private static let size = #"sizing: {mode: ratio, ratio: "0.02"}, limits: {entry_expiry_ms: 60000}"#
    private static let mirroring = size + ", mirror_orders: triggers"
    private static let all = size + ", mirror_orders: all"

    /// A leader that acts by itself, and what the fleet is asked of it.
    private struct Scene {
        let fleet: Fleet
        let leader: SigningKey
        /// Trades with whom it is told to.
        let other: SigningKey
        let client: ExchangeClient
        let asset: Int

        /// - Returns: what became of the order.
        @discardableResult
        func act(_ action: JSON, as actor: SigningKey? = nil) async throws -> ExchangeAnswer {
            let nonce = UInt64(WallClock.microseconds / 1_000)
            let signed = try SignedAction.sign(
                action: action, nonce: nonce, vaultAddress: nil, expiresAfter: nil, network: .testnet, key: actor ?? leader)
            // The next one has another nonce.
            try await Task.sleep(for: .milliseconds(2))
            let answer = try await client.submit(signed)
            if case .refused(let text) = answer { throw NotReached(description: "the action was refused: \(text)") }
            if case .error(let text)? = answer.orderStatuses(sent: 1)?.first { throw NotReached(description: "the order was refused: \(text)") }
            return answer
        }

        func trade(_ side: Side, _ size: String, reduceOnly: Bool = false) async throws {
            let order = OrderRequest(
                asset: asset, isBuy: side == .buy, price: side == .buy ? Price(52_000) : Price(48_000), size: try Size(parsing: size),
                reduceOnly: reduceOnly, timeInForce: .ioc, cloid: nil)
            try await act(ExchangeAction.order([order]))
        }

        func limit(_ size: String, at price: Int) throws -> OrderRequest {
            OrderRequest(
                asset: asset, isBuy: true, price: Price(price), size: try Size(parsing: size), reduceOnly: false, timeInForce: .gtc, cloid: nil)
        }

        /// Somebody sells to who bids `price` first, and to nobody who bids less.
        func sell(_ size: String, at price: Int) async throws {
            let order = OrderRequest(
                asset: asset, isBuy: false, price: Price(price), size: try Size(parsing: size), reduceOnly: false, timeInForce: .ioc, cloid: nil)
            try await act(ExchangeAction.order([order]), as: other)
        }

        /// A part of the leader's position is copied, and both bid for more at `price`.
        func bothBid(at price: Int) async throws {
            try await trade(.buy, "1")
            try await fleet.settled(signals: 1)
            try await act(ExchangeAction.order([try limit("0.5", at: price)]))
            try await eventually("s0", has: ["0.01 at \(price)"])
        }

        /// What the follower's limit orders traded.
        func mirrored(_ truth: Truth) -> [Size] { truth.results.filter { $0.origin == .mirror }.map(\.filledSize) }

        func trigger(_ size: String, at price: Int, _ purpose: OrderTrigger.Purpose = .stopLoss) throws -> OrderRequest {
            OrderRequest(
                asset: asset, isBuy: false, price: Price(price), size: try Size(parsing: size), reduceOnly: true,
                type: .trigger(OrderTrigger(price: Price(price), purpose: purpose, isMarket: true)), cloid: nil)
        }

        /// `size at price` of what an account has resting, in the order of the texts.
        func resting(_ account: String) async throws -> [String] {
            try await client.read(.frontendOpenOrders(account)).map { "\($0.size) at \($0.detail?.trigger?.price ?? $0.limitPrice)" }.sorted()
        }

        func eventually(_ follower: String, has expected: [String]) async throws {
            let account = fleet.cast.follower(follower).account
            try await fleet.eventually("\(follower) has \(expected)") { try await resting(account) == expected }
        }

        /// Waits until so many placements are on record, and then until nothing moves.
        func settled(signals: Int, placements: Int) async throws {
            try await fleet.eventually("\(placements) placements are on record") { try await fleet.added(.accountEvents) >= placements }
            try await fleet.settled(signals: signals)
        }

        /// The leader's only order.
        func oid() async throws -> Int64 { try #require(try await client.read(.frontendOpenOrders(leader.address)).first).oid }
    }

    private func run(_ settings: [String: String] = ["s0": mirroring], _ body: (Scene) async throws -> Void) async throws {
        let key = try SigningKey(bytes: (0..<32).map { _ in UInt8.random(in: 1...254) })
        let other = try SigningKey(bytes: (0..<32).map { _ in UInt8.random(in: 1...254) })
        var cast = Cast(settings.sorted { $0.key < $1.key }.map { .init($0.key, of: "leader", settings: $0.value) })
        cast.leaders["leader"] = key.address
        var work = Fleet.WorkSettings()
        work.accounts.weightPerMinute = 1_000_000
        work.accounts.readEvery = .milliseconds(300)
        work.accounts.confirmAfter = .milliseconds(100)
        work.accounts.mirrorEvery = .milliseconds(100)
        try await Fleet.run(cast, simulator: { $0.syntheticLeaders = [] }) { fleet in
            for actor in [key, other] { try await fleet.exchange.open(actor.address, balance: "1000000") }
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", work)
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest(change: { $0.ordersEvery = .milliseconds(100) }).ingestor)
            let client = fleet.client()
            let asset = try await client.instruments().first { $0.coin == "BTC" }?.asset ?? -1
            do { try await body(Scene(fleet: fleet, leader: key, other: other, client: client, asset: asset)) } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    @Test("R-63: the leader's stop-loss rests for the same share of the follower's position, follows what the leader does with it, and goes with the position")
    func follows() async throws {
        try await run { scene in
            try await scene.trade(.buy, "1")
            try await scene.fleet.settled(signals: 1)
            try await scene.act(ExchangeAction.order([try scene.trigger("0.5", at: 47_500)]))
            try await scene.eventually("s0", has: ["0.01 at 47500"])
            try await scene.act(ExchangeAction.modify(.oid(try await scene.oid()), to: try scene.trigger("0.75", at: 47_000)))
            try await scene.eventually("s0", has: ["0.015 at 47000"])
            try await scene.trade(.buy, "0.5")
            try await scene.fleet.settled(signals: 2)
            try await scene.eventually("s0", has: ["0.015 at 47000"])
            try await scene.act(ExchangeAction.cancel([(scene.asset, try await scene.oid())]))
            try await scene.eventually("s0", has: [])
            try await scene.act(ExchangeAction.order([try scene.trigger("0", at: 60_000, .takeProfit)], grouping: .positionTpsl))
            try await scene.eventually("s0", has: ["0.03 at 60000"])
            try await scene.trade(.sell, "1.5", reduceOnly: true)
            try await scene.eventually("s0", has: [])
            try await scene.fleet.settled(signals: 3)
            let truth = try await scene.fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC").isZero)
        }
    }

    @Test("R-29: a subscription that copies the leader mirrored has none of its triggers, nor has one that was not asked to")
    func inverse() async throws {
        let settings = ["s0": Self.mirroring, "s1": Self.mirroring + ", inverse: true", "s2": Self.size]
        try await run(settings) { scene in
            try await scene.trade(.buy, "1")
            try await scene.fleet.settled(signals: 1)
            try await scene.act(ExchangeAction.order([try scene.trigger("1", at: 47_500)]))
            try await scene.eventually("s0", has: ["0.02 at 47500"])
            for other in ["s1", "s2"] { #expect(try await scene.resting(scene.fleet.cast.follower(other).account).isEmpty) }
            try await scene.settled(signals: 1, placements: 1)
            try await scene.fleet.verify()
        }
    }

    @Test("R-63: both the own stop-loss and the leader's rest")
    func beside() async throws {
        try await run(["s0": Self.mirroring + ", protection: {stop_loss_bps: 1000}"]) { scene in
            try await scene.trade(.buy, "1")
            try await scene.act(ExchangeAction.order([try scene.trigger("1", at: 47_500)]))
            let account = scene.fleet.cast.follower("s0").account
            try await scene.fleet.eventually("both rest") {
                let resting = try await scene.resting(account)
                return resting.count == 2 && resting.contains("0.02 at 47500") && resting.allSatisfy { $0.hasPrefix("0.02 at ") }
            }
        }
    }

    @Test("R-63, R-22: when both stop-losses are carried out, the leader's fill does not close a part of the follower's position a second time")
    func carriedOut() async throws {
        try await run { scene in
            try await scene.trade(.buy, "1")
            try await scene.fleet.settled(signals: 1)
            try await scene.act(ExchangeAction.order([try scene.trigger("0.5", at: 47_500)]))
            try await scene.eventually("s0", has: ["0.01 at 47500"])
            try await scene.fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "-6"])
            try await scene.fleet.eventually("the follower's is on record") {
                try await scene.fleet.truth().results.contains { $0.origin == .protection }
            }
            try await scene.fleet.settled(signals: 2)
            let truth = try await scene.fleet.verify()
            #expect(truth.results(of: "s0:leader").filter { $0.origin == nil }.map(\.outcome) == [.filled, .coalesced])
            #expect(truth.results.filter { $0.origin == .protection }.map(\.filledSize) == [try Size(parsing: "0.01")])
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC") == (try Size(parsing: "0.01")))
            #expect(truth.sleeves.values.map(\.ahead) == [.zero])
        }
    }

    @Test("R-63, R-45: a stop-loss for all of it that is carried out has its result, and the leader's close finds nothing")
    func carriedOutWhole() async throws {
        try await run { scene in
            try await scene.trade(.buy, "1")
            try await scene.fleet.settled(signals: 1)
            try await scene.act(ExchangeAction.order([try scene.trigger("1", at: 47_500)]))
            try await scene.eventually("s0", has: ["0.02 at 47500"])
            try await scene.fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "-6"])
            try await scene.fleet.eventually("the follower's is on record") {
                try await scene.fleet.truth().results.contains { $0.origin == .protection }
            }
            try await scene.fleet.settled(signals: 2)
            let truth = try await scene.fleet.verify()
            #expect(truth.results(of: "s0:leader").filter { $0.origin == nil }.map(\.outcome) == [.filled, .noPosition])
            #expect(truth.results.filter { $0.origin == .protection }.map(\.filledSize) == [try Size(parsing: "0.02")])
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC").isZero && truth.sleeves.isEmpty)
        }
    }

    @Test("R-22: what the leader gives up by hand is given up once, with a stop-loss for a part in place, which is placed again for what is left")
    func reducedByHand() async throws {
        try await run { scene in
            try await scene.trade(.buy, "1")
            try await scene.fleet.settled(signals: 1)
            try await scene.act(ExchangeAction.order([try scene.trigger("0.25", at: 47_500)]))
            try await scene.eventually("s0", has: ["0.005 at 47500"])
            try await scene.trade(.sell, "0.5", reduceOnly: true)
            try await scene.fleet.settled(signals: 2)
            try await scene.eventually("s0", has: ["0.005 at 47500"])
            try await scene.settled(signals: 2, placements: 2)
            let truth = try await scene.fleet.verify()
            #expect(truth.others(.filled).isEmpty)
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC") == (try Size(parsing: "0.01")))
        }
    }

    @Test("R-63: what a subscription no longer mirrors is cancelled")
    func switchedOff() async throws {
        try await run { scene in
            try await scene.trade(.buy, "1")
            try await scene.fleet.settled(signals: 1)
            try await scene.act(ExchangeAction.order([try scene.trigger("1", at: 47_500)]))
            try await scene.eventually("s0", has: ["0.02 at 47500"])
            try await scene.fleet.apply(scene.fleet.cast.configuration { _ in Self.size })
            try await scene.eventually("s0", has: [])
            try await scene.settled(signals: 1, placements: 1)
            try await scene.fleet.verify()
        }
    }

    // MARK: - Limit orders

    @Test("R-21, R-55: the leader's limit order that adds rests for the follower's share, follows what the leader does with it, and is gone when it is")
    func limits() async throws {
        try await run(["s0": Self.all, "s1": Self.mirroring, "s2": Self.all + ", inverse: true"]) { scene in
            try await scene.bothBid(at: 49_000)
            for other in ["s1", "s2"] { #expect(try await scene.resting(scene.fleet.cast.follower(other).account).isEmpty) }
            try await scene.act(ExchangeAction.modify(.oid(try await scene.oid()), to: try scene.limit("1", at: 48_500)))
            try await scene.eventually("s0", has: ["0.02 at 48500"])
            try await scene.act(ExchangeAction.cancel([(scene.asset, try await scene.oid())]))
            try await scene.eventually("s0", has: [])
            try await scene.settled(signals: 1, placements: 2)
            let truth = try await scene.fleet.verify()
            #expect(scene.mirrored(truth).isEmpty)
        }
    }

    @Test("R-21, R-46: when both limit orders are filled the leader's fill is not bought a second time")
    func bothFilled() async throws {
        try await run(["s0": Self.all]) { scene in
            try await scene.bothBid(at: 49_000)
            try await scene.fleet.exchange.fault(["fault": "priceJump", "coin": "BTC", "percent": "-3"])
            try await scene.fleet.settled(signals: 2)
            try await scene.eventually("s0", has: [])
            let truth = try await scene.fleet.verify()
            #expect(truth.results(of: "s0:leader").filter { $0.origin == nil }.map(\.outcome) == [.filled, .coalesced])
            #expect(scene.mirrored(truth) == [try Size(parsing: "0.01")])
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC") == (try Size(parsing: "0.03")))
            #expect(truth.sleeves.values.map(\.boughtAhead) == [.zero])
        }
    }

    @Test("R-21: when the leader's limit order alone is filled, the follower's is withdrawn and the leader's fill copied")
    func leaderFilled() async throws {
        try await run(["s0": Self.all]) { scene in
            try await scene.bothBid(at: 50_000)
            try await scene.sell("0.5", at: 50_000)
            try await scene.fleet.settled(signals: 2)
            try await scene.eventually("s0", has: [])
            let truth = try await scene.fleet.verify()
            #expect(truth.results(of: "s0:leader").map(\.outcome) == [.filled, .filled])
            #expect(scene.mirrored(truth).isEmpty)
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC") == (try Size(parsing: "0.03")))
        }
    }

    @Test("R-21, R-45: when the follower's limit order is filled first it has its result, does not rest again, and meets the leader's fill")
    func followerFilled() async throws {
        try await run(["s0": Self.all]) { scene in
            try await scene.bothBid(at: 50_000)
            // Its order changed, the leader stands behind the follower.
            try await scene.act(ExchangeAction.modify(.oid(try await scene.oid()), to: try scene.limit("0.5", at: 50_000)))
            try await scene.sell("0.01", at: 50_000)
            try await scene.fleet.eventually("the follower's is on record") { scene.mirrored(try await scene.fleet.truth()).count == 1 }
            #expect(try await scene.resting(scene.fleet.cast.follower("s0").account).isEmpty)
            try await scene.sell("0.5", at: 50_000)
            try await scene.fleet.settled(signals: 2)
            let truth = try await scene.fleet.verify()
            #expect(truth.results(of: "s0:leader").filter { $0.origin == nil }.map(\.outcome) == [.filled, .coalesced])
            #expect(scene.mirrored(truth) == [try Size(parsing: "0.01")])
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC") == (try Size(parsing: "0.03")))
            #expect(truth.sleeves.values.map(\.boughtAhead) == [.zero])
        }
    }

    @Test("R-84: the kill switch takes limit orders from the exchange, and they come back when a person has opened it")
    func killed() async throws {
        try await run(["s0": Self.all]) { scene in
            try await scene.bothBid(at: 49_000)
            try await scene.fleet.latch(.everything, .pauseEntries)
            try await scene.eventually("s0", has: [])
            try await scene.fleet.latch(.everything, .none)
            try await scene.eventually("s0", has: ["0.01 at 49000"])
            try await scene.settled(signals: 1, placements: 2)
            try await scene.fleet.verify()
        }
    }

    @Test("R-55: when the leader closes, the follower is flat and nothing of it rests, although the leader's limit order does")
    func closed() async throws {
        try await run(["s0": Self.all]) { scene in
            try await scene.bothBid(at: 49_000)
            try await scene.trade(.sell, "1", reduceOnly: true)
            try await scene.eventually("s0", has: [])
            try await scene.fleet.settled(signals: 2)
            let truth = try await scene.fleet.verify()
            #expect(truth.others(.filled).isEmpty && scene.mirrored(truth).isEmpty)
            #expect(truth.position(of: scene.fleet.cast.follower("s0").account, "BTC").isZero)
            #expect(try await scene.client.read(.frontendOpenOrders(scene.leader.address)).count == 1)
        }
    }
}
