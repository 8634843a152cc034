import CopyTrading
import JSON

/// One perpetual position as the exchange values it.
public struct PerpetualPosition: Sendable, Equatable {
    public var coin: Coin
    /// Signed: positive long, negative short.
    public var size: Size
    public var leverage: Leverage
    /// Average, cut to 6 − size decimals.
    public var entryPrice: Price
    /// |size| × mark.
    public var value: Notional
    public var unrealizedProfit: Notional
    /// `nil` when no price can liquidate it. Of a cross position it moves with the whole account, spot collateral included.
    public var liquidationPrice: Price?
    /// Cross: value / leverage. Isolated: its cash and value, which moves with the profit.
    public var marginUsed: Notional
    public var maximumLeverage: Int
    public var funding: CumulativeFunding

    /// Paid (positive) or received.
    public struct CumulativeFunding: Sendable, Equatable {
        public var allTime: Notional
        public var sinceOpen: Notional
        public var sinceChange: Notional

        public init(allTime: Notional, sinceOpen: Notional, sinceChange: Notional) {
            self.allTime = allTime
            self.sinceOpen = sinceOpen
            self.sinceChange = sinceChange
        }
    }

    public init(
        coin: Coin, size: Size, leverage: Leverage, entryPrice: Price, value: Notional, unrealizedProfit: Notional,
        liquidationPrice: Price?, marginUsed: Notional, maximumLeverage: Int,
        funding: CumulativeFunding
    ) {
        self.coin = coin
        self.size = size
        self.leverage = leverage
        self.entryPrice = entryPrice
        self.value = value
        self.unrealizedProfit = unrealizedProfit
        self.liquidationPrice = liquidationPrice
        self.marginUsed = marginUsed
        self.maximumLeverage = maximumLeverage
        self.funding = funding
    }

    /// The `position` of an entry of `assetPositions`.
    public init(json: JSON) throws(JSONError) {
        coin = Coin(try json.string("coin"))
        size = try json.denoisedDecimal("szi")
        leverage = try json.at("leverage", Leverage.init(json:))
        entryPrice = try json.denoisedDecimal("entryPx")
        value = try json.denoisedDecimal("positionValue")
        unrealizedProfit = try json.denoisedDecimal("unrealizedPnl")
        liquidationPrice = try json.denoisedDecimal(ifPresent: "liquidationPx")
        marginUsed = try json.denoisedDecimal("marginUsed")
        maximumLeverage = Int(try json.integer("maxLeverage"))
        funding = try json.at("cumFunding", CumulativeFunding.init(json:))
    }
}

extension PerpetualPosition.CumulativeFunding {
    init(json: JSON) throws(JSONError) {
        self.init(
            allTime: try json.denoisedDecimal("allTime"), sinceOpen: try json.denoisedDecimal("sinceOpen"),
            sinceChange: try json.denoisedDecimal("sinceChange"))
    }
}
