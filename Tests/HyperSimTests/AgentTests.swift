import CopyTrading
import JSON
import Testing

@testable import HyperSim

/// As a testnet account was answered on 2026-09-07.
@Suite struct AgentTests {
    static let keys = (0..<8).map { "0x" + String(repeating: "e", count: 39) + "\($0)" }

    private func approve(_ rig: Rig, _ key: String, _ name: String?, as signer: String = Rig.owner) throws -> ActionResult {
        var members: [JSON.Member] = [.init("type", "approveAgent"), .init("agentAddress", .string(key))]
        if let name { members.append(.init("agentName", .string(name))) }
        return try rig.act(.object(members), as: signer)
    }

    private func noop(_ rig: Rig, as signer: String) throws -> String? { try rig.act(["type": "noop"], as: signer).refusal }

    @Test("an approved agent trades for its owner until it expires, by default after 90 days")
    func expiry() throws {
        let rig = try Rig()
        #expect(try approve(rig, Self.keys[0], "probe") == .done)
        #expect(try rig.order(Rig.btc, .buy, "0.01", at: "51000", as: Self.keys[0]).isFilled)
        #expect(rig.size("BTC") == (try Size(parsing: "0.01")))
        rig.now += Agent.defaultValidity - 1
        #expect(try noop(rig, as: Self.keys[0]) == nil)
        rig.now += 1
        #expect(try noop(rig, as: Self.keys[0]) == "User or API Wallet \(Self.keys[0]) does not exist.")
        #expect(rig.account().namedAgents(at: rig.now).isEmpty)
    }

    @Test("valid_until in the name sets the expiry, at most 180 days ahead")
    func validUntil() throws {
        let rig = try Rig()
        let soon = rig.now + 7_200_000
        #expect(try approve(rig, Self.keys[0], "shield-probe valid_until \(soon)") == .done)
        #expect(rig.account().namedAgents(at: rig.now) == [Agent(address: Self.keys[0], name: "shield-probe", validUntil: soon)])
        for time in [rig.now, rig.now + Agent.maximumValidity + 1] {
            #expect(try approve(rig, Self.keys[1], "late valid_until \(time)").refusal == "Agent valid_until already expired.")
        }
        #expect(try approve(rig, Self.keys[1], "late valid_until \(rig.now + Agent.maximumValidity)") == .done)
        #expect(AgentName("valid_until 5") == AgentName("valid_until 5"))
        #expect(AgentName("valid_until 5").name.isEmpty && AgentName("xvalid_until 5").validUntil == nil)
    }

    @Test("another key under the same name replaces the first, whose actions are refused in the owner's name")
    func replacement() throws {
        let rig = try Rig()
        #expect(try approve(rig, Self.keys[0], "probe") == .done)
        #expect(try approve(rig, Self.keys[0], "probe").refusal == "Extra agent already used.")
        #expect(try approve(rig, Rig.other, "probe").refusal == "Extra agent already used.")
        #expect(try approve(rig, Self.keys[1], "probe") == .done)
        #expect(rig.engine.signer(Self.keys[0]) == nil && rig.engine.retiredAgent(Self.keys[0]) == Rig.owner)
        #expect(try noop(rig, as: Self.keys[1]) == nil)
        #expect(rig.account().namedAgents(at: rig.now).map(\.address) == [Self.keys[1]])
    }

    @Test("the zero address revokes, and for five seconds nothing is approved then")
    func revocation() throws {
        let rig = try Rig()
        #expect(try approve(rig, Self.keys[0], "probe") == .done)
        #expect(try approve(rig, Agent.nobody, "probe") == .done)
        #expect(try noop(rig, as: Self.keys[0]) == "User or API Wallet \(Self.keys[0]) does not exist.")
        #expect(try approve(rig, Self.keys[1], "next").refusal == "User has pending agent removal")
        rig.now += Agent.removalPause
        #expect(try approve(rig, Self.keys[1], "next") == .done)
        #expect(try approve(rig, Agent.nobody, "unknown").refusal != nil)
    }

    @Test("one agent has no name, three have one, and each sub-account allows two more")
    func limits() throws {
        let rig = try Rig()
        #expect(try approve(rig, Self.keys[0], nil) == .done)
        #expect(rig.account().namedAgents(at: rig.now).isEmpty)
        #expect(rig.engine.retiredAgent(Rig.agent) == Rig.owner)
        for number in 1...3 { #expect(try approve(rig, Self.keys[number], "agent \(number)") == .done) }
        let refusal = try approve(rig, Self.keys[4], "agent 4").refusal
        #expect(refusal == "Too many extra agents for cumulative volume traded. Current limit is 3")
        let sub = "0x" + String(repeating: "5", count: 40)
        try rig.apply(.accounts([AccountEntry(account: sub, agent: nil, master: Rig.owner, balance: Notional(5), spotBalance: .zero, mode: nil)]))
        #expect(try approve(rig, Self.keys[4], "agent 4") == .done)
        #expect(try approve(rig, Self.keys[5], "a name of 17 char").refusal != nil)
    }

    @Test("an agent acts for its owner's sub-accounts, and for nobody else's")
    func subAccounts() throws {
        let rig = try Rig()
        let sub = "0x" + String(repeating: "5", count: 40)
        try rig.apply(.accounts([AccountEntry(account: sub, agent: nil, master: Rig.owner, balance: Notional(500), spotBalance: .zero, mode: nil)]))
        let order: JSON = Signing.action(Signing.order(Rig.btc, buy: true, "51000", "0.001"))
        #expect(try rig.act(order, vault: sub).isFilled)
        #expect(rig.size("BTC", sub) == (try Size(parsing: "0.001")) && rig.size("BTC").isZero)
        #expect(try rig.act(order, as: Rig.other, vault: sub).refusal == "Vault not registered: \(sub)")
    }

    @Test("every nonce is the signer's own: two agents of an account use the same one")
    func nonces() throws {
        let rig = try Rig()
        #expect(try approve(rig, Self.keys[0], "probe") == .done)
        for signer in [Rig.agent, Self.keys[0]] {
            let input = SignedInput(
                signer: signer, nonce: UInt64(rig.now), hash: Fill.zeroHash, operation: try Operations.decode(["type": "noop"]))
            guard case .action(let result) = try rig.apply(.action(input)) else { throw JSONError(problem: "no result") }
            #expect(result == .done)
        }
    }
}
