/// Paces what is sent: the exchange takes 2000 messages a minute from an address, over all its connections.
struct MessageBudget {
    private let capacity: Double
    private let perSecond: Double
    private var available: Double
    private var updated: ContinuousClock.Instant

    init(capacity: Int, perSecond: Int, now: ContinuousClock.Instant) {
        precondition(capacity > 0 && perSecond > 0)
        self.capacity = Double(capacity)
        self.perSecond = Double(perSecond)
        available = Double(capacity)
        updated = now
    }

    /// How many messages may be sent now.
    mutating func allowance(at now: ContinuousClock.Instant) -> Int {
        available = min(capacity, available + (now - updated) / .seconds(1) * perSecond)
        updated = now
        return Int(available)
    }

    mutating func spend(_ count: Int) { available -= Double(count) }
}
