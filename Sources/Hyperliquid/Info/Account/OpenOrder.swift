import CopyTrading
import JSON

/// An order that rests, or waits for its trigger or its parent.
public struct OpenOrder: Sendable, Equatable {
    public var coin: Coin
    public var side: Side
    public var limitPrice: Price
    /// Coins not yet traded.
    public var size: Size
    /// `nil` where the exchange did not say (before 2024).
    public var originalSize: Size?
    public var oid: Int64
    /// Milliseconds since 1970.
    public var placedAt: Int64
    public var reduceOnly: Bool
    public var cloid: String?
    /// What only `frontendOpenOrders`, `historicalOrders` and `orderStatus` tell; `openOrders` lists trigger orders as if they were plain.
    public var detail: Detail?

    public struct Detail: Sendable, Equatable {
        /// `Limit`, `Stop Market`, `Take Profit Limit`, `Twap Slice`, …
        public var orderType: String
        /// `Gtc`, `Ioc`, `Alo`, `FrontendMarket`, `LiquidationMarket`; `nil` of a trigger order that becomes a market order.
        public var timeInForce: String?
        public var trigger: Trigger?
        /// Whether it is a take-profit or stop-loss that follows the size of the position.
        public var followsPosition: Bool
        /// Take-profits and stop-losses that wait for this order to be filled.
        public var children: [OpenOrder]
    }

    public struct Trigger: Sendable, Equatable {
        public var price: Price
        /// `Price above 31180`
        public var condition: String
    }

    /// Members are those of `openOrders`; the detail is read when `orderType` is there.
    public init(json: JSON) throws(JSONError) {
        coin = Coin(try json.string("coin"))
        side = try json.side()
        limitPrice = try json.decimal("limitPx")
        size = try json.denoisedDecimal("sz")
        originalSize = try json.denoisedDecimal(ifPresent: "origSz")
        oid = try json.integer("oid")
        placedAt = try json.milliseconds("timestamp")
        reduceOnly = try json.flag("reduceOnly")
        cloid = try json.string(ifPresent: "cloid")
        detail = json["orderType"] == nil ? nil : try Detail(json: json)
    }
}

extension OpenOrder.Detail {
    init(json: JSON) throws(JSONError) {
        orderType = try json.string("orderType")
        timeInForce = try json.string(ifPresent: "tif")
        trigger =
            try json.flag("isTrigger")
            ? OpenOrder.Trigger(price: try json.denoisedDecimal("triggerPx"), condition: try json.string("triggerCondition")) : nil
        followsPosition = try json.flag("isPositionTpsl")
        children = try json.maybe("children") { list throws(JSONError) in try list.map(OpenOrder.init(json:)) } ?? []
    }
}

extension InfoRequest where Answer == [OpenOrder] {
    /// - Parameter dex: a builder dex; `nil` is the exchange's own.
    public static func openOrders(_ user: String, dex: String? = nil) -> Self { orders("openOrders", user, dex: dex) }

    /// As ``openOrders(_:dex:)``, with ``OpenOrder/detail``.
    public static func frontendOpenOrders(_ user: String, dex: String? = nil) -> Self { orders("frontendOpenOrders", user, dex: dex) }

    private static func orders(_ type: String, _ user: String, dex: String?) -> Self {
        Self(type, [("user", .string(user)), ("dex", .string(orNone: dex))]) { answer throws(JSONError) in
            try answer.map(OpenOrder.init(json:))
        }
    }
}
