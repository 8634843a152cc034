import Cryptography
import JSON
import Testing

@testable import Hyperliquid

@Suite("Signing requests")
struct SigningRequestTests {
    static let faulty: [(String, String)] = [
        (#"[]"#, ""),
        (#"{"network":"mainnet","nonce":1}"#, "action"),
        (#"{"network":"mainnet","nonce":1,"action":"noop"}"#, "action"),
        (#"{"nonce":1,"action":{"type":"noop"}}"#, "network"),
        (#"{"network":"Mainnet","nonce":1,"action":{"type":"noop"}}"#, "network"),
        (#"{"network":"mainnet","action":{"type":"noop"}}"#, "nonce"),
        (#"{"network":"mainnet","nonce":"1","action":{"type":"noop"}}"#, "nonce"),
        (#"{"network":"mainnet","nonce":-1,"action":{"type":"noop"}}"#, "nonce"),
        (#"{"network":"mainnet","nonce":1,"expiresAfter":1.5,"action":{"type":"noop"}}"#, "expiresAfter"),
        (#"{"network":"mainnet","nonce":1,"vaultAddress":"0x12","action":{"type":"noop"}}"#, "vaultAddress"),
        (#"{"network":"mainnet","nonce":1,"vaultAddress":7,"action":{"type":"noop"}}"#, "vaultAddress"),
        (#"{"kind":"l2","network":"mainnet","nonce":1,"action":{"type":"noop"}}"#, "kind"),
        (#"{"kind":"userSigned","network":"mainnet","action":{"type":"noop"}}"#, "action.type"),
        (#"{"kind":"userSigned","primaryType":"Noop","network":"mainnet","action":{}}"#, "primaryType"),
        (#"{"network":"testnet","action":{"type":"usdSend","hyperliquidChain":"Mainnet"}}"#, "action.hyperliquidChain"),
        (#"{"network":"mainnet","nonce":1,"action":{"type":"order","orders":[{"s":0.1}]}}"#, "action.orders[0].s"),
        (#"{"network":"mainnet","action":{"type":"usdSend","hyperliquidChain":"Mainnet","signatureChainId":"0x1"}}"#, "action.destination"),
        (#"{"network":"mainnet","action":{"type":"usdSend","hyperliquidChain":"Mainnet","destination":"0x1","amount":"1","time":1}}"#,
            "action.signatureChainId"),
        (#"{"network":"mainnet","action":{"type":"usdSend","hyperliquidChain":"Mainnet","signatureChainId":"0x1","destination":"0x1","amount":1,"time":1}}"#,
            "action.amount"),
        (#"{"network":"mainnet","action":{"type":"approveAgent","hyperliquidChain":"Mainnet","signatureChainId":"0x1","agentAddress":"0x1","nonce":1}}"#,
            "action.agentAddress"),
    ]

    @Test("a fault is reported with the field's name", arguments: faulty)
    func faults(text: String, field: String) throws {
        let key = try SigningKey(bytes: [UInt8](repeating: 1, count: 32))
        let json = try JSON.parse(text)
        let error = try #require(throws: SigningError.self) { _ = try SigningRequest(json: json).sign(key: key) }
        #expect(error.field == field, "\(error)")
    }

    @Test("the kind follows from the action's type when it is left out")
    func kindLeftOut() throws {
        let order = try SigningRequest(json: JSON.parse(#"{"network":"testnet","nonce":5,"action":{"type":"noop"}}"#))
        #expect(order.payload == .l1(nonce: 5, vaultAddress: nil, expiresAfter: nil))
        let send = try SigningRequest(
            json: JSON.parse(#"{"network":"testnet","action":{"type":"withdraw3","hyperliquidChain":"Testnet"}}"#))
        #expect(send.payload == .userSigned(.withdraw))
    }

    @Test("an unnamed agent is signed with an empty name and posted without it")
    func unnamedAgent() throws {
        let key = try SigningKey(bytes: [UInt8](repeating: 1, count: 32))
        let address = "0x1d9470d4b963f552e6f671a81619d395877bf409"
        let named: JSON = [
            "type": "approveAgent", "hyperliquidChain": "Testnet", "signatureChainId": "0x66eee", "agentAddress": .string(address),
            "agentName": "", "nonce": 7,
        ]
        guard case .object(let members) = named else { return }
        let unnamed = JSON.object(members.filter { $0.name != "agentName" })
        let signed = try SignedAction.sign(userAction: named, key: key)
        #expect(signed.action == unnamed && signed.nonce == 7)
        #expect(try SignedAction.sign(userAction: unnamed, key: key) == signed)
    }
}
