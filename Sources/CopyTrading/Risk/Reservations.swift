/// Margin and exposure of orders on their way, so that two entries planned one after the other do not both count on the same room
/// . Kept for one account; released when an order has come to its end, whatever that was.
public struct Reservations: Sendable, Equatable {
    public struct Hold: Sendable, Equatable {
        public var coin: Coin
        public var side: Side
        /// USDC, as is the margin that it binds.
        public var notional: Notional
        public var margin: Notional
        /// When the order came to its end, microseconds since 1970: from then on it is what was filled, which figures read earlier lack.
        public var settledAt: Int64?

        public init(coin: Coin, side: Side, notional: Notional, margin: Notional) {
            self.coin = coin
            self.side = side
            self.notional = notional
            self.margin = margin
        }
    }

    /// Most orders on their way that are counted. The worker sends an entry beyond all the same, uncounted, and logs an error.
    public static let mostHolds = 10_000

    private var holds: [JobID: Hold] = [:]

    public init() {}

    public var isEmpty: Bool { holds.isEmpty }

    /// Again for the same job replaces. False when there are too many.
    public mutating func reserve(_ hold: Hold, for job: JobID) -> Bool {
        guard holds[job] != nil || holds.count < Self.mostHolds else { return false }
        holds[job] = hold
        return true
    }

    /// Reserves for a planned job; exits reserve nothing.
    public mutating func reserve(_ job: ExecutionJob) -> Bool {
        guard job.action.isEntry, case .size(let size) = job.quantity, let limit = job.limit else { return true }
        return reserve(job, size: size, limit: limit)
    }

    /// Reserves for an entry as it is sent: of another size than planned, perhaps, and at another limit.
    public mutating func reserve(_ job: ExecutionJob, size: Size, limit: Price) -> Bool {
        guard let notional = try? max(limit, job.referencePrice) * size else { return true }
        let leverage = Int64(max(1, job.terms?.leverage ?? 1))
        return reserve(
            Hold(coin: job.coin, side: job.side, notional: notional, margin: Notional(e8: notional.e8 / leverage + 1)), for: job.id)
    }

    /// The order is at its end: what it filled counts until the account is read again.
    /// - Parameter filled: worth of what was filled, USDC.
    /// - Parameter now: microseconds since 1970.
    public mutating func settle(_ job: JobID, filled: Notional, at now: Int64) {
        guard var hold = holds[job] else { return }
        guard filled > .zero else { return release(job) }
        hold.margin = (try? Ratio(roundingUp: filled, over: max(hold.notional, filled)) * hold.margin) ?? hold.margin
        hold.notional = filled
        hold.settledAt = now
        holds[job] = hold
    }

    /// The account's figures were read, by a reading that began at `begun`: orders settled before are in them.
    public mutating func read(begun: Int64) {
        holds = holds.filter { $0.value.settledAt.map { $0 >= begun } ?? true }
    }

    /// The order is at its end. Releasing what is not held changes nothing.
    public mutating func release(_ job: JobID) { holds[job] = nil }

    /// The account's figures as they will be if all of it is filled.
    public func applied(to facts: AccountFacts, coin: Coin) -> AccountFacts {
        var facts = facts
        for hold in holds.values {
            facts.freeMargin -= hold.margin
            facts.grossNotional += hold.notional
            facts.netNotional += Notional(e8: hold.side.sign * hold.notional.e8)
            if hold.coin == coin { facts.coinNotional += hold.notional }
        }
        return facts
    }
}
