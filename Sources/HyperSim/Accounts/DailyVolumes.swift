import CopyTrading

/// Traded value by day (UTC): what the fee tier and `userFees` are made of.
struct DailyVolumes {
    struct Day: Equatable {
        /// Days since 1970.
        var number: Int64
        var taker = Notional.zero
        var maker = Notional.zero
    }

    static let dayMilliseconds: Int64 = 86_400_000
    /// Full days before the current one that decide the tier.
    static let window: Int64 = 14

    /// Oldest first, those with trades only, at most ``window`` and today.
    private(set) var days: [Day] = []

    static func day(of time: Int64) -> Int64 { time / dayMilliseconds }

    mutating func add(_ value: Notional, crossed: Bool, now: Int64) {
        let today = Self.day(of: now)
        if days.last?.number != today {
            days.append(Day(number: today))
            days.removeAll { $0.number < today - Self.window }
        }
        if crossed {
            days[days.count - 1].taker = Money.clamped(days[days.count - 1].taker, adding: value)
        } else {
            days[days.count - 1].maker = Money.clamped(days[days.count - 1].maker, adding: value)
        }
    }

    /// Over the ``window`` of full days before `day`.
    func total(before day: Int64) -> Notional {
        days.reduce(.zero) { total, entry in
            guard entry.number < day, entry.number >= day - Self.window else { return total }
            return Money.clamped(Money.clamped(total, adding: entry.taker), adding: entry.maker)
        }
    }
}
