import JSON

/// `{"type":"setReferrer","code"}`: nobody has registered a code here.
struct SetReferrer: Operation {
    let code: String

    init(json: JSON) throws(JSONError) { code = try json.string("code") }

    var canonical: JSON { ["type": "setReferrer", "code": .string(code)] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { .refused("Referral code not registered") }
}

/// `{"type":"evmUserModify","usingBigBlocks"}`: about the EVM side, which is not simulated; accepted.
struct ModifyEvmUser: Operation {
    let usesBigBlocks: Bool

    init(json: JSON) throws(JSONError) { usesBigBlocks = try json.bool("usingBigBlocks") }

    var canonical: JSON { ["type": "evmUserModify", "usingBigBlocks": .bool(usesBigBlocks)] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { .done }
}
