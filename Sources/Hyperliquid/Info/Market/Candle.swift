import CopyTrading
import JSON

/// Open, high, low and close of one market over one interval.
public struct Candle: Sendable, Equatable {
    public var coin: Coin
    public var interval: Interval
    /// Milliseconds since 1970.
    public var openTime: Int64
    /// Milliseconds since 1970, the interval's last.
    public var closeTime: Int64
    public var open: Price
    public var high: Price
    public var low: Price
    public var close: Price
    /// Coins traded.
    public var volume: WideDecimal
    public var trades: Int64

    /// Every interval the exchange has; an unsupported one is refused with HTTP 422.
    public enum Interval: String, Sendable, CaseIterable {
        case oneMinute = "1m", threeMinutes = "3m", fiveMinutes = "5m", fifteenMinutes = "15m", thirtyMinutes = "30m"
        case oneHour = "1h", twoHours = "2h", fourHours = "4h", eightHours = "8h", twelveHours = "12h"
        case oneDay = "1d", threeDays = "3d", oneWeek = "1w", oneMonth = "1M"
    }

    /// `{"t","T","s":"BTC","i":"1h","o","c","h","l","v","n"}`
    public init(json: JSON) throws(JSONError) {
        coin = Coin(try json.string("s"))
        let name = try json.string("i")
        guard let interval = Interval(rawValue: name) else { throw JSONError(path: "i", problem: "\"\(name)\" is no known interval") }
        self.interval = interval
        openTime = try json.milliseconds("t")
        closeTime = try json.milliseconds("T")
        open = try json.decimal("o")
        high = try json.decimal("h")
        low = try json.decimal("l")
        close = try json.decimal("c")
        volume = try json.wideDecimal("v")
        trades = try json.integer("n")
    }
}

extension InfoRequest where Answer == [Candle] {
    /// Candles of a window, oldest first; the newest is still forming. Only the 5000 most recent of an interval exist, an older window
    /// is answered with none.
    /// - Parameters: `from`, `to`: milliseconds since 1970.
    public static func candleSnapshot(_ coin: Coin, _ interval: Candle.Interval, from: Int64, to: Int64) -> Self {
        let window: JSON = [
            "coin": .string(coin.text), "interval": .string(interval.rawValue), "startTime": .integer(from), "endTime": .integer(to),
        ]
        return Self("candleSnapshot", [("req", window)]) { answer throws(JSONError) in try answer.map(Candle.init(json:)) }
    }
}
