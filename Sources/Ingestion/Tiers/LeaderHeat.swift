/// How active a leader is: fills counted, each half as much after every ten minutes.
struct LeaderHeat: Sendable, Equatable {
    /// Microseconds.
    static let halfLife: Int64 = 600_000_000
    /// A fill counts this much when it is new, so that halves stay whole numbers for a while.
    static let unit: Int64 = 1_024

    private var level: Int64 = 0
    private var at: Int64 = 0

    mutating func add(fills: Int, at now: Int64) {
        level = value(at: now) + Int64(fills) * Self.unit
        // whole half-lives only, so that what is left of one is not forgotten
        at = at == 0 ? now : at + (now - at) / Self.halfLife * Self.halfLife
    }

    func value(at now: Int64) -> Int64 { level >> min(62, max(0, now - at) / Self.halfLife) }
}
