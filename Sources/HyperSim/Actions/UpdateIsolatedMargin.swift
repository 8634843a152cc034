import CopyTrading
import JSON

/// `{"type":"updateIsolatedMargin","asset","isBuy","ntli"}`: `ntli` in millionths of a USDC, negative to take away.
struct UpdateIsolatedMargin: Operation {
    let asset: Int
    let isBuy: Bool
    let amount: Notional

    init(json: JSON) throws(JSONError) {
        asset = Int(try json.integer("asset"))
        isBuy = try json.bool("isBuy")
        amount = try json.millionths("ntli")
    }

    var canonical: JSON {
        ["type": "updateIsolatedMargin", "asset": .integer(asset), "isBuy": .bool(isBuy), "ntli": .integer(amount.e8 / 100)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        ActionResult(refusal: engine.updateIsolatedMargin(asset: asset, by: amount, context))
    }
}

/// `{"type":"topUpIsolatedOnlyMargin","asset","leverage":"5"}`: adds margin until the position has this leverage.
struct TopUpIsolatedOnlyMargin: Operation {
    let asset: Int
    let leverage: Size

    init(json: JSON) throws(JSONError) {
        asset = Int(try json.integer("asset"))
        leverage = try json.decimal("leverage")
        guard leverage.e8 > 0 else { throw JSONError(path: "leverage", problem: "expected more than 0, found \(leverage)") }
    }

    var canonical: JSON { ["type": "topUpIsolatedOnlyMargin", "asset": .integer(asset), "leverage": .string(leverage.description)] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        ActionResult(refusal: engine.topUpIsolatedMargin(asset: asset, leverageE8: leverage.e8, context))
    }
}
