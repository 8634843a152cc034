import CopyTrading
import JSON

extension InfoRequest where Answer == [MarketTrade] {
    /// The newest trades of a market, newest first.
    public static func recentTrades(_ coin: Coin) -> Self {
        Self("recentTrades", [("coin", .string(coin.text))]) { answer throws(JSONError) in try answer.map(MarketTrade.init(json:)) }
    }
}
