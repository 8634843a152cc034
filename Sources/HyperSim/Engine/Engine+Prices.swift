import CopyTrading

/// The world's prices, and what follows from a move.
extension Engine {
    func set(_ change: PriceChange, now: Int64) throws(HyperSimError) {
        guard let market = universe.market(coin: change.coin) else { throw .configuration("\(change.coin) is not listed") }
        if let frozen = change.isFrozen {
            // The quotes that stay are those of now.
            refreshHouse(in: market, now: now)
            market.isFrozen = frozen
        }
        if let mark = change.mark { market.markSource = mark }
        if let oracle = change.oracle { market.oracleSource = oracle }
        if let mid = change.mid {
            market.house.release()
            market.move(to: mid)
        }
        if let funding = change.funding { market.funding.fixedRate = funding.rate }
        if let cap = change.openInterestCap { market.rules.openInterestCap = cap.isZero ? nil : cap }
        if let percent = change.oracleDistancePercent { market.rules.oracleDistancePercent = percent == 0 ? nil : percent }
        if let delisted = change.isDelisted { set(delisted: delisted, market, now: now) }
        effects.movedMarkets.insert(market.index)
        pricesMoved(in: market, hash: Fill.zeroHash, now: now)
    }

    /// After every change of a market's mid, mark or book.
    /// - Parameter hash: of the action that moved it.
    func pricesMoved(in market: Market, hash: String, now: Int64) {
        market.funding.move(to: market.premium, now: now)
        fillReached(in: market, hash: hash, now: now)
        fireTriggers(in: market, now: now)
        checkMargins(in: market, now: now)
    }

    /// Has ``pricesMoved(in:hash:now:)`` run at `time`: for what one input leaves to do, as the exchange leaves it to its next block.
    func lookAgain(at time: Int64, _ market: Market) {
        if let next = market.nextLook, next <= time { return }
        market.nextLook = time
        setTimer(.market(index: market.index), at: time)
    }

    /// A look that is due; an earlier one may have taken its place.
    func look(atMarket index: Int, now: Int64) {
        let market = universe.markets[index]
        if let next = market.nextLook, next <= now { market.nextLook = nil }
        pricesMoved(in: market, hash: Fill.zeroHash, now: now)
    }

    /// Every order ends; positions stay.
    private func set(delisted: Bool, _ market: Market, now: Int64) {
        market.isDelisted = delisted
        guard delisted else { return }
        let orders = Array(market.orders.bids.orders) + market.orders.asks.orders + market.triggers.above.orders + market.triggers.below.orders
        for order in orders where order.account.liveOrder(order.oid) != nil { cancel(order, as: .delistedCanceled, now: now) }
    }
}
