import JSON

/// `{"type":"updateLeverage","asset","isCross","leverage"}`
struct UpdateLeverage: Operation {
    let asset: Int
    let isCross: Bool
    let leverage: Int

    init(json: JSON) throws(JSONError) {
        asset = Int(try json.integer("asset"))
        isCross = try json.bool("isCross")
        let leverage = try json.integer("leverage")
        guard leverage >= 0, leverage <= Int64(UInt32.max) else { throw JSONError(path: "leverage", problem: "out of range") }
        self.leverage = Int(leverage)
    }

    var canonical: JSON {
        ["type": "updateLeverage", "asset": .integer(asset), "isCross": .bool(isCross), "leverage": .integer(leverage)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        engine.updateLeverage(asset: asset, isCross: isCross, leverage: leverage, context).map(ActionResult.refused) ?? .done
    }
}
