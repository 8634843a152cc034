/// Decides from what a watchdog sees at its looks whether a loop has stopped. Pure: all times are nanoseconds of one monotonic clock.
///
/// When its own looks come late, the whole process stood still (stopped, or starved), and no loop is to blame: it counts anew.
struct StallDetector {
    /// Silence of a loop that counts as stopped.
    let limit: UInt64
    /// Between two looks.
    let period: UInt64
    /// Looks later than so many periods are late.
    static let latePeriods: UInt64 = 4

    private var lastLook: UInt64
    private var countsFrom: UInt64

    init(limit: UInt64, period: UInt64, now: UInt64) {
        self.limit = limit
        self.period = period
        lastLook = now
        countsFrom = now
    }

    /// - Parameter beating: the loops that do not rest, with their last beats.
    /// - Returns: the loop that has been silent longest, when that is too long, and for how long.
    mutating func look(at now: UInt64, _ beating: [(name: String, last: UInt64)]) -> (name: String, silence: UInt64)? {
        if now - lastLook > period * Self.latePeriods { countsFrom = now }
        lastLook = now
        let silent = beating.map { (name: $0.name, silence: now - min(now, max($0.last, countsFrom))) }
        guard let worst = silent.max(by: { $0.silence < $1.silence }), worst.silence >= limit else { return nil }
        return worst
    }
}
