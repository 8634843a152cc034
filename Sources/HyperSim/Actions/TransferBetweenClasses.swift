import CopyTrading
import Hyperliquid
import JSON

/// `{"type":"usdClassTransfer","amount","toPerp","nonce"}`: between spot and perpetuals; the amount may end in ` subaccount:0x…`, whose money
/// is then meant.
struct TransferBetweenClasses: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.usdClassTransfer
    let amount: Notional
    let subAccount: String
    let toPerpetuals: Bool
    let nonce: UInt64

    private static let marker = " subaccount:"

    init(json: JSON) throws(JSONError) {
        let parts = try json.string("amount").split(separator: Self.marker, maxSplits: 1)
        amount = try json.at("amount") { _ throws(JSONError) in try JSON.amount(String(parts.first ?? "")) }
        subAccount = try json.at("amount") { _ throws(JSONError) in
            guard parts.count == 2 else { return "" }
            return try Address(json: .string(String(parts[1]))).text
        }
        toPerpetuals = try json.bool("toPerp")
        nonce = try json.unsigned("nonce")
    }

    var canonical: JSON {
        let text = subAccount.isEmpty ? amount.description : amount.description + Self.marker + subAccount
        return ["type": "usdClassTransfer", "amount": .string(text), "toPerp": .bool(toPerpetuals), "nonce": .integer(nonce)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        guard let account = engine.ownAccount(subAccount, context.account) else { return .refused("Vault not registered: \(subAccount)") }
        return ActionResult(refusal: engine.transferBetweenClasses(amount, toPerpetuals: toPerpetuals, of: account, context))
    }
}
