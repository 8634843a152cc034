import CopyTrading
import JSON

/// What an account may trade in one market, and at which leverage. The only place that tells the leverage without a position.
public struct AssetAllowance: Sendable, Equatable {
    public var coin: Coin
    public var leverage: Leverage
    /// Coins.
    public var maximumSize: Sides<WideDecimal>
    /// USDC.
    public var available: Sides<WideDecimal>
    public var markPrice: Price

    public struct Sides<Value: Sendable & Equatable>: Sendable, Equatable {
        public var buy: Value
        public var sell: Value
    }

    /// `{"coin","leverage":{…},"maxTradeSzs":[buy,sell],"availableToTrade":[buy,sell],"markPx"}`
    public init(json: JSON) throws(JSONError) {
        coin = Coin(try json.string("coin"))
        leverage = try json.at("leverage", Leverage.init(json:))
        maximumSize = try json.at("maxTradeSzs", Self.sides)
        available = try json.at("availableToTrade", Self.sides)
        markPrice = try json.denoisedDecimal("markPx")
    }

    private static func sides(_ json: JSON) throws(JSONError) -> Sides<WideDecimal> {
        let (buy, sell) = try json.pair(
            { value throws(JSONError) in try value.asWideDecimal() }, { value throws(JSONError) in try value.asWideDecimal() })
        return Sides(buy: buy, sell: sell)
    }
}

extension InfoRequest where Answer == AssetAllowance {
    public static func activeAssetData(_ user: String, _ coin: Coin) -> Self {
        Self("activeAssetData", [("user", .string(user)), ("coin", .string(coin.text))], decode: AssetAllowance.init(json:))
    }
}
