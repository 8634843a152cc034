import Hyperliquid
import JSON

/// One kind of action: how it is read, what of it is hashed, and what it does. Each kind is a file of this folder.
protocol Operation: SendableMetatype {
    /// - Throws: what the exchange answers with HTTP 422.
    init(json: JSON) throws(JSONError)
    /// What the exchange hashes: the decoded action written out anew, in its own order of members, decimals canonical, hexadecimal in lower
    /// case, nulls left out. A client that hashed another text is recovered as another signer.
    var canonical: JSON { get }
    /// Items the limit of 200 and the account's request budget count.
    var itemCount: Int { get }
    /// Whether the higher ceiling of the request budget applies.
    var isCancel: Bool { get }
    /// Of the orders it would place, for the ledger.
    var cloids: [String] { get }
    /// Carries it out. Expiry, nonce, the number of items and the request budget have been judged.
    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult
}

extension Operation {
    var itemCount: Int { 1 }
    var isCancel: Bool { false }
    var cloids: [String] { [] }
}

/// An action that only an account's owner may sign, over its own fields instead of a phantom agent.
protocol UserSignedOperation: Operation {
    static var primaryType: UserSignedAction.PrimaryType { get }
    /// The action's own `nonce` or `time`, which must repeat the envelope's.
    var nonce: UInt64 { get }
}

/// What an action comes to; see ``ExchangeReply`` for the wire.
enum ActionResult: Equatable {
    /// One per order, in the order sent, or a single error for a batch refused as a whole.
    case orders([OrderAnswer])
    /// Per cancel `nil` for success, or the exchange's text.
    case cancels([String?])
    /// Done, with nothing to report.
    case done
    /// Done, with `{"type":type,"data":data}`.
    case data(type: String, JSON)
    /// The whole action is refused with this text; its nonce is used up.
    case refused(String)
}

/// The kinds of action that are served, by the exchange's `type`.
enum Operations {
    static func decode(_ json: JSON) throws(JSONError) -> any Operation {
        let type = try json.string("type")
        guard let operation = table[type] else { throw JSONError(path: "type", problem: "\(type) is unknown") }
        return try operation.init(json: json)
    }

    static let table: [String: any Operation.Type] = [
        "order": PlaceOrders.self,
        "cancel": CancelOrders.self,
        "cancelByCloid": CancelOrdersByCloid.self,
        "modify": ModifyOrder.self,
        "batchModify": ModifyOrders.self,
        "scheduleCancel": ScheduleCancel.self,
        "twapOrder": PlaceTwap.self,
        "twapCancel": CancelTwap.self,
        "noop": Noop.self,
        "updateLeverage": UpdateLeverage.self,
        "updateIsolatedMargin": UpdateIsolatedMargin.self,
        "topUpIsolatedOnlyMargin": TopUpIsolatedOnlyMargin.self,
        "approveAgent": ApproveAgent.self,
        "approveBuilderFee": ApproveBuilderFee.self,
        "usdSend": SendUSD.self,
        "spotSend": SendSpot.self,
        "sendAsset": SendAsset.self,
        "agentSendAsset": SendAssetByAgent.self,
        "usdClassTransfer": TransferBetweenClasses.self,
        "withdraw3": Withdraw.self,
        "userSetAbstraction": SetAbstraction.self,
        "userDexAbstraction": SetDexAbstraction.self,
        "agentSetAbstraction": SetAbstractionByAgent.self,
        "agentEnableDexAbstraction": EnableDexAbstractionByAgent.self,
        "createSubAccount": CreateSubAccount.self,
        "subAccountTransfer": TransferToSubAccount.self,
        "subAccountSpotTransfer": TransferSpotToSubAccount.self,
        "vaultTransfer": TransferToVault.self,
        "setReferrer": SetReferrer.self,
        "reserveRequestWeight": ReserveRequestWeight.self,
        "evmUserModify": ModifyEvmUser.self,
    ]
}
