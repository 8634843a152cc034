/// How much happened within the last minute, to the second.
struct RollingMinute {
    static let seconds: Int64 = 60

    private var counts = [Int](repeating: 0, count: Int(seconds))
    private var newest: Int64 = 0
    private(set) var total = 0

    /// Counts `amount` unless that would pass `limit`; 0 is no limit.
    /// - Parameter now: milliseconds, never less than before.
    /// - Returns: whether it was counted.
    mutating func take(_ amount: Int, limit: Int, now: Int64) -> Bool {
        advance(to: now / 1_000)
        guard limit == 0 || total + amount <= limit else { return false }
        add(amount)
        return true
    }

    /// Counts what cannot be refused any more.
    mutating func charge(_ amount: Int, now: Int64) {
        advance(to: now / 1_000)
        add(amount)
    }

    private mutating func add(_ amount: Int) {
        counts[Int(newest % Self.seconds)] += amount
        total += amount
    }

    private mutating func advance(to second: Int64) {
        guard second > newest else { return }
        for passed in max(newest + 1, second - Self.seconds + 1)...second {
            total -= counts[Int(passed % Self.seconds)]
            counts[Int(passed % Self.seconds)] = 0
        }
        newest = second
    }
}
