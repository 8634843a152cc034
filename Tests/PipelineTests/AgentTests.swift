import ConfigStore
import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Redis
import Testing

@testable import Pipeline

/// Who signs for whom, in the running fleet: entries wait until the exchange says that the agent may, exits never do.
@Suite struct AgentTests {
    private static let settings = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#

    private func kill(_ member: String, _ fleet: Fleet) {
        for role in fleet.roles.withLock({ $0 }) where role.member == member { role.kill() }
    }

    /// All that the cell has in Redis, as text.
    private func everythingInRedis(_ fleet: Fleet) async throws -> String {
        let names = try await fleet.observer.send(RedisCommand("KEYS", fleet.keys.key("*"))).checked().array?.compactMap(\.text) ?? []
        var text = ""
        for name in names {
            let command: RedisCommand =
                switch try await fleet.observer.send(RedisCommand("TYPE", name)).text {
                case "stream": RedisCommand("XRANGE", name, "-", "+")
                case "hash": RedisCommand("HGETALL", name)
                case "zset": RedisCommand("ZRANGE", name, "0", "-1")
                case "set": RedisCommand("SMEMBERS", name)
                case "list": RedisCommand("LRANGE", name, "0", "-1")
                default: RedisCommand("GET", name)
                }
            text += "\(name) \(Self.text(try await fleet.observer.send(command)))\n"
        }
        return text
    }

    private static func text(_ value: RedisValue) -> String { value.array.map { $0.map(text).joined(separator: " ") } ?? value.text ?? "" }

    private static func secret() -> [UInt8] { (0..<32).map { _ in UInt8.random(in: 1...254) } }

    private func outcomes(_ truth: Truth, _ subscription: String) -> [String] {
        truth.results(of: subscription).map { "\($0.coin) \($0.action) \($0.outcome.rawValue)" }
    }

