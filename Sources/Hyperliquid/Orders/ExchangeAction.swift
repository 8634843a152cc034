import JSON

/// The actions this system sends, each with its members in the order in which they are hashed.
public enum ExchangeAction {
    /// At most this many orders, cancels or modifications in one action.
    public static let maximumItems = 200

    public static func order(_ orders: [OrderRequest]) -> JSON {
        ["type": "order", "orders": .array(orders.map(\.json)), "grouping": "na"]
    }

    public static func cancel(_ orders: [(asset: Int, oid: Int64)]) -> JSON {
        ["type": "cancel", "cancels": .array(orders.map { ["a": .integer($0.asset), "o": .integer($0.oid)] })]
    }

    public static func cancelByCloid(_ orders: [(asset: Int, cloid: String)]) -> JSON {
        [
            "type": "cancelByCloid",
            "cancels": .array(orders.map { ["asset": .integer($0.asset), "cloid": .string($0.cloid)] }),
        ]
    }

    /// Does nothing but use up its nonce: an action in flight with the same nonce can then never execute.
    public static func noop() -> JSON { ["type": "noop"] }

    /// - Parameter leverage: whole, from 1 to the asset's maximum.
    public static func updateLeverage(asset: Int, isCross: Bool, leverage: Int) -> JSON {
        ["type": "updateLeverage", "asset": .integer(asset), "isCross": .bool(isCross), "leverage": .integer(leverage)]
    }
}
