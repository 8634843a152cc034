/// How large an entry is before caps, and the `k` it fixes.
struct EntrySize: Equatable {
    /// Coins, unsigned, not rounded to the lot.
    var size: Size
    /// Follower coins per leader coin.
    var k: Ratio

    /// `nil` from a mode that needs the leader's equity when that is unknown.
    static func open(
        _ mode: SizingMode, leaderChange: Size, price: Price, leaderEquity: Notional?
    ) throws(MoneyError) -> EntrySize? {
        let change = leaderChange.magnitude
        switch mode {
        case .fixedNotional(let notional):
            return EntrySize(size: try notional / price, k: try Ratio(roundingUp: notional, over: try price * change))
        case .ratio(let ratio):
            return try proportional(k: ratio, leaderChange: change)
        case .equityProportional(let allocation, let multiplier):
            guard let leaderEquity, leaderEquity.e8 > 0 else { return nil }
            return try proportional(k: try Ratio(roundingUp: try multiplier * allocation, over: leaderEquity), leaderChange: change)
        }
    }

    /// An increase follows the `k` that the OPEN fixed, whatever the settings are now.
    static func increase(k: Ratio, leaderChange: Size) throws(MoneyError) -> EntrySize {
        try proportional(k: k, leaderChange: leaderChange.magnitude)
    }

    private static func proportional(k: Ratio, leaderChange: Size) throws(MoneyError) -> EntrySize {
        EntrySize(size: try k * leaderChange, k: k)
    }
}

extension Ratio {
    /// `numerator / denominator` of two positive values, rounded up at the 18th decimal: `k × change`, truncated at the eighth
    /// decimal, then gives the exact product wherever that has eight decimals, instead of one unit less.
    init<Value: FixedPoint>(roundingUp numerator: Value, over denominator: Value) throws(MoneyError) {
        let down = try Ratio(numerator, over: denominator)
        let isExact = Int128(numerator.e8) * Ratio.one.e18 % Int128(denominator.e8) == 0
        self.init(e18: isExact ? down.e18 : down.e18 + 1)
    }
}