    @Test("R-90: an agent that signs for another account opens nothing, and what is held is still closed")
    func mismatch() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.settings)])
        try await Fleet.run(cast) { fleet in
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            // As though it had been found to be somebody else's, after something was opened.
            let follower = cast.follower("s")
            let config = ConfigStore(url: fleet.database, logger: fleet.log.logger("by-hand"))
            let problem = try #require(
                AgentStanding.problem(.agent(account: "0x" + String(repeating: "1", count: 40)), agent: follower.agent, owner: follower.account))
            try await config.store(
                AgentCheck(agent: follower.agent, account: AccountID(follower.account), checkedAt: WallClock.milliseconds, problem: problem))
            kill("work-1", fleet)
            try await fleet.work("work-2")
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(Set(outcomes(truth, "s:leader")) == ["BTC open OK_FILLED", "ETH open FAIL_AGENT", "BTC close OK_FILLED"])
            let refused = try #require(truth.results.first { $0.outcome == .agent })
            #expect(refused.detail?.contains("signs for 0x1111") == true && refused.detail?.contains("vibe keys rotate") == true, "\(refused)")
            #expect(truth.position(of: follower.account, "BTC").isZero)
        }
    }

    @Test("R-90: what the exchange says of an agent's address decides, with what to do about it")
    func standing() {
        let (agent, owner) = ("0xaa", "0xbb")
        #expect(AgentStanding.problem(.agent(account: owner), agent: agent, owner: owner) == nil)
        for (role, words) in [
            (.agent(account: "0xcc"), "signs for 0xcc, not for 0xbb"), (.missing, "does not know agent 0xaa"), (.user, "its key could withdraw"),
            (.subAccount(master: owner), "no agent but an account"), (.vault, "no agent but an account"), (.other("king"), "\"king\""),
        ] as [(AddressRole, String)] {
            #expect(AgentStanding.problem(role, agent: agent, owner: owner)?.contains(words) == true)
        }
    }

    @Test("R-90: while the exchange does not say whether an agent may sign, an entry waits; it goes on with the answer, and once it has expired it ends")
    func unknown() async throws {
        let short = Self.settings.replacingOccurrences(of: "60000", with: "2000")
        let cast = Cast([.init("patient", of: "leader", settings: Self.settings), .init("hasty", of: "leader", settings: short)])
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            for read in ["extraAgents", "userRole"] { proxy.spoil(.resetBefore, times: 1_000_000, containing: #""type":"\#(read)""#) }
            try await fleet.startAll(.init(url: proxy.url, timeout: .milliseconds(1_500)))
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the hasty entry has ended") { try await fleet.added(.results) == 1 }
            #expect(Truth(ledger: try fleet.exchange.ledger()).orders(of: cast.follower("patient").account).isEmpty)
            #expect(fleet.log.count("agent.unchecked") > 0)
            await proxy.stop()
            kill("work-1", fleet)
            try await fleet.work("work-2")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            #expect(outcomes(truth, "patient:leader") == ["BTC open OK_FILLED"])
            #expect(outcomes(truth, "hasty:leader") == ["BTC open SKIP_STALE"])
            #expect(truth.results(of: "hasty:leader").first?.detail?.contains("did not say in time whether agent") == true)
        }
    }

    @Test("R-92: before an agent expires entries stop and exits are tried, and people are told")
    func expiry() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.settings)])
        try await Fleet.run(cast) { fleet in
            let follower = cast.follower("s")
            var settings = Fleet.WorkSettings()
            settings.accounts.weightPerMinute = 1_000_000
            settings.accounts.agentEvery = .milliseconds(300)
            let day: Int64 = 86_400_000
            try await fleet.exchange.approve(follower.agent, of: follower.account, name: "vibe", validUntil: WallClock.milliseconds + 90 * day)
            try await fleet.startAll(settings)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            #expect(fleet.log.count("agent.expires") == 0)
            // Within the margin of an hour, and valid still.
            let end = WallClock.milliseconds + 600_000
            try await fleet.exchange.approve(follower.agent, of: follower.account, name: "vibe", validUntil: end)
            try await fleet.eventually("it is noticed") { fleet.log.count("agent.expires") > 0 }
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(Set(outcomes(truth, "s:leader")) == ["BTC open OK_FILLED", "ETH open FAIL_AGENT", "BTC close OK_FILLED"])
            #expect(truth.results.first { $0.outcome == .agent }?.detail?.contains("is valid until 20") == true)
            let record = try #require(try await AgentKeyKeeper(fleet.postgresObserver).list(subscriber: "s").first)
            #expect(record.check?.name == "vibe" && record.check?.validUntil == end && record.state == .active)
        }
    }

    @Test("R-90: a worker that starts takes what its predecessor was told, and asks only when that is old")
    func restart() async throws {
        try await Fleet.run(.alike(3)) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            try await fleet.eventually("the answers are stored") {
                try await fleet.postgresObserver.query("SELECT 1 FROM agent_checks WHERE problem IS NULL").count == 3
            }
            let before = fleet.log.count("agent.checked")
            #expect(before == 3)
            kill("work-1", fleet)
            // The successor could not ask.
            for read in ["extraAgents", "userRole"] { proxy.spoil(.resetBefore, times: 1_000_000, containing: #""type":"\#(read)""#) }
            try await fleet.work("work-2", .init(url: proxy.url))
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.settled(signals: 2)
            // One to whom these answers are too old does ask.
            try await fleet.postgresObserver.execute("UPDATE agent_checks SET checked_ms = checked_ms - 86400000")
            kill("work-2", fleet)
            try await fleet.work("work-3")
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            await proxy.stop()
            #expect(truth.results.count == 9 && truth.results.allSatisfy { $0.outcome == .filled })
            #expect(fleet.log.count("agent.checked") == before + 3)
        }
    }

    @Test("R-92: the new agent signs what comes after a rotation, the old key is destroyed, and an order that it signed is settled by it before")
    func rotation() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.settings)])
        try await Fleet.run(cast) { fleet in
            let follower = cast.follower("s")
            let keeper = AgentKeyKeeper(fleet.postgresObserver)
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.startAll(.init(url: proxy.url, timeout: .milliseconds(1_500)))
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)

            // The outcome of the next order is unknown until the new agent signs.
            proxy.spoil(.resetBefore)
            proxy.spoil(.resetBefore, times: 1_000_000, containing: #""type":"noop""#)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("an order is open") { fleet.log.count("attempt.unsettled") > 0 }
            let secret = Self.secret()
            let key = try #require(AgentKey(parsing: Hexadecimal.text(secret)))
            try await fleet.exchange.approve(key.address, of: follower.account, name: "next", validUntil: WallClock.milliseconds + 86_400_000 * 90)
            _ = try await keeper.rotate(key, for: "s", name: "next", sealingKeys: SealingKeys(current: Fleet.sealingKey))
            try await fleet.knows("work-1", version: 2)
            await proxy.stop()
            kill("work-1", fleet)
            var settings = Fleet.WorkSettings()
            settings.accounts.agentGrace = .zero
            try await fleet.work("work-2", settings)
            try await fleet.settled(signals: 2)
            try await fleet.exchange.trade("leader", "BTC", .sell, "2")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            #expect(outcomes(truth, "s:leader").sorted() == ["BTC close OK_FILLED", "BTC increase OK_FILLED", "BTC open OK_FILLED"])
            #expect(truth.position(of: follower.account, "BTC").isZero)
            try await fleet.eventually("the old key is destroyed", within: .seconds(30)) {
                try await keeper.list(subscriber: "s").map(\.state) == [.active, .replaced]
            }
            // Keys are nowhere in clear, and addresses are where they belong.
            let everything = try await everythingInRedis(fleet) + fleet.log.tail(.max)
            #expect(everything.contains(follower.agent))
            for secret in [follower.agentKey, Hexadecimal.text(secret), Hexadecimal.text(Fleet.sealingKey.bytes)] { #expect(!everything.contains(secret)) }
        }
    }

    @Test("R-92: after a revocation nothing is signed, exits neither, and each says so; with another agent it goes on")
    func revocation() async throws {
        let cast = Cast([.init("s", of: "leader", settings: Self.settings)])
        try await Fleet.run(cast) { fleet in
            let follower = cast.follower("s")
            let keeper = AgentKeyKeeper(fleet.postgresObserver)
            try await fleet.startAll()
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            _ = try await keeper.revoke("s", reason: "laptop stolen")
            try await fleet.knows("work-1", version: 2)
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.exchange.trade("leader", "BTC", .sell, "0.5")
            try await fleet.settled(signals: 3)
            let before = Truth(ledger: try fleet.exchange.ledger()).orders(of: follower.account).count
            #expect(before == 1)
            let secret = Self.secret()
            let key = try #require(AgentKey(parsing: Hexadecimal.text(secret)))
            try await fleet.exchange.approve(key.address, of: follower.account, name: "next", validUntil: WallClock.milliseconds + 86_400_000 * 90)
            _ = try await keeper.add(key, for: "s", name: nil, sealingKeys: SealingKeys(current: Fleet.sealingKey))
            try await fleet.knows("work-1", version: 3)
            try await fleet.exchange.trade("leader", "BTC", .sell, "0.5")
            try await fleet.settled(signals: 4)
            let truth = try await fleet.verify()
            let results = outcomes(truth, "s:leader")
            #expect(results.filter { $0.hasSuffix("FAIL_AGENT") }.sorted() == ["BTC reduce FAIL_AGENT", "ETH open FAIL_AGENT"])
            #expect(results.contains("BTC close OK_FILLED"))
            #expect(truth.results.filter { $0.outcome == .agent }.allSatisfy { $0.detail?.contains("was revoked, nothing can be signed") == true })
            #expect(truth.position(of: follower.account, "BTC").isZero)
            #expect(!fleet.log.tail(.max).contains(Hexadecimal.text(secret)))
        }
    }

    // MARK: - What can be signed

    @Test("R-92: a worker signs trading actions alone: nothing that withdraws, transfers or approves can be put into an agent's hand")
    func actions() throws {
        let all: [WorkerAction] = [
            .order([]), .cancel([(asset: 0, oid: 1)]), .cancelByCloid([(asset: 0, cloid: "0x1")]), .updateLeverage(asset: 0, isCross: true, leverage: 1), .noop,
        ]
        #expect(Set(all.map(\.kind)) == Set(WorkerAction.Kind.allCases))
        for action in all { #expect(action.json["type"] == .string(action.kind.rawValue)) }
        #expect(Set(WorkerAction.Kind.allCases.map(\.rawValue)) == ["order", "cancel", "cancelByCloid", "updateLeverage", "noop"])
        // Nowhere else in the pipeline is anything signed.
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/Pipeline")
        var signing: [String] = []
        for case let file as URL in FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil) ?? .init() where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            if text.contains("SignedAction.sign(") || text.contains("sign(digest:") || text.contains("userAction:") { signing.append(file.lastPathComponent) }
        }
        #expect(signing == ["Signers.swift"])
    }
}
