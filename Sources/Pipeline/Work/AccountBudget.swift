import CopyTrading

/// What is left of an account's actions at the exchange: it allows 10,000 and one more for each USDC traded. Each order of an action
/// counts, whether it succeeds or not.
///
/// Read from `userRateLimit` and carried on from there. Until it was read nothing is held back: most accounts are far from the end.
struct AccountBudget: Sendable, Equatable {
    enum Use: Sendable {
        /// Never held back.
        case exit
        case open
        /// Held back first: the position is there already.
        case increase
    }

    /// Kept for exits: 20 % of what an account begins with.
    static let exitReserve: Int64 = 2_000
    /// Below this, increases are given up.
    static let increaseReserve: Int64 = 3_000
    /// Near the reserve it is read again at most this often, and otherwise only this seldom.
    static let readEvery = Duration.seconds(60)
    static let readSeldom = Duration.seconds(6 * 3_600)

    /// Actions left; `nil` while it was never read.
    private(set) var remaining: Int64?
    private var readAt: ContinuousClock.Instant?
    private(set) var isBeingRead = false
    /// USDC traded that do not make a whole action yet.
    private var change = Notional.zero

    mutating func begin(reading now: ContinuousClock.Instant) {
        isBeingRead = true
        readAt = now
    }

    /// - Parameters:
    ///   - used: actions the exchange has counted.
    ///   - cap: actions it allows.
    mutating func read(used: Int64, cap: Int64) {
        isBeingRead = false
        remaining = cap - used
        change = .zero
    }

    mutating func readFailed() { isBeingRead = false }

    mutating func spend(_ actions: Int) {
        guard let remaining else { return }
        self.remaining = remaining - Int64(actions)
    }

    /// - Parameter value: USDC.
    mutating func traded(_ value: Notional) {
        guard let remaining else { return }
        change += value
        self.remaining = remaining + change.e8 / Notional.scale
        change = Notional(e8: change.e8 % Notional.scale)
    }

    /// The exchange said that there is nothing left.
    mutating func exhausted() { remaining = min(remaining ?? 0, 0) }

    func allows(_ use: Use) -> Bool {
        guard let remaining else { return true }
        return switch use {
        case .exit: true
        case .open: remaining > Self.exitReserve
        case .increase: remaining > Self.increaseReserve
        }
    }

    func needsReading(at now: ContinuousClock.Instant) -> Bool {
        guard !isBeingRead else { return false }
        guard let readAt else { return true }
        let isNear = remaining.map { $0 < 2 * Self.increaseReserve } ?? true
        return now - readAt >= (isNear ? Self.readEvery : Self.readSeldom)
    }
}
