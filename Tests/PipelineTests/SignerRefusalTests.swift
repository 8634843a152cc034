import CopyTrading
import Cryptography
import Hyperliquid
import JSON
import Testing

@testable import Pipeline

/// Orders whose signer the exchange does not accept, in the running fleet.
@Suite struct SignerRefusalTests {
    private func latches(on subscriber: String, _ fleet: Fleet) async throws -> [String] {
        try await fleet.postgresObserver.query("SELECT level::text AS level, set_by FROM latches WHERE scope = 'subscriber:\(subscriber)'").map {
            "\(try $0.text("level")) by \(try $0.text("set_by"))"
        }
    }

    @Test("R-41: an agent whose nonces ran ahead of the time, and nobody remembers it, opens, sets its stop-loss and closes all the same")
    func ahead() async throws {
        let cast = Cast.alike(1, #"sizing: {mode: fixed_notional, notional: "1000"}, protection: {stop_loss_bps: 500}"#)
        try await Fleet.run(cast) { fleet in
            try await fleet.startFollowers()
            try await fleet.live(try await fleet.ingest().ingestor)
            let follower = cast.followers[0]
            // an hour, in a row: so far the exchange takes nothing below, and none of these again
            let first = UInt64(WallClock.milliseconds + 3_600_000)
            let client = fleet.client()
            let key = try SigningKey(hexadecimal: follower.agentKey)
            for nonce in first..<first + 120 {
                let noop = try SignedAction.sign(
                    action: ExchangeAction.noop(), nonce: nonce, vaultAddress: nil, expiresAfter: nil, network: .testnet, key: key)
                guard case .ok = try await client.submit(noop) else { Issue.record("nonce \(nonce) was not taken"); return }
            }
            await client.shutdown()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.stopLossRests("0.02", of: follower.account)
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            #expect(truth.results(of: "s0:leader").map(\.outcome) == [.filled, .filled])
            #expect(truth.results(of: "s0:leader").map(\.attempts) == [1, 1])
        }
    }

    @Test("R-91, R-47: an agent that the exchange no longer knows fails its orders and pauses its subscriber once, and nobody else")
    func revoked() async throws {
        try await Fleet.run(.alike(2)) { fleet in
            var settings = Fleet.WorkSettings()
            settings.accounts.weightPerMinute = 1_000_000
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", settings)
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            // What the exchange said before its agent was revoked is what the worker goes by.
            try await fleet.eventually("the agents were checked") { fleet.log.count("agent.checked") >= 2 }
            let agent = fleet.cast.follower("s0").agent
            try await fleet.exchange.fault(["fault": "revokeAgent", "address": .string(agent)])
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.settled(signals: 2)
            try await fleet.eventually("the planner and the worker know the latch") { fleet.log.count("latch") >= 2 }
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            let refused = truth.results(of: "s0:leader")
            let outcomes = Dictionary(grouping: refused, by: \.coin).mapValues { $0.map(\.outcome) }
            #expect(outcomes["BTC"] == [.agent] && outcomes["SOL"] == [.halted])
            for result in refused where result.outcome == .agent {
                #expect(result.detail?.contains("does not know agent \(agent)") == true, "\(result)")
            }
            #expect(truth.results(of: "s1:leader").map(\.outcome) == [.filled, .filled, .filled])
            #expect(try await latches(on: "s0", fleet) == ["1 by agent"])
            #expect(try await latches(on: "s1", fleet).isEmpty)
            #expect(fleet.log.count("signature.mismatch") == 0)
        }
    }

    @Test("R-91: a signature that the exchange recovers to somebody else is our fault, and says so")
    func mismatch() async throws {
        // The fleet signs for the testnet.
        try await Fleet.run(.alike(1), simulator: { $0.network = .mainnet }) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            let agent = fleet.cast.follower("s0").agent
            let result = try #require(truth.results.first)
            #expect(result.outcome == .agent)
            #expect(result.detail?.contains("agent \(agent) signed, the exchange recovered 0x") == true, "\(result)")
            #expect(fleet.log.count("signature.mismatch") == 1)
            try await fleet.eventually("the subscriber is paused") { try await latches(on: "s0", fleet) == ["1 by agent"] }
        }
    }
}
