import CopyTrading
import JSON

/// `{"type":"createSubAccount","name"}`, answered with the address.
struct CreateSubAccount: Operation {
    let name: String

    init(json: JSON) throws(JSONError) { name = try json.string("name") }

    var canonical: JSON { ["type": "createSubAccount", "name": .string(name)] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { engine.createSubAccount(name, context) }
}

/// `{"type":"subAccountTransfer","subAccountUser","isDeposit","usd"}`: `usd` in millionths.
struct TransferToSubAccount: Operation {
    let address: String
    let isDeposit: Bool
    let amount: Notional

    init(json: JSON) throws(JSONError) {
        address = try json.at("subAccountUser", Address.init(json:)).text
        isDeposit = try json.bool("isDeposit")
        amount = try json.millionths("usd")
        guard amount.e8 > 0 else { throw JSONError(path: "usd", problem: "expected a positive amount, found \(amount)") }
    }

    var canonical: JSON {
        ["type": "subAccountTransfer", "subAccountUser": .string(address), "isDeposit": .bool(isDeposit), "usd": .integer(amount.e8 / 100)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        ActionResult(refusal: engine.transferToSubAccount(amount, isDeposit: isDeposit, address, inSpot: false, context))
    }
}

/// `{"type":"subAccountSpotTransfer","subAccountUser","isDeposit","token","amount"}`: USDC only.
struct TransferSpotToSubAccount: Operation {
    let address: String
    let isDeposit: Bool
    let token: String
    let amount: Notional
    private let amountText: String

    init(json: JSON) throws(JSONError) {
        address = try json.at("subAccountUser", Address.init(json:)).text
        isDeposit = try json.bool("isDeposit")
        token = try json.string("token")
        amountText = try json.string("amount")
        amount = try json.amount("amount")
    }

    var canonical: JSON {
        [
            "type": "subAccountSpotTransfer", "subAccountUser": .string(address), "isDeposit": .bool(isDeposit), "token": .string(token),
            "amount": .string(amountText),
        ]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        guard SendAsset.isUSDC(token) else { return .refused(Engine.insufficientForTransfer) }
        return ActionResult(refusal: engine.transferToSubAccount(amount, isDeposit: isDeposit, address, inSpot: true, context))
    }
}

/// `{"type":"vaultTransfer","vaultAddress","isDeposit","usd"}`: `usd` in millionths.
struct TransferToVault: Operation {
    let address: String
    let isDeposit: Bool
    let amount: Notional

    init(json: JSON) throws(JSONError) {
        address = try json.at("vaultAddress", Address.init(json:)).text
        isDeposit = try json.bool("isDeposit")
        amount = try json.millionths("usd")
        guard amount.e8 > 0 else { throw JSONError(path: "usd", problem: "expected a positive amount, found \(amount)") }
    }

    var canonical: JSON {
        ["type": "vaultTransfer", "vaultAddress": .string(address), "isDeposit": .bool(isDeposit), "usd": .integer(amount.e8 / 100)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        ActionResult(refusal: engine.transferToVault(amount, isDeposit: isDeposit, address, context))
    }
}
