/// Paces reads so that no more than so many units of weight a minute are spent: each read books its time, and waits for it.
struct WeightBudget: Sendable {
    /// Books ahead of now that cost no wait.
    private static let burst = Duration.seconds(10)

    private let unit: Duration
    private var bookedTo: ContinuousClock.Instant

    init(perMinute: Int, now: ContinuousClock.Instant) {
        precondition(perMinute > 0, "reads need some weight")
        unit = .seconds(60) / perMinute
        bookedTo = now - Self.burst
    }

    /// - Returns: when the read may be sent.
    mutating func book(_ weight: Int, at now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        bookedTo = max(bookedTo, now - Self.burst) + unit * weight
        return max(now, bookedTo)
    }
}
