import JSON

/// What a request costs of the exchange's two budgets: an IP address has 1200 weight a minute over everything it sends, an account a
/// number of actions that grows with its volume (``ActionBudget``).
public enum RequestWeight {
    /// Per minute and IP address.
    public static let perMinute = 1_200
    /// A batch weighs one more for each of so many items.
    static let itemsPerActionWeight = 40

    /// Weight of a read.
    /// - Parameters:
    ///   - type: the request's `type`.
    ///   - items: how many the answer has; known only afterwards, so the rest is charged then. Rounded up, as the exchange does not
    ///     say that it rounds down.
    public static func info(type: String, items: Int = 0) -> Int {
        let base = light.contains(type) ? 2 : type == "userRole" ? 60 : 20
        guard items > 0, let step = itemsPerWeight(type) else { return base }
        return base + (items + step - 1) / step
    }

    /// Weight of an action: one, and one more for each full 40 items.
    public static func action(_ action: JSON) -> Int { 1 + itemCount(of: action) / itemsPerActionWeight }

    /// What the account's budget is charged: every item of a batch, refused ones and cancels too. At least one.
    public static func actionCount(of action: JSON) -> Int { max(1, itemCount(of: action)) }

    /// Orders, cancels or modifications of a batch; one for an action that is none.
    private static func itemCount(of action: JSON) -> Int {
        for name in ["orders", "cancels", "modifies"] {
            if case .array(let items)? = action[name] { return items.count }
        }
        return 1
    }

    private static let light: Set<String> = [
        "l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus",
    ]

    /// Items of an answer that add one weight; `nil`: its length costs nothing.
    private static func itemsPerWeight(_ type: String) -> Int? {
        switch type {
        case "candleSnapshot": 60
        case "recentTrades", "historicalOrders", "userFills", "userFillsByTime", "fundingHistory", "userFunding",
            "userNonFundingLedgerUpdates", "twapHistory", "userTwapSliceFills", "userTwapSliceFillsByTime", "delegatorHistory",
            "delegatorRewards", "validatorStats":
            20
        default: nil
        }
    }
}
