/// Recognises the exchange's refusal texts.
///
/// Wordings vary between releases in ends and prefixes (` asset=3`, `L1 error: `), so a text is matched by a lower-case part of it.
/// The first match counts: a narrower part stands before a wider one.
public enum ErrorText {
    /// - Parameter unclassified: counts a text that is not known.
    public static func classify(_ text: String, counting unclassified: UnclassifiedErrors = .shared) -> ErrorClass {
        let lowered = text.lowercased()
        for rule in allRules where lowered.contains(rule.part) { return rule.meaning.classified(text) }
        unclassified.record(text)
        return .unclassified(text)
    }

    /// Classifies the status word of an order that has ended without trading (`iocCancelRejected`). A word that is not known is
    /// terminal, as the exchange ends orders with all words but `open` and `triggered`.
    public static func classify(venueStatus: String, counting unclassified: UnclassifiedErrors = .shared) -> ErrorClass {
        if let rule = orderRules.first(where: { $0.meaning.status == venueStatus }) { return rule.meaning.classified(venueStatus) }
        if OrderStatusWord.refreshing.contains(venueStatus) { return .refresh(venueStatus) }
        if OrderStatusWord.phase(of: venueStatus) == nil { unclassified.record(venueStatus) }
        return .terminal(venueStatus: venueStatus)
    }

    struct Rule: Sendable {
        let part: String
        let meaning: Meaning
    }

    enum Meaning: Sendable, Equatable {
        case terminal(String), refresh(String), requote(String), budget, closed, fatal, nonce, expired

        var status: String? {
            switch self {
            case .terminal(let status), .refresh(let status), .requote(let status): status
            case .budget, .closed, .fatal, .nonce, .expired: nil
            }
        }

        func classified(_ text: String) -> ErrorClass {
            switch self {
            case .terminal(let status): .terminal(venueStatus: status)
            case .refresh(let status): .refresh(status)
            case .requote(let status): .requote(status)
            case .budget: .budget(text)
            case .closed: .closed(text)
            case .fatal: .fatalForAccount(text)
            case .nonce: .nonce(text)
            case .expired: .expired
            }
        }
    }

    private static let allRules = orderRules + actionRules

    /// Texts inside `statuses`, with the status word that shows in order updates.
    static let orderRules: [Rule] = [
        Rule(part: "divisible by tick size", meaning: .terminal("tickRejected")),
        Rule(part: "order must have minimum value", meaning: .terminal("minTradeNtlRejected")),
        Rule(part: "insufficient margin to place order", meaning: .refresh("perpMarginRejected")),
        Rule(part: "reduce only order would increase position", meaning: .refresh("reduceOnlyRejected")),
        Rule(part: "post only order would have immediately matched", meaning: .requote("badAloPxRejected")),
        Rule(part: "could not immediately match", meaning: .requote("iocCancelRejected")),
        Rule(part: "invalid tp/sl price", meaning: .terminal("badTriggerPxRejected")),
        Rule(part: "no liquidity available for market order", meaning: .requote("marketOrderNoLiquidityRejected")),
        Rule(part: "while at open interest cap", meaning: .terminal("tooAggressiveAtOpenInterestCapRejected")),
        Rule(part: "would increase open interest too quickly", meaning: .terminal("openInterestIncreaseRejected")),
        Rule(part: "open interest is increasing too quickly", meaning: .terminal("openInterestIncreaseRejected")),
        Rule(part: "while open interest is capped", meaning: .terminal("positionIncreaseAtOpenInterestCapRejected")),
        Rule(part: "insufficient spot balance", meaning: .refresh("insufficientSpotBalanceRejected")),
        Rule(part: "too far from oracle", meaning: .refresh("oracleRejected")),
        Rule(part: "exceed margin tier limit", meaning: .terminal("perpMaxPositionRejected")),
        Rule(part: "exceed maximum position size", meaning: .terminal("perpMaxPositionRejected")),
        Rule(part: "too many open orders", meaning: .terminal("tooManyOpenOrdersRejected")),
        Rule(part: "80% away from the reference price", meaning: .refresh("priceBand")),
        Rule(part: "order has invalid size", meaning: .terminal("invalidSize")),
        Rule(part: "order has invalid price", meaning: .terminal("invalidPrice")),
        Rule(part: "order has zero size", meaning: .terminal("zeroSize")),
        Rule(part: "orders are empty", meaning: .terminal("emptyBatch")),
        Rule(part: "different asset classes", meaning: .terminal("mixedAssetClasses")),
        Rule(part: "twap", meaning: .terminal("twapRefused")),
        Rule(part: "order was never placed, already canceled, or filled", meaning: .terminal("orderGone")),
        Rule(part: "delisted", meaning: .terminal("delisted")),
    ]

