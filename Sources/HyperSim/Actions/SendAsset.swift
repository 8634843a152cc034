import CopyTrading
import Hyperliquid
import JSON

/// `{"type":"spotSend","destination","token","amount","time"}`: between spot accounts, USDC only.
struct SendSpot: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.spotSend
    let destination: String
    let token: String
    let amount: Notional
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        destination = try json.at("destination", Address.init(json:)).text
        token = try json.string("token")
        amount = try json.amount("amount")
        nonce = try json.unsigned("time")
    }

    var canonical: JSON {
        [
            "type": "spotSend", "destination": .string(destination), "token": .string(token), "amount": .string(amount.description),
            "time": .integer(nonce),
        ]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        guard SendAsset.isUSDC(token) else { return .refused(Engine.insufficientForTransfer) }
        return ActionResult(refusal: engine.sendSpot(amount, from: context.account, to: destination, context))
    }
}

/// `{"type":"sendAsset","destination","sourceDex","destinationDex","token","amount","fromSubAccount","nonce"}`: a dex is "" for the main one,
/// "spot", or a builder's name. USDC only.
struct SendAsset: UserSignedOperation {
    static let primaryType = UserSignedAction.PrimaryType.sendAsset
    let destination: String
    let sourceDex: String
    let destinationDex: String
    let token: String
    let amount: Notional
    /// "" for the signer's own account.
    let fromSubAccount: String
    let nonce: UInt64

    init(json: JSON) throws(JSONError) {
        destination = try json.at("destination", Address.init(json:)).text
        sourceDex = try json.string("sourceDex")
        destinationDex = try json.string("destinationDex")
        token = try json.string("token")
        amount = try json.amount("amount")
        fromSubAccount = try json.string("fromSubAccount").lowercased()
        nonce = try json.unsigned("nonce")
    }

    var canonical: JSON {
        [
            "type": "sendAsset", "destination": .string(destination), "sourceDex": .string(sourceDex), "destinationDex": .string(destinationDex),
            "token": .string(token), "amount": .string(amount.description), "fromSubAccount": .string(fromSubAccount), "nonce": .integer(nonce),
        ]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        guard Self.isUSDC(token) else { return .refused(Engine.invalidSend) }
        return ActionResult(refusal: engine.sendAsset(self, context))
    }

    /// `USDC`, with or without `:` and its token id.
    static func isUSDC(_ token: String) -> Bool { token == "USDC" || token.hasPrefix("USDC:") }
}

/// `{"type":"agentSendAsset",…}` with the members of ``SendAsset``: by an agent, between its owner's own accounts.
struct SendAssetByAgent: Operation {
    let send: SendAsset
    let canonical: JSON

    /// Finer amounts are refused.
    static let decimals = 6

    init(json: JSON) throws(JSONError) {
        send = try SendAsset(json: json)
        canonical = [
            "type": "agentSendAsset", "destination": .string(send.destination), "sourceDex": .string(send.sourceDex),
            "destinationDex": .string(send.destinationDex), "token": .string(send.token), "amount": .string(try json.string("amount")),
            "fromSubAccount": .string(send.fromSubAccount), "nonce": .integer(send.nonce),
        ]
    }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        guard engine.ownAccount(send.destination, context.account) != nil else {
            return .refused("Agent can only send asset to same user or their sub-accounts.")
        }
        guard send.amount == send.amount.truncated(decimals: Self.decimals) else { return .refused(Engine.invalidSend) }
        return send.perform(on: engine, context)
    }
}
