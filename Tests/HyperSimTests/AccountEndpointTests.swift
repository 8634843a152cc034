import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Testing

@testable import HyperSim

@Suite struct AccountEndpointTests {
    static let fresh = try! SigningKey(bytes: [UInt8](repeating: 21, count: 32))

    /// As a client sends what a user signs.
    private func signed(_ type: String, _ members: [JSON.Member], key: SigningKey, nonceName: String = "nonce", nonce: UInt64) throws -> String {
        let action = JSON.object(
            [.init("type", .string(type)), .init("hyperliquidChain", "Testnet"), .init("signatureChainId", "0x66eee")] + members
                + [.init(nonceName, .integer(nonce))])
        let signature = try key.sign(digest: UserSignedAction.digest(action: action))
        let body: JSON = ["action": action, "nonce": .integer(nonce), "signature": signature.json]
        return body.text()
    }

    @Test("a key approved over the wire trades at once, is listed with its role, and is gone when revoked")
    func approveAgent() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            var nonce = UInt64(Date().timeIntervalSince1970 * 1_000)
            func post(_ type: String, _ members: [JSON.Member], _ key: SigningKey, _ nonceName: String = "nonce") async throws -> JSON {
                nonce += 1
                return try await connection.request("POST", "/exchange", try signed(type, members, key: key, nonceName: nonceName, nonce: nonce)).json
            }
            let agent = JSON.string(Self.fresh.address)
            let approved = try await post("approveAgent", [.init("agentAddress", agent), .init("agentName", "probe")], SimulatorFixture.owner)
            #expect(approved == ["status": "ok", "response": ["type": "default"]])
            var signing = Signing(key: Self.fresh)
            let order = Signing.action(Signing.order(0, buy: true, "50100", "0.01"))
            let filled = try await connection.request("POST", "/exchange", try signing.sign(order)).json
            #expect(filled[path: "response", "data", "statuses", 0, "filled", "totalSz"] == "0.01")
            let role = try await connection.post("/info", ["type": "userRole", "user": agent])
            #expect(role == ["role": "agent", "data": ["user": .string(SimulatorFixture.owner.address)]])

            let byAgent = try await post("usdSend", [.init("destination", agent), .init("amount", "1")], Self.fresh, "time")
            #expect(byAgent["response"] == .string("Must deposit before performing actions. User: \(Self.fresh.address)"))
            let unknown = try await post("usdSend", [.init("destination", agent), .init("amount", "1")], SimulatorFixture.stranger, "time")
            #expect(unknown["response"] == .string("Must deposit before performing actions. User: \(SimulatorFixture.stranger.address)"))

            _ = try await post("approveAgent", [.init("agentAddress", .string(Agent.nobody)), .init("agentName", "probe")], SimulatorFixture.owner)
            let refused = try await connection.request("POST", "/exchange", try signing.sign(order)).json
            #expect(refused["response"] == .string("User or API Wallet \(Self.fresh.address) does not exist."))
        }
    }

    @Test("R-92: an agent of the accounts file has a name and an end, is listed until then, and is unknown after it")
    func agentWithEnd() async throws {
        try await SimulatorFixture.run { fixture in
            let connection = try await fixture.connect()
            let (owner, agent) = (JSON.string(SimulatorFixture.owner.address), JSON.string(SimulatorFixture.agent.address))
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            func set(end: Int64) async throws {
                let entry: JSON = ["account": owner, "agent": agent, "balance": "10000", "agentName": "vibe", "agentValidUntil": .integer(end)]
                _ = try await connection.post("/control/accounts", ["accounts": [entry]])
            }
            #expect(try await connection.post("/info", ["type": "extraAgents", "user": owner]) == [])
            try await set(end: now + 3_600_000)
            #expect(
                try await connection.post("/info", ["type": "extraAgents", "user": owner])
                    == [["name": "vibe", "address": agent, "validUntil": .integer(now + 3_600_000)]])
            var signing = Signing()
            #expect(try await connection.request("POST", "/exchange", try signing.sign(["type": "noop"])).json["status"] == "ok")
            try await set(end: now - 1)
            #expect(try await connection.post("/info", ["type": "extraAgents", "user": owner]) == [])
            #expect(try await connection.post("/info", ["type": "userRole", "user": agent]) == ["role": "missing"])
            let refused = try await connection.request("POST", "/exchange", try signing.sign(["type": "noop"])).json
            #expect(refused["response"] == .string("User or API Wallet \(SimulatorFixture.agent.address) does not exist."))
        }
    }

    @Test("a restarted simulator knows agents, balances and approvals again")
    func restart() async throws {
        let directory = Fixture.directory()
        defer { Fixture.remove(directory) }
        var nonce = UInt64(Date().timeIntervalSince1970 * 1_000)
        let destination = JSON.string(SimulatorFixture.stranger.address)
        try await SimulatorFixture.run(in: directory) { fixture in
            let connection = try await fixture.connect()
            for (type, members, name) in [
                ("approveAgent", [JSON.Member("agentAddress", .string(Self.fresh.address))], "nonce"),
                ("usdSend", [.init("destination", destination), .init("amount", "12.5")], "time"),
                ("usdClassTransfer", [.init("amount", "7"), .init("toPerp", false)], "nonce"),
            ] {
                nonce += 1
                let body = try signed(type, members, key: SimulatorFixture.owner, nonceName: name, nonce: nonce)
                #expect(try await connection.request("POST", "/exchange", body).json["status"] == "ok", "\(type)")
            }
        }
        try await SimulatorFixture.run(in: directory, { $0.accountsFile = nil }) { fixture in
            let connection = try await fixture.connect()
            let state = try await connection.post("/info", ["type": "clearinghouseState", "user": destination])
            #expect(state[path: "marginSummary", "accountValue"] == "12.5")
            let own = try await connection.post("/info", ["type": "clearinghouseState", "user": .string(SimulatorFixture.owner.address)])
            #expect(own[path: "marginSummary", "accountValue"] == "9980.5")
            var signing = Signing(key: Self.fresh)
            #expect(try await connection.request("POST", "/exchange", try signing.sign(["type": "noop"])).json["status"] == "ok")
            #expect(try fixture.ledger.filter { $0["action"] == "transfer" }.map { $0["type"] } == ["usdSend", "usdClassTransfer"])
        }
    }
}