    /// Before the address that was recovered from a signature, see ``SignerRefusal``.
    static let unknownWallet = "user or api wallet"

    /// Texts that refuse a whole action.
    static let actionRules: [Rule] = [
        Rule(part: unknownWallet, meaning: .fatal),
        Rule(part: "must deposit before performing actions", meaning: .fatal),
        Rule(part: "unable to recover signer", meaning: .fatal),
        Rule(part: "require different signature", meaning: .fatal),
        Rule(part: "vault not registered", meaning: .fatal),
        Rule(part: "builder fee has not been approved", meaning: .fatal),
        Rule(part: "multi-sig required", meaning: .fatal),
        Rule(part: "invalid nonce", meaning: .nonce),
        Rule(part: "nonce mismatch", meaning: .nonce),
        Rule(part: "action already expired", meaning: .expired),
        Rule(part: "too many cumulative requests", meaning: .budget),
        Rule(part: "only post-only orders allowed", meaning: .closed),
        Rule(part: "over weight limit", meaning: .terminal("overWeightLimit")),
        Rule(part: "cannot switch leverage type", meaning: .terminal("leverageRefused")),
        Rule(part: "cross margin is not allowed", meaning: .terminal("leverageRefused")),
        Rule(part: "invalid leverage value", meaning: .terminal("leverageRefused")),
        Rule(part: "sufficient margin available to decrease leverage", meaning: .refresh("leverageMargin")),
        Rule(part: "does not use isolated margin", meaning: .terminal("isolatedMarginRefused")),
        Rule(part: "isolated margin cannot be zero", meaning: .terminal("isolatedMarginRefused")),
        Rule(part: "cannot update margin for empty position", meaning: .refresh("isolatedMargin")),
        Rule(part: "sufficient margin available for increase", meaning: .refresh("isolatedMargin")),
        Rule(part: "sufficient margin for reduction", meaning: .refresh("isolatedMargin")),
        Rule(part: "cannot remove isolated margin", meaning: .terminal("isolatedMarginRefused")),
        Rule(part: "asset not strict isolated", meaning: .terminal("isolatedMarginRefused")),
        Rule(part: "cannot modify canceled or filled order", meaning: .terminal("orderGone")),
        Rule(part: "attempted to modify to invalid new order", meaning: .terminal("modifyRefused")),
        Rule(part: "cannot set scheduled cancel time", meaning: .terminal("scheduledCancelRefused")),
        Rule(part: "too many scheduled cancels", meaning: .terminal("scheduledCancelRefused")),
        Rule(part: "cannot create sub-accounts", meaning: .terminal("subAccountRefused")),
        Rule(part: "invalid sub-account transfer", meaning: .terminal("transferRefused")),
        Rule(part: "too many extra agents", meaning: .terminal("agentRefused")),
        Rule(part: "extra agent already used", meaning: .terminal("agentRefused")),
        Rule(part: "pending agent removal", meaning: .terminal("agentRefused")),
        Rule(part: "agent valid_until already expired", meaning: .terminal("agentRefused")),
        Rule(part: "agent can only send asset", meaning: .terminal("transferRefused")),
        Rule(part: "invalid send", meaning: .terminal("transferRefused")),
        Rule(part: "insufficient balance for", meaning: .terminal("transferRefused")),
        Rule(part: "referral code not registered", meaning: .terminal("referralRefused")),
        Rule(part: "unexpected error (code=", meaning: .terminal("unexpectedError")),
    ]
}
