import Foundation

/// How long something is held back: a fixed part, an evenly spread one, and an exponential tail. Milliseconds each.
struct LatencyModel: Equatable {
    var fixed = 0
    var jitter = 0
    /// One in a hundred waits longer than this in the tail; 0: there is none.
    var tailPercentile99 = 0

    /// In multiples of the 99th percentile: about one in 10⁸ would wait longer.
    private static let longestTail = 4.0

    /// - Parameter random: gives 64 random bits.
    /// - Returns: microseconds.
    func sample(_ random: () -> UInt64) -> Int64 {
        var microseconds = Int64(fixed) * 1_000
        if jitter > 0 { microseconds += Int64(random() % UInt64(jitter * 1_000 + 1)) }
        if tailPercentile99 > 0 {
            // The inverse of the exponential distribution with that percentile: -ln(u) · p99 / ln 100, u evenly spread over (0, 1].
            let unit = Double((random() >> 11) + 1) / Double(1 << 53)
            microseconds += Int64(min(-log(unit) / log(100), Self.longestTail) * Double(tailPercentile99) * 1_000)
        }
        return microseconds
    }
}
