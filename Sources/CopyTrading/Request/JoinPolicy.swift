/// What to do about a position that the leader already holds when it is first followed.
public enum JoinPolicy: Sendable, Equatable {
    /// Wait until the leader is flat in the coin.
    case ignoreUntilFlat
    /// Copy it at once if the market is at the leader's entry or better.
    case copyIfBetter
    /// … or at most this much worse, basis points.
    case copyWithin(basisPoints: Int)
    case copyAlways

    public static let defaultWithinBasisPoints = 300

    /// Whether to open a copy of the leader's position now.
    /// - Parameters:
    ///   - side: of the subscriber's order.
    ///   - leaderEntry: average price of the leader's position; `nil` when not known.
    ///   - market: what the order would trade against; `nil` when not known: then only `copyAlways` copies.
    public func copies(side: Side, leaderEntry: Price?, market: Price?) -> Bool {
        if let worstBasisPoints { return isWithin(worstBasisPoints, side, leaderEntry, market) }
        return self == .copyAlways
    }

    /// How much worse than the leader's entry the market may be, basis points; `nil` where the price does not matter.
    public var worstBasisPoints: Int? {
        switch self {
        case .ignoreUntilFlat, .copyAlways: nil
        case .copyIfBetter: 0
        case .copyWithin(let basisPoints): basisPoints
        }
    }

    private func isWithin(_ basisPoints: Int, _ side: Side, _ leaderEntry: Price?, _ market: Price?) -> Bool {
        guard let leaderEntry, let market else { return false }
        let bound = Int128(leaderEntry.e8) * Int128(10_000 + Int(side.sign) * basisPoints)
        let price = Int128(market.e8) * 10_000
        return side == .buy ? price <= bound : price >= bound
    }
}

extension Subscription {
    /// Whether it may join what its leader holds already; one that begins to do so joins.
    public var joins: Bool { state == .active && joining != .ignoreUntilFlat }
}

/// A leader's position as the exchange values it, for those that join it.
public struct LeaderHolding: Sendable, Equatable {
    /// Signed.
    public var position: Size
    /// Average price of the position.
    public var entry: Price
    /// Of the market now.
    public var price: Price

    public init(position: Size, entry: Price, price: Price) {
        self.position = position
        self.entry = entry
        self.price = price
    }
}
