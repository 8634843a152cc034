import CopyTrading

/// What is shown of a market beside its prices.
extension Market {
    /// The newest hourly rate.
    var fundingRate: Ratio { fundingRates.kept.last?.rate ?? .zero }
    /// (impact price - oracle) / oracle, of the newest settlement.
    var premium: Ratio { fundingRates.kept.last?.premium ?? .zero }
    var isAtOpenInterestCap: Bool { rules.openInterestCap.map { Money.product(mark, openInterest) >= $0 } ?? false }
}
