/// What a subscription should hold, what its sleeve says and what the exchange says do not agree: what is to be done.
public struct DriftCheck: Sendable, Equatable {
    /// The leader's signed position, and the subscriber's share of it (`k`, direction) by the sleeve's life.
    public var leaderPosition: Size
    /// What should be held, signed; zero when the leader is flat or the life was not copied.
    public var target: Size
    /// The sleeve's part of what the exchange holds, signed.
    public var held: Size
    public var price: Price
    /// An order of this account and coin is on its way.
    public var isOrderInFlight: Bool
    /// This is not the first check in a row that finds the same.
    public var isConfirmed: Bool
    public var isCopied: Bool
    public var healsEntries: Bool
    /// The leader's last price is known, from which the caps on what an entry may pay are reckoned.
    public var isPriceFair: Bool
    /// Giving it up opens for the account, which holds nothing on that side: the order must be worth as much as an entry.
    public var opensForAccount: Bool

    public init(
        leaderPosition: Size, target: Size, held: Size, price: Price, isOrderInFlight: Bool = false, isConfirmed: Bool = false,
        isCopied: Bool = true, healsEntries: Bool = false, isPriceFair: Bool = false, opensForAccount: Bool = false
    ) {
        self.leaderPosition = leaderPosition
        self.target = target
        self.held = held
        self.price = price
        self.isOrderInFlight = isOrderInFlight
        self.isConfirmed = isConfirmed
        self.isCopied = isCopied
        self.healsEntries = healsEntries
        self.isPriceFair = isPriceFair
        self.opensForAccount = opensForAccount
    }

    public enum Kind: String, Sendable, CaseIterable {
        case none, extra = "EXTRA", side = "SIDE", oversized = "OVERSIZED", undersized = "UNDERSIZED", missing = "MISSING"
    }

    public enum Decision: Sendable, Equatable {
        case nothing
        /// Too small, not yet confirmed, or an order is still on its way.
        case watch
        /// Reduce-only, so many coins.
        case reduce(Size)
        /// An entry with all its guards.
        case topUp(Size)
        case alert(String)
    }

    /// Least excess that counts, basis points of the target.
    public static let oversizedBasisPoints: Int64 = 500

    public var kind: Kind {
        if held == target { return .none }
        if target.isZero { return .extra }
        if held.isZero { return .missing }
        if held.sign != target.sign { return .side }
        return held.magnitude > target.magnitude ? .oversized : .undersized
    }

    /// What opens for the account when it is worth an entry; else what is on the wrong side whatever it is worth, and an extra when the
    /// exchange takes the order.
    private var canBeGivenUp: Bool {
        if opensForAccount { return !MinimumNotional.isDust(held, at: price) }
        return kind == .side || MinimumNotional.isTaken(held, at: price)
    }

    public var decision: Decision {
        let excess = held.magnitude - target.magnitude
        switch kind {
        case .none: return .nothing
        case .extra, .side:
            if isOrderInFlight { return .watch }
            return canBeGivenUp ? .reduce(held.magnitude) : .watch
        case .oversized:
            let isLarge = Int128(excess.e8) * 10_000 >= Int128(target.magnitude.e8) * Int128(Self.oversizedBasisPoints)
            guard isLarge, !MinimumNotional.isDust(excess, at: price) else { return .nothing }
            return isConfirmed && !isOrderInFlight ? .reduce(excess) : .watch
        case .undersized, .missing:
            guard isCopied, !MinimumNotional.isDust(excess, at: price) else { return .nothing }
            guard healsEntries, isPriceFair, isConfirmed, !isOrderInFlight else { return .alert("holds \(held), should hold \(target)") }
            return .topUp(excess.magnitude)
        }
    }
}

/// How the venue's net position is shared out among the sleeves that trade on it.
public enum SleeveReconciliation {
    /// What the exchange holds beyond the sleeves, signed: zero when Σ sleeves = net.
    public static func unattributed(net: Size, sleeves: some Collection<Sleeve>) -> Size {
        sleeves.reduce(net) { $0 - $1.position }
    }
}
