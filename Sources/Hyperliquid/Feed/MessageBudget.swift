/// A token bucket for a limit per minute. It holds a quarter of the limit and refills by three quarters a minute, so that in no minute
/// more than the limit is spent: what is there at its beginning, and what comes in during it.
struct MessageBudget {
    private let capacity: Double
    private let perSecond: Double
    private var available: Double
    private var updated: ContinuousClock.Instant

    init(perMinute: Int, now: ContinuousClock.Instant) {
        precondition(perMinute > 0)
        capacity = max(1, Double(perMinute) / 4)
        perSecond = max(1, Double(perMinute) * 3 / 4) / 60
        available = capacity
        updated = now
    }

    /// How many may be spent now.
    mutating func allowance(at now: ContinuousClock.Instant) -> Int {
        if now > updated {
            available = min(capacity, available + (now - updated) / .seconds(1) * perSecond)
            updated = now
        }
        return Int(available)
    }

    mutating func spend(_ count: Int) { available -= Double(count) }

    /// Until one can be spent, as of the last allowance.
    var timeToNext: Duration { available >= 1 ? .zero : .seconds((1 - available) / perSecond) }
}
