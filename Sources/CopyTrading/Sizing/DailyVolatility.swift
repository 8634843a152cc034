/// How much a coin moves in a day, from completed days only: the root mean square of its daily returns. The same all day long, so
/// that a size does not depend on the hour (R-20 `vol_scaled`).
public enum DailyVolatility {
    /// Fewest daily returns it is computed from.
    public static let fewestReturns = 5
    public static let mostReturns = 365

    public struct Close: Sendable, Equatable {
        /// Days since 1970, UTC.
        public var day: Int64
        public var price: Price

        public init(day: Int64, price: Price) {
            self.day = day
            self.price = price
        }
    }

    /// - Parameters:
    ///   - closes: daily, in any order; those of `now`'s day and later, which are not complete, are left out.
    ///   - now: milliseconds since 1970.
    /// - Returns: such as 0.03 for three per cent; `nil` with too few consecutive days, or when a price is not positive.
    public static func realised(_ closes: [Close], now: Int64) -> Ratio? {
        let today = now / 86_400_000
        let completed = closes.filter { $0.day < today }.sorted { $0.day < $1.day }.suffix(mostReturns + 1)
        guard completed.allSatisfy({ $0.price > .zero }) else { return nil }
        var squares: UInt128 = 0
        var count: UInt128 = 0
        for (before, after) in zip(completed, completed.dropFirst()) where after.day == before.day + 1 {
            // Returns in units of 1e-9, at most 1e9-fold: squares and their sum stay within 128 bits.
            let change = (Int128(after.price.e8) - Int128(before.price.e8)) * 1_000_000_000 / Int128(before.price.e8)
            let bounded = min(change.magnitude, 1_000_000_000_000_000_000)
            squares += bounded * bounded
            count += 1
        }
        guard count >= fewestReturns else { return nil }
        return Ratio(e18: Int128(squareRoot(squares / count)) * 1_000_000_000)
    }

    /// Truncated.
    static func squareRoot(_ value: UInt128) -> UInt128 {
        guard value > 1 else { return value }
        var low: UInt128 = 1
        var high: UInt128 = min(value, 1 << 64 - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if middle <= value / middle { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
