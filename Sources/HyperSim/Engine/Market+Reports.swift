import CopyTrading

/// What is shown of a market beside its prices.
extension Market {
    /// Best first. Looking changes nothing.
    func depth(now: Int64) -> (bids: [BookLevel], asks: [BookLevel]) {
        let book = book.refreshed(mid: mid, now: now)
        return (book.bids, book.asks)
    }

    /// The newest hourly rate.
    var fundingRate: Ratio { fundingRates.kept.last?.rate ?? .zero }
    /// (impact price - oracle) / oracle, of the newest settlement.
    var premium: Ratio { fundingRates.kept.last?.premium ?? .zero }
    /// No cap is set.
    var isAtOpenInterestCap: Bool { false }
}
