import Hyperliquid
import JSON

/// `{"type":"userSetAbstraction","user","abstraction","nonce"}`: the mode of the signer's account or of one of its sub-accounts.
struct SetAbstraction: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.userSetAbstraction
    let user: String
    let mode: AccountMode
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        user = try json.at("user", Address.init(json:)).text
        mode = try json.at("abstraction") { value throws(JSONError) in
            guard let mode = AccountMode(rawValue: try value.asString()), mode != .standard else { throw JSONError(problem: "\(value.kind) is no mode") }
            return mode
        }
        nonce = try json.unsigned("nonce")
    }

    var canonical: JSON {
        ["type": "userSetAbstraction", "user": .string(user), "abstraction": .string(mode.rawValue), "nonce": .integer(nonce)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        guard let account = engine.ownAccount(user, context.account) else { return .refused("Vault not registered: \(user)") }
        return ActionResult(refusal: engine.set(mode, of: account, context))
    }
}

/// `{"type":"agentSetAbstraction","abstraction":"u"|"p"|"i"}`: the same, by an agent.
struct SetAbstractionByAgent: Operation {
    let letter: String
    let mode: AccountMode

    init(json: JSON) throws(JSONError) {
        letter = try json.string("abstraction")
        guard let mode = AccountMode(letter: letter) else { throw JSONError(path: "abstraction", problem: "\(letter) is no mode") }
        self.mode = mode
    }

    var canonical: JSON { ["type": "agentSetAbstraction", "abstraction": .string(letter)] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { ActionResult(refusal: engine.set(mode, of: context.account, context)) }
}

/// `{"type":"userDexAbstraction","user","enabled","nonce"}`: accepted, and always on: an account's dexes share one balance here.
struct SetDexAbstraction: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.userDexAbstraction
    let user: String
    let isEnabled: Bool
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        user = try json.at("user", Address.init(json:)).text
        isEnabled = try json.bool("enabled")
        nonce = try json.unsigned("nonce")
    }

    var canonical: JSON {
        ["type": "userDexAbstraction", "user": .string(user), "enabled": .bool(isEnabled), "nonce": .integer(nonce)]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        engine.ownAccount(user, context.account) == nil ? .refused("Vault not registered: \(user)") : .done
    }
}

/// `{"type":"agentEnableDexAbstraction"}`: as ``SetDexAbstraction``.
struct EnableDexAbstractionByAgent: Operation {
    init(json: JSON) {}

    var canonical: JSON { ["type": "agentEnableDexAbstraction"] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult { .done }
}
