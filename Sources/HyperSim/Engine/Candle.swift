import CopyTrading

/// What traded in one market in one interval of time.
struct Candle: Equatable {
    /// Milliseconds since 1970, inclusive.
    var start: Int64
    var open: Price
    var high: Price
    var low: Price
    var close: Price
    /// Coins.
    var volume = Size.zero
    /// USDC.
    var value = Notional.zero
    var trades = 0

    /// Nothing has traded yet: everything stands at `price`.
    init(start: Int64, price: Price) {
        self.start = start
        open = price
        high = price
        low = price
        close = price
    }

    mutating func add(_ price: Price, _ size: Size) {
        high = max(high, price)
        low = min(low, price)
        close = price
        volume = Money.clamped(volume, adding: size)
        value = Money.clamped(value, adding: Money.product(price, size))
        trades += 1
    }

    /// Joins a later one, at which nothing is known of an earlier time.
    mutating func add(_ later: Candle) {
        high = max(high, later.high)
        low = min(low, later.low)
        close = later.close
        volume = Money.clamped(volume, adding: later.volume)
        value = Money.clamped(value, adding: later.value)
        trades += later.trades
    }
}

/// The lengths the exchange makes candles of.
enum CandleInterval: String, CaseIterable {
    case minute = "1m", minutes3 = "3m", minutes5 = "5m", minutes15 = "15m", minutes30 = "30m"
    case hour = "1h", hours2 = "2h", hours4 = "4h", hours8 = "8h", hours12 = "12h"
    case day = "1d", days3 = "3d", week = "1w", month = "1M"

    static let minuteLength: Int64 = 60_000
    static let hourLength = 60 * minuteLength
    static let dayLength = 24 * hourLength

    /// Milliseconds; `nil` for a month, whose length varies.
    var length: Int64? {
        switch self {
        case .minute: Self.minuteLength
        case .minutes3: 3 * Self.minuteLength
        case .minutes5: 5 * Self.minuteLength
        case .minutes15: 15 * Self.minuteLength
        case .minutes30: 30 * Self.minuteLength
        case .hour: Self.hourLength
        case .hours2: 2 * Self.hourLength
        case .hours4: 4 * Self.hourLength
        case .hours8: 8 * Self.hourLength
        case .hours12: 12 * Self.hourLength
        case .day: Self.dayLength
        case .days3: 3 * Self.dayLength
        case .week: 7 * Self.dayLength
        case .month: nil
        }
    }

    /// The start of the interval that `time` lies in: a multiple of the length since 1970, for a month its first day in UTC.
    func start(of time: Int64) -> Int64 {
        guard let length else { return Calendar.startOfMonth(time) }
        return time - time % length
    }

    /// The start of the interval after the one that starts at `start`.
    func end(of start: Int64) -> Int64 {
        guard let length else { return Calendar.startOfMonth(start + 31 * Self.dayLength) }
        return start + length
    }
}

/// The Gregorian calendar in UTC, as far as the exchange's answers need it.
enum Calendar {
    /// - Parameter time: milliseconds since 1970, not negative.
    static func date(_ time: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Days since 1 March of year 0; years then end with the leap day.
        let days = time / CandleInterval.dayLength + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    static func startOfMonth(_ time: Int64) -> Int64 {
        let day = time - time % CandleInterval.dayLength
        return day - (date(time).day - 1) * CandleInterval.dayLength
    }

    /// `2026-11-26`.
    static func text(_ time: Int64) -> String {
        let date = date(time)
        func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(date.year)-\(padded(date.month))-\(padded(date.day))"
    }
}
