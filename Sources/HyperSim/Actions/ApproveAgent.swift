import CopyTrading
import Hyperliquid
import JSON

/// `{"type":"approveAgent","agentAddress","agentName"?,"nonce"}`: the name may end in ` valid_until <milliseconds>`; the zero address revokes.
struct ApproveAgent: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.approveAgent
    let address: String
    let name: String
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        address = try json.at("agentAddress", Address.init(json:)).text
        name = try json.maybe("agentName") { value throws(JSONError) in try value.asString() } ?? ""
        nonce = try json.unsigned("nonce")
    }

    var canonical: JSON {
        ["type": "approveAgent", "agentAddress": .string(address), "agentName": .string(name), "nonce": .integer(nonce)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        ActionResult(refusal: engine.approve(address, as: AgentName(name), context))
    }
}

extension ActionResult {
    /// - Parameter refusal: `nil` when it was done.
    init(refusal: String?) { self = refusal.map(ActionResult.refused) ?? .done }
}

extension JSON {
    func unsigned(_ name: String) throws(JSONError) -> UInt64 { try at(name) { value throws(JSONError) in try value.asUnsigned() } }

    /// A positive amount as a decimal string.
    func amount(_ name: String) throws(JSONError) -> Notional {
        try at(name) { value throws(JSONError) in try Self.amount(try value.asString()) }
    }

    static func amount(_ text: String) throws(JSONError) -> Notional {
        let amount: Notional
        do { amount = try Notional(parsing: text) } catch { throw JSONError(problem: error.description) }
        guard amount.e8 > 0 else { throw JSONError(problem: "expected a positive amount, found \(text)") }
        return amount
    }

    /// USDC as a whole number of millionths.
    func millionths(_ name: String) throws(JSONError) -> Notional {
        let millionths = try integer(name)
        guard millionths.magnitude <= UInt64(Notional.limit / 100) else { throw JSONError(path: name, problem: "\(millionths) is out of range") }
        return Notional(e8: millionths * 100)
    }
}
