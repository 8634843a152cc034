import Hyperliquid
import JSON

/// `{"type":"approveBuilderFee","maxFeeRate":"0.01%","builder","nonce"}`: `0%` revokes.
struct ApproveBuilderFee: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.approveBuilderFee
    let builder: String
    let rate: String
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        builder = try json.at("builder", Address.init(json:)).text
        rate = try json.string("maxFeeRate")
        nonce = try json.unsigned("nonce")
    }

    var canonical: JSON {
        ["type": "approveBuilderFee", "maxFeeRate": .string(rate), "builder": .string(builder), "nonce": .integer(nonce)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        // No recording shows how the exchange words this one.
        guard let rate = BuilderCode.rate(rate) else { return .refused("Invalid builder fee rate \(rate)") }
        return ActionResult(refusal: engine.approve(builder: builder, rate: rate, context))
    }
}
