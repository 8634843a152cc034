/// How many coins an entry is.
public indirect enum SizingMode: Sendable, Equatable {
    /// The OPEN is worth this much; increases follow in proportion, or with `perOrder` are worth as much each.
    case fixedNotional(Notional, perOrder: Bool = false)
    /// The OPEN puts this much margin to work, at the subscription's leverage.
    case fixedMargin(Notional)
    /// Coins of the OPEN.
    case fixedSize(Size)
    /// Follower coins per leader coin.
    case ratio(Ratio)
    /// `multiplier × allocation / leader equity` follower coins per leader coin, fixed when the position opens.
    case equityProportional(allocation: Notional, multiplier: Ratio)
    /// The share of its margin balance that the leader puts to work, of `allocation × multiplier`, at the subscription's leverage.
    case marginProportional(allocation: Notional, multiplier: Ratio)
    /// What the leader's order is worth, bracket by bracket, times each bracket's multiplier.
    case tiered([SizingBracket])
    /// Another mode times `target / the coin's daily volatility`, at most `maximumWeight`.
    case volatilityScaled(SizingMode, target: Ratio, maximumWeight: Ratio)
}

/// A part of the leader's notional, as of an income tax: the multiplier counts for what is above the bracket before and up to here.
public struct SizingBracket: Sendable, Equatable {
    /// USDC; `nil` for the last, which has no end.
    public var upTo: Notional?
    public var multiplier: Ratio

    public init(upTo: Notional?, multiplier: Ratio) {
        self.upTo = upTo
        self.multiplier = multiplier
    }
}
