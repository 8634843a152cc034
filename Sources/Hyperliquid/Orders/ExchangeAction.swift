import CopyTrading
import JSON

/// The actions that an account or its agent may send (L1 actions), each with its members in the order in which they are hashed.
/// They act for the envelope's vault or sub-account, see ``SignedAction``.
public enum ExchangeAction {
    /// At most this many orders, cancels or modifications in one action.
    public static let maximumItems = 200

    // MARK: - Orders

    public static func order(_ orders: [OrderRequest], grouping: OrderGrouping = .none, builder: BuilderFee? = nil) -> JSON {
        var members: [JSON.Member] = [
            .init("type", "order"), .init("orders", .array(orders.map(\.json))), .init("grouping", grouping.json),
        ]
        if let builder { members.append(.init("builder", builder.json)) }
        return .object(members)
    }

    public static func cancel(_ orders: [(asset: Int, oid: Int64)]) -> JSON {
        ["type": "cancel", "cancels": .array(orders.map { ["a": .integer($0.asset), "o": .integer($0.oid)] })]
    }

    public static func cancelByCloid(_ orders: [(asset: Int, cloid: String)]) -> JSON {
        [
            "type": "cancelByCloid",
            "cancels": .array(orders.map { ["asset": .integer($0.asset), "cloid": .string($0.cloid.lowercased())] }),
        ]
    }

    /// Cancels an order and places `order` instead, which gets an id of its own that the answer does not tell.
    public static func modify(_ reference: OrderReference, to order: OrderRequest) -> JSON {
        ["type": "modify", "oid": reference.json, "order": order.json]
    }

    /// As ``modify(_:to:)`` for several; answered like ``order(_:grouping:builder:)``, with the new ids.
    public static func batchModify(_ modifications: [(reference: OrderReference, order: OrderRequest)]) -> JSON {
        ["type": "batchModify", "modifies": .array(modifications.map { ["oid": $0.reference.json, "order": $0.order.json] })]
    }

    /// Cancels every open order at `time` unless it is called again before; without a time it takes that back.
    /// - Parameter time: milliseconds since 1970, at least five seconds ahead. At most ten such cancels happen a day (UTC).
    public static func scheduleCancel(at time: Int64?) -> JSON {
        guard let time else { return ["type": "scheduleCancel"] }
        return ["type": "scheduleCancel", "time": .integer(time)]
    }

    // MARK: - Margin

    /// - Parameter leverage: whole, from 1 to the asset's maximum.
    public static func updateLeverage(asset: Int, isCross: Bool, leverage: Int) -> JSON {
        ["type": "updateLeverage", "asset": .integer(asset), "isCross": .bool(isCross), "leverage": .integer(leverage)]
    }

    /// Moves collateral into an isolated position, or out of it.
    /// - Parameter amount: USDC, negative to take out; at most six decimals.
    public static func updateIsolatedMargin(asset: Int, amount: Notional) throws(SigningError) -> JSON {
        // The exchange has no short form: `isBuy` is always true.
        let millionths = try USDCAmount.millionths(amount, field: "ntli")
        return ["type": "updateIsolatedMargin", "asset": .integer(asset), "isBuy": true, "ntli": .integer(millionths)]
    }

    // MARK: - The account

    /// Does nothing but use up its nonce: an action in flight with the same nonce can then never execute.
    public static func noop() -> JSON { ["type": "noop"] }

    /// Buys actions beyond what the account's volume allows, at 0.0005 USDC each.
    public static func reserveRequestWeight(_ weight: Int) -> JSON { ["type": "reserveRequestWeight", "weight": .integer(weight)] }

    public static func createSubAccount(name: String) -> JSON { ["type": "createSubAccount", "name": .string(name)] }
}

/// USDC as the exchange's whole numbers.
enum USDCAmount {
    /// Units of 1e-6 USDC; finer amounts are refused rather than rounded.
    static func millionths(_ amount: Notional, field: String) throws(SigningError) -> Int64 {
        guard amount.e8 % 100 == 0 else { throw SigningError(field: field, problem: "\(amount) has more than 6 decimals") }
        return amount.e8 / 100
    }
}
