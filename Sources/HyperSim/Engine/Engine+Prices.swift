import CopyTrading

/// The world's prices, and what follows from a move.
extension Engine {
    func set(_ change: PriceChange, now: Int64) throws(HyperSimError) {
        guard let market = universe.market(coin: change.coin) else { throw .configuration("\(change.coin) is not listed") }
        if let frozen = change.isFrozen { market.isFrozen = frozen }
        if let mark = change.mark { market.markSource = mark }
        if let oracle = change.oracle { market.oracleSource = oracle }
        if let mid = change.mid { market.move(to: mid) }
        if let funding = change.funding { market.funding.fixedRate = funding.rate }
        if let delisted = change.isDelisted { market.isDelisted = delisted }
        effects.movedMarkets.insert(market.index)
        pricesMoved(in: market, hash: Fill.zeroHash, now: now)
    }

    /// After every change of a market's mid or mark.
    /// - Parameter hash: of the action that moved it.
    func pricesMoved(in market: Market, hash: String, now: Int64) {
        market.funding.move(to: market.premium, now: now)
        fillReached(in: market, hash: hash, now: now)
        checkMargins(in: market, now: now)
    }
}
