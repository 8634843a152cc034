import CopyTrading

/// Taking from the book: at each price users' orders before the house, the oldest first.
extension Engine {
    func match(_ order: PlacedOrder, _ ticket: OrderTicket, _ grouping: OrderGrouping, _ context: ActionContext) throws(Refusal) -> OrderAnswer {
        let opening = order.update
        let meets = order.market.hasOffers(facing: order.side)
        let fills = order.lifetime == .addLiquidityOnly ? [] : take(order, limit: order.limit, hash: context.hash, now: context.now)
        if fills.isEmpty, !order.lifetime.mayRest { throw meets ? .noMatch : .noLiquidity }
        effects.orderUpdates.append((order.account, opening))

        conclude(order, now: context.now)
        let rests = order.status == .open
        count { $0.note(order, rests: rests) }
        let line = LedgerEntry.Order(
            ticket: ticket, grouping: grouping, oid: order.oid, coin: order.market.coin, status: rests ? "resting" : "filled", hash: context.hash,
            fills: fills, positionAfter: order.account.position(in: order.market).size, error: nil)
        effects.ledger.append(LedgerEntry(context, .order(line)))
        settleAfter(order, traded: !fills.isEmpty, now: context.now)
        guard !rests else { return .resting(oid: order.oid, cloid: order.cloid) }
        return .filled(totalSize: line.totalSize, averagePrice: line.averagePrice(order.market.grid), oid: order.oid, cloid: order.cloid)
    }

    /// Trades `order` with whatever stands at `limit` or better. A resting order of the same account is cancelled instead.
    /// - Returns: the taker's fills.
    func take(_ order: PlacedOrder, limit: Price, hash: String, now: Int64) -> [Fill] {
        let market = order.market
        let side = order.side
        var fills: [Fill] = []
        while !order.remaining.isZero {
            let quote = market.house.best(facing: side)
            if let resting = market.orders.best(side.opposite), side.reaches(resting.limit, limit: limit),
                quote.map({ side.reaches(resting.limit, limit: $0.price) }) ?? true
            {
                guard resting.account !== order.account else {
                    cancel(resting, as: .selfTradeCanceled, now: now)
                    continue
                }
                let size = min(order.remaining, resting.remaining)
                order.remaining -= size
                if let fill = fill(resting, size: size, taker: order, hash: hash, now: now) { fills.append(fill) }
            } else if let quote, side.reaches(quote.price, limit: limit) {
                let size = min(order.remaining, quote.size)
                order.remaining -= size
                market.house.take(side, size: size)
                if let fill = trade(taker: order, maker: nil, price: quote.price, size: size, hash: hash, now: now).taker { fills.append(fill) }
            } else {
                break
            }
        }
        if !fills.isEmpty { effects.movedMarkets.insert(market.index) }
        return fills
    }

    /// After taking: filled, resting or cancelled.
    func conclude(_ order: PlacedOrder, now: Int64) {
        if order.remaining.isZero {
            order.become(.filled, at: now)
        } else if order.lifetime.mayRest {
            order.become(.open, at: now)
        } else {
            order.become(.canceled, at: now)
        }
        if order.status != .open { effects.orderUpdates.append((order.account, order.update)) }
    }

    /// What follows from what became of an order that took: for its relatives, for what is bound to the position, and for the book it rests in.
    func settleAfter(_ order: PlacedOrder, traded: Bool, now: Int64) {
        switch order.status {
        case .filled: wasFilled(order, now: now)
        case .open: rest(order, now: now)
        default: cancelChildren(of: order, now: now)
        }
        if traded { positionChanged(of: order.account, in: order.market, now: now) }
    }
}

extension Market {
    /// Whether anything stands on the side that an order of `side` meets.
    func hasOffers(facing side: Side) -> Bool { house.best(facing: side) != nil || orders.best(side.opposite) != nil }
}

extension EngineCounters {
    mutating func note(_ order: PlacedOrder, rests: Bool) {
        if rests { ordersResting += 1 } else if order.status == .filled { ordersFilled += 1 } else { ordersPartlyFilled += 1 }
    }
}
