import CopyTrading
import JSON

/// A candle that is forming, or its last state (channel `candle`).
public struct CandleUpdate: Sendable, Equatable {
    public var coin: Coin
    /// `1m`, `1h` and others.
    public var interval: String
    /// Milliseconds since 1970, both included.
    public var openTime: Int64
    public var closeTime: Int64
    public var open: Price
    public var close: Price
    public var high: Price
    public var low: Price
    /// Coins; `nil` when it is beyond what ``Size`` holds.
    public var volume: Size?
    public var trades: Int64

    public init(
        coin: Coin, interval: String, openTime: Int64, closeTime: Int64, open: Price, close: Price, high: Price, low: Price, volume: Size?,
        trades: Int64
    ) {
        self.coin = coin
        self.interval = interval
        self.openTime = openTime
        self.closeTime = closeTime
        self.open = open
        self.close = close
        self.high = high
        self.low = low
        self.volume = volume
        self.trades = trades
    }

    /// `{"t","T","s","i","o","c","h","l","v","n"}`
    public init(json: JSON) throws(JSONError) {
        self.init(
            coin: Coin(try json.string("s")), interval: try json.string("i"), openTime: try json.integer("t"),
            closeTime: try json.integer("T"), open: try json.denoisedDecimal("o"), close: try json.denoisedDecimal("c"),
            high: try json.denoisedDecimal("h"), low: try json.denoisedDecimal("l"), volume: try json.derived("v"),
            trades: try json.integer("n"))
    }
}
