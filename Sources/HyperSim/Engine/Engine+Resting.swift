import CopyTrading

/// Orders that rest: what fills them when nobody's order does.
extension Engine {
    func rest(_ order: PlacedOrder, now: Int64) {
        let market = order.market
        order.account.rest(order)
        market.orders.add(order)
        effects.movedMarkets.insert(market.index)
        if order.reduceOnly { cancelExcessReduceOnly(besides: order, now: now) }
        // What was taken from the house comes back, perhaps within reach of this order.
        if let refill = market.house.refillsAt { lookAgain(at: max(now, refill), market) }
    }

    /// Makes the house's quotes those of now; call before matching.
    func refreshHouse(in market: Market, now: Int64) { market.house.refresh(mid: market.quotedMid, now: now) }

    /// Fills what the house's quotes reach, each order wholly and at its own price: no order stays crossed.
    /// - Parameter hash: of the action that moved the quotes.
    func fillReached(in market: Market, hash: String, now: Int64) {
        guard !market.orders.isEmpty else { return }
        refreshHouse(in: market, now: now)
        for side in [Side.buy, .sell] {
            while let order = market.orders.best(side), let quote = market.house.best(facing: side), side.reaches(quote.price, limit: order.limit) {
                fill(order, size: order.remaining, taker: nil, hash: hash, now: now)
            }
        }
    }

    /// Others traded at `price`: users' orders with better prices were traded through and fill wholly, those at the price share what was
    /// traded. Nothing is known of the queue at that price, so users' orders stand at its front.
    /// - Parameter aggressor: side of the one who took.
    func fillTradedThrough(in market: Market, aggressor: Side, price: Price, size: Size, hash: String, now: Int64) {
        let side = aggressor.opposite
        var rest = size
        while let order = market.orders.best(side), side.reaches(price, limit: order.limit) {
            let isAtPrice = order.limit == price
            let part = isAtPrice ? min(rest, order.remaining) : order.remaining
            guard !part.isZero else { break }
            if isAtPrice { rest -= part }
            fill(order, size: part, taker: nil, hash: hash, now: now)
        }
    }

    /// Fills a resting order in whole or in part at its own price.
    /// - Parameter taker: `nil` when the house takes it.
    /// - Returns: the taker's fill.
    @discardableResult
    func fill(_ order: PlacedOrder, size: Size, taker: PlacedOrder?, hash: String, now: Int64) -> Fill? {
        order.remaining -= size
        let isDone = order.remaining.isZero
        if isDone {
            remove(order)
            order.become(.filled, at: now)
        }
        let trade = trade(taker: taker, maker: order, price: order.limit, size: size, hash: hash, now: now)
        effects.orderUpdates.append((order.account, OrderUpdate(order: order, remaining: order.remaining, status: order.status, time: now)))
        let line = LedgerEntry.Order(
            order: order, status: order.status.rawValue, hash: hash, fills: [trade.maker].compactMap { $0 },
            positionAfter: order.account.position(in: order.market).size)
        effects.ledger.append(LedgerEntry(time: now, account: order.account.address, .restingFill(line)))
        effects.movedMarkets.insert(order.market.index)
        if isDone { wasFilled(order, now: now) }
        positionChanged(of: order.account, in: order.market, now: now)
        return trade.taker
    }

    /// Ends an order that rests or waits by the exchange's own rule.
    func cancel(_ order: PlacedOrder, as status: OrderStatus, now: Int64) {
        end(order, as: status, now: now)
        effects.nonUserCancels.append((order.account, order))
        let line = LedgerEntry.Cancel(cloid: order.cloid, oid: order.oid, coin: order.market.coin, status: status.rawValue, error: nil)
        effects.ledger.append(LedgerEntry(time: now, account: order.account.address, .systemCancel(line)))
        cancelChildren(of: order, now: now)
    }

    /// Takes an order from wherever it is and tells its owner.
    func end(_ order: PlacedOrder, as status: OrderStatus, now: Int64) {
        remove(order)
        order.become(status, at: now)
        effects.orderUpdates.append((order.account, order.update))
        effects.movedMarkets.insert(order.market.index)
    }

    /// Takes an order out of the book or from the triggers.
    func remove(_ order: PlacedOrder) {
        if order.place != nil {
            if order.account.waiting[order.oid] != nil, let trigger = order.trigger {
                order.market.triggers.remove(order, trigger)
            } else {
                order.market.orders.remove(order)
            }
        }
        order.account.withdraw(order)
    }
}
