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
        switch self {
        case .ignoreUntilFlat: return false
        case .copyAlways: return true
        case .copyIfBetter: return isWithin(0, side, leaderEntry, market)
        case .copyWithin(let basisPoints): return isWithin(basisPoints, side, leaderEntry, market)
        }
    }

    private func isWithin(_ basisPoints: Int, _ side: Side, _ leaderEntry: Price?, _ market: Price?) -> Bool {
        guard let leaderEntry, let market else { return false }
        let bound = Int128(leaderEntry.e8) * Int128(10_000 + Int(side.sign) * basisPoints)
        let price = Int128(market.e8) * 10_000
        return side == .buy ? price <= bound : price >= bound
    }
}

extension Lifecycle {
    /// The id of the life that begins by following a leader that is already in the coin: a function of what was joined and when the
    /// subscription first followed.
    public static func joined(subscription: SubscriptionID, coin: Coin, leaderPosition: Size, configVersion: Int64) -> SignalID {
        SignalID(Fingerprint.of(["join", subscription.text, coin.text, "\(leaderPosition)", "\(configVersion)"]))
    }
}
