import CopyTrading
import Cryptography
import Hyperliquid
import Pipeline
import Redis
import RedisStreams
import Testing

@testable import Ingestion

/// R-87 in the running fleet: a leader that is no longer one to copy is latched, by whoever follows it, once.
@Suite struct HygieneTests {
    /// The leader is one of the exchange's own, whose fills are told.
    private func told(_ body: (Fleet, RecordingLatches) async throws -> Void) async throws {
        try await Fleet.run(Cast.alike(1)) { fleet in try await body(fleet, RecordingLatches()) }
    }

    /// The leader acts by itself, with 10,000 USDC.
    private func acting(_ body: (Fleet, RecordingLatches, SigningKey) async throws -> Void) async throws {
        let key = try SigningKey(bytes: (0..<32).map { _ in UInt8.random(in: 1...254) })
        var cast = Cast.alike(1)
        cast.leaders["leader"] = key.address
        try await Fleet.run(cast, simulator: { $0.syntheticLeaders = [] }) { fleet in
            try await fleet.exchange.open(key.address, balance: "10000")
            try await body(fleet, RecordingLatches(), key)
        }
    }

    private func submit(_ fleet: Fleet, _ sign: (UInt64) throws -> SignedAction) async throws {
        let client = fleet.client()
        let answer = try await client.submit(try sign(UInt64(WallClock.microseconds / 1_000)))
        await client.shutdown()
        switch answer {
        case .ok: break
        case .orders(let statuses): guard case .filled? = statuses.first else { fallthrough }
        default: throw NotReached(description: "the leader's action was refused: \(answer)")
        }
    }

    /// Waits until the ledger was read and everything known was judged, at least once.
    private func judged(_ fleet: Fleet, _ ingestor: Ingestor) async throws {
        try await fleet.eventually("the leader is judged") {
            let hygiene = await ingestor.tracks.values.first?.hygiene
            return hygiene.map { $0.ledgerReadAt > 0 && $0.judgedAt > $0.ledgerReadAt && !$0.mustJudge && !$0.isReported } ?? false
        }
    }

    @Test("R-87: a leader that is liquidated is latched to wind down once, also when a latch fails first, and not again by a successor")
    func liquidated() async throws {
        try await told { fleet, latches in
            await latches.fail(times: 1)
            let (role, ingestor) = try await fleet.ingest("ingest-1", latches: latches)
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "2")
            try await fleet.exchange.liquidate("leader", "BTC", .sell, "1")
            try await fleet.eventually("the leader is latched") { await latches.calls.count == 1 }
            try await judged(fleet, ingestor)
            await role.stop()
            let (_, successor) = try await fleet.ingest("ingest-2", latches: latches)
            try await fleet.live(successor)
            try await judged(fleet, successor)
            let expected = RecordingLatches.Call(
                scope: .influencer("leader"), level: .windDown, reason: "the leader was liquidated", by: "hygiene")
            #expect(await latches.calls == [expected])
            #expect(await latches.failed == 1)
            #expect(fleet.log.count("leader.hygiene") == 1)
            #expect(fleet.log.count("leader.hygiene.unlatched") == 1)
        }
    }

    @Test("R-87: a liquidation whose latch failed is latched by a successor")
    func successor() async throws {
        try await told { fleet, latches in
            await latches.fail(times: .max)
            let (role, ingestor) = try await fleet.ingest("ingest-1", latches: latches)
            try await fleet.live(ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "2")
            try await fleet.exchange.liquidate("leader", "BTC", .sell, "2")
            try await fleet.eventually("the latch fails") { await latches.failed > 0 }
            await role.stop()
            #expect(await latches.calls.isEmpty)
            await latches.fail(times: 0)
            try await fleet.live(try await fleet.ingest("ingest-2", latches: latches).ingestor)
            try await fleet.eventually("the leader is latched") { await latches.calls.map(\.reason) == ["the leader was liquidated"] }
        }
    }

    @Test("R-87: a leader that withdraws more than half is latched once, for the withdrawal and not for a loss")
    func withdrew() async throws {
        try await acting { fleet, latches, key in
            let (role, ingestor) = try await fleet.ingest("ingest-1", latches: latches)
            try await fleet.live(ingestor)
            try await judged(fleet, ingestor)
            try await submit(fleet) { nonce in
                let action = try UserSignedAction.usdSend(
                    to: fleet.cast.followers[0].account, amount: Notional(6_000), time: nonce, network: .testnet)
                return try SignedAction.sign(userAction: action, key: key)
            }
            try await fleet.eventually("the leader is latched") { await latches.calls.count == 1 }
            try await judged(fleet, ingestor)
            await role.stop()
            let (_, successor) = try await fleet.ingest("ingest-2", latches: latches)
            try await fleet.live(successor)
            try await judged(fleet, successor)
            #expect(await latches.calls.map(\.reason) == ["the leader withdrew 6000 within a day"])
            #expect(await latches.calls.map(\.scope) == [.influencer("leader")])
        }
    }

    @Test("R-87: the highest equity outlives a restart: a fall that happened meanwhile is seen")
    func fellMeanwhile() async throws {
        try await acting { fleet, latches, key in
            let client = fleet.client()
            let asset = try #require(try await client.instruments().first { $0.coin == "BTC" }).asset
            await client.shutdown()
            try await submit(fleet) { nonce in
                let order = OrderRequest(
                    asset: asset, isBuy: true, price: Price(51_000), size: Size(1), reduceOnly: false, type: .limit(.ioc), cloid: nil)
                return try SignedAction.sign(
                    action: ExchangeAction.order([order]), nonce: nonce, vaultAddress: nil, expiresAfter: nil, network: .testnet, key: key)
            }
            let (role, ingestor) = try await fleet.ingest("ingest-1", latches: latches)
            try await fleet.live(ingestor)
            try await judged(fleet, ingestor)
            await role.stop()
            #expect(await latches.calls.isEmpty)
            try await fleet.exchange.setPrice("BTC", "44000")
            let (_, successor) = try await fleet.ingest("ingest-2", latches: latches)
            try await fleet.live(successor)
            try await fleet.eventually("the leader is latched") { await latches.calls.count == 1 }
            try await judged(fleet, successor)
            let calls = await latches.calls
            #expect(calls.count == 1)
            #expect(calls[0].reason.hasPrefix("the leader's equity fell 60"))
            #expect(calls[0].level == .windDown)
        }
    }
}

/// Remembers what was tightened, and fails when told to.
private actor RecordingLatches: LatchSetter {
    struct Call: Equatable {
        var scope: LatchScope
        var level: KillLevel
        var reason: String
        var by: String
    }

    private(set) var calls: [Call] = []
    private(set) var failed = 0
    private var failures = 0

    func fail(times: Int) { failures = times }

    func tighten(_ scope: LatchScope, to level: KillLevel, reason: String, by: String) async throws {
        guard failures == 0 else {
            failures -= 1
            failed += 1
            throw NotReached(description: "the latch is out of reach")
        }
        calls.append(Call(scope: scope, level: level, reason: reason, by: by))
    }
}
