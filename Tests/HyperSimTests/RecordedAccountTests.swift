import CopyTrading
import Foundation
import JSON
import Testing

@testable import HyperSim

/// A testnet account's requests about agents, money and margin, and how the exchange refused them on 2026-09-07.
@Suite struct RecordedAccountTests {
    private static let recordedOwner = "0xe7c2adb44064e705a2e955770440c527373967a1"
    private static let dead = "0x000000000000000000000000000000000000dead"

    /// The text of the step of the behaviour log that begins with `name`, for the rig's owner.
    private static func refusal(_ name: String) throws -> String {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/recorded/testnet_behaviour_2026-09-07.json")
        let text = try String(contentsOf: url, encoding: .utf8).replacingOccurrences(of: recordedOwner, with: Rig.owner)
        let steps = try JSON.parse(text).array("steps")
        let step = try #require(steps.first { (try? $0.string("do").hasPrefix(name)) == true }, "no step \(name)")
        return try step.field("res").string("response")
    }

    private static func send(to destination: String, _ amount: String) -> JSON {
        [
            "type": "agentSendAsset", "destination": .string(destination), "sourceDex": "", "destinationDex": "spot", "token": "USDC",
            "amount": .string(amount), "fromSubAccount": "",
        ]
    }

    private static func approve(_ key: Int, _ name: String) -> JSON {
        ["type": "approveAgent", "agentAddress": .string(AgentTests.keys[key]), "agentName": .string(name)]
    }

    @Test("margin and money are refused in the recorded words")
    func money() throws {
        let rig = try Rig()
        let usd = JSON.integer(1_000_000)
        for (step, action) in [
            ("agentSendAsset to a third party", Self.send(to: Self.dead, "1")),
            ("agentSendAsset with 8 decimals", Self.send(to: Rig.owner, "1.00000001")),
            ("subAccountTransfer to an address", ["type": "subAccountTransfer", "subAccountUser": .string(Self.dead), "isDeposit": true, "usd": usd]),
            ("vaultTransfer to an unknown vault", ["type": "vaultTransfer", "vaultAddress": .string(Self.dead), "isDeposit": true, "usd": usd]),
            ("setReferrer with an unknown code", ["type": "setReferrer", "code": "NOBODY"]),
        ] as [(String, JSON)] {
            #expect(try rig.act(action).refusal == Self.refusal(step), "\(step)")
        }
        #expect(try rig.act(Self.send(to: Rig.owner, "1.000001")) == .done)
        #expect(try rig.act(["type": "noop"], expiresAfter: UInt64(rig.now - 1)).refusal == Self.refusal("order with expiresAfter in the past"))
        let volume = try Self.refusal("createSubAccount").replacingOccurrences(of: "12066.75", with: "0")
        #expect(try rig.act(["type": "createSubAccount", "name": "desk"]).refusal == volume)

        try rig.order(Rig.btc, .buy, "0.00015", at: "51000", "Gtc")
        try rig.order(Rig.btc, .buy, "0.001", at: "51000")
        let update: JSON = ["type": "updateIsolatedMargin", "asset": 0, "isBuy": true, "ntli": usd]
        #expect(try rig.act(update).refusal == Self.refusal("updateIsolatedMargin on a cross position"))
        let leverage: JSON = ["type": "updateLeverage", "asset": 0, "isCross": false, "leverage": 40]
        #expect(try rig.act(leverage).refusal == Self.refusal("updateLeverage 40x ISOLATED"))
    }

    @Test("agents are refused in the recorded words")
    func agents() throws {
        let rig = try Rig()
        #expect(try rig.act(Self.approve(0, "shield-probe valid_until \(rig.now + 7_200_000)"), as: Rig.owner) == .done)
        #expect(try rig.act(Self.approve(0, "shield-probe"), as: Rig.owner).refusal == Self.refusal("approveAgent: same name AND same address"))
        for time in [rig.now - 1, rig.now + 181 * 86_400_000] {
            let late = try rig.act(Self.approve(1, "late valid_until \(time)"), as: Rig.owner).refusal
            #expect(try late == Self.refusal("approveAgent valid_until in the past"))
        }
        for key in 1...2 { #expect(try rig.act(Self.approve(key, "agent \(key)"), as: Rig.owner) == .done) }
        #expect(try rig.act(Self.approve(3, "agent 3"), as: Rig.owner).refusal == Self.refusal("approveAgent for a 4th named agent"))
        #expect(try rig.act(["type": "approveAgent", "agentAddress": .string(Agent.nobody), "agentName": "agent 1"], as: Rig.owner) == .done)
        #expect(try rig.act(Self.approve(3, "agent 3"), as: Rig.owner).refusal == Self.refusal("approveAgent within ~5 s"))
        let revoked = try rig.act(["type": "noop"], as: AgentTests.keys[1]).refusal
        #expect(try revoked == Self.refusal("approveAgent same name with address 0x0").replacingOccurrences(
            of: "0xee9445db6da72821f812946502be3fd1a636e1dd", with: AgentTests.keys[1]))
    }
}
