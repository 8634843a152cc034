/// What the completed days of a coin say of it. The same from one UTC midnight to the next, whoever reads it and when.
public struct CoinHistory: Sendable, Equatable {
    public static let dayMilliseconds: Int64 = 86_400_000
    /// Daily returns that the volatility is taken from.
    public static let volatilityDays = 30
    /// So long after midnight a day still counts as under way: its last trades may not be in its candle yet.
    public static let settling: Int64 = 60_000

    /// The day it holds for, days since 1970, UTC.
    public var day: Int64
    /// Days before that one which it was taken from, fewer where the coin is younger.
    public var span: Int
    /// Open time of the first day there is, milliseconds since 1970: when the coin was listed, or a time since when it is listed at least.
    public var listedAt: Int64
    /// `nil` with too few days.
    public var dailyVolatility: Ratio?

    /// - Parameters:
    ///   - opens: when each known day began, milliseconds since 1970, with its price at the end, in any order; the day under way is only looked at
    ///     for its beginning.
    ///   - day: see ``day(at:)``.
    /// - Returns: `nil` without any day.
    public init?(_ opens: [(time: Int64, close: Price)], day: Int64, span: Int) {
        guard let first = opens.map(\.time).min() else { return nil }
        self.day = day
        self.span = span
        listedAt = first
        let closes = opens.map { DailyVolatility.Close(day: $0.time / Self.dayMilliseconds, price: $0.close) }
            .filter { $0.day >= day - Int64(Self.volatilityDays) - 1 }
        dailyVolatility = DailyVolatility.realised(closes, now: day * Self.dayMilliseconds)
    }

    /// The day whose history is to be used at `now`, milliseconds since 1970.
    public static func day(at now: Int64) -> Int64 { (now - settling) / dayMilliseconds }
}

extension Subscription {
    /// Completed days that its settings need to know of a coin; 0 for none.
    public var historyDays: Int {
        var days = filters.newListingDays
        if case .volatilityScaled = sizing { days = max(days, CoinHistory.volatilityDays + 1) }
        return days
    }
}
