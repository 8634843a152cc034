/// The status words of orders (`open`, `iocCancelRejected`, …), as `orderStatus`, `historicalOrders` and order updates give them.
public enum OrderStatusWord {
    public enum Phase: Sendable, Equatable {
        /// Can still trade.
        case live
        case filled
        /// Ended by its owner or the exchange; parts may have traded.
        case canceled
        /// Ended without ever resting; parts of an immediate-or-cancel order may have traded.
        case rejected
    }

    /// `nil`: a word not known here. Its order has ended, as all words but `open` and `triggered` end one.
    public static func phase(of word: String) -> Phase? { phases[word] }

    /// False while the order can still trade.
    public static func isTerminal(_ word: String) -> Bool { phase(of: word) != .live }

    /// Every word known.
    static let phases: [String: Phase] = {
        let canceled = [
            "canceled", "marginCanceled", "vaultWithdrawalCanceled", "openInterestCapCanceled", "selfTradeCanceled", "reduceOnlyCanceled",
            "siblingFilledCanceled", "delistedCanceled", "liquidatedCanceled", "outcomeSettledCanceled", "scheduledCancel",
            "internalCancel", "perpMaxPositionCanceled",
        ]
        let rejected = [
            "rejected", "tickRejected", "minTradeNtlRejected", "perpMarginRejected", "reduceOnlyRejected", "badAloPxRejected",
            "iocCancelRejected", "badTriggerPxRejected", "marketOrderNoLiquidityRejected", "positionIncreaseAtOpenInterestCapRejected",
            "positionFlipAtOpenInterestCapRejected", "tooAggressiveAtOpenInterestCapRejected", "openInterestIncreaseRejected",
            "insufficientSpotBalanceRejected", "oracleRejected", "perpMaxPositionRejected", "tooManyOpenOrdersRejected",
            "outcomeSettledRejected",
        ]
        var phases: [String: Phase] = ["open": .live, "triggered": .live, "filled": .filled]
        for word in canceled { phases[word] = .canceled }
        for word in rejected { phases[word] = .rejected }
        return phases
    }()

    /// Words that say our picture of the account is old although no text says so.
    static let refreshing: Set<String> = ["marginCanceled", "reduceOnlyCanceled"]
}
