import CopyTrading
import Hyperliquid
import JSON

/// `{"type":"usdSend","destination","amount","time"}`: between the perpetuals' accounts; a new destination is opened.
struct SendUSD: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.usdSend
    let destination: String
    let amount: Notional
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        destination = try json.at("destination", Address.init(json:)).text
        amount = try json.amount("amount")
        nonce = try json.unsigned("time")
    }

    var canonical: JSON {
        ["type": "usdSend", "destination": .string(destination), "amount": .string(amount.description), "time": .integer(nonce)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        ActionResult(refusal: engine.sendUSD(amount, to: destination, context))
    }
}

/// `{"type":"withdraw3","destination","amount","time"}`: out of the exchange.
struct Withdraw: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.withdraw
    let destination: String
    let amount: Notional
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        destination = try json.at("destination", Address.init(json:)).text
        amount = try json.amount("amount")
        nonce = try json.unsigned("time")
    }

    var canonical: JSON {
        ["type": "withdraw3", "destination": .string(destination), "amount": .string(amount.description), "time": .integer(nonce)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { ActionResult(refusal: engine.withdraw(amount, context)) }
}
