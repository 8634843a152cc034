import CopyTrading

/// Taking from the synthetic book.
extension Engine {
    func match(_ order: PlacedOrder, _ ticket: OrderTicket, _ context: ActionContext) throws(Refusal) -> OrderAnswer {
        let market = order.market
        let facing = market.book.facing(order.side)
        if order.lifetime == .addLiquidityOnly {
            let crosses = facing.first.map { order.side == .buy ? $0.price <= order.limit : $0.price >= order.limit } ?? false
            guard !crosses else { throw .postOnly(bid: market.book.bids.first?.price, ask: market.book.asks.first?.price) }
        }
        let before = order.update
        let fills = order.lifetime == .addLiquidityOnly ? [] : take(order, limit: order.limit, hash: context.hash, now: context.now)
        if fills.isEmpty, !order.lifetime.mayRest { throw facing.isEmpty ? .noLiquidity : .noMatch }
        effects.orderUpdates.append((order.account, before))
        return conclude(order, fills, ticket, context)
    }

    /// Trades `order` with what the book has at `limit` or better.
    func take(_ order: PlacedOrder, limit: Price, hash: String, now: Int64) -> [Fill] {
        let market = order.market
        let taken = market.book.take(order.side, size: order.remaining, limit: limit)
        if !taken.isEmpty { effects.movedMarkets.insert(market.index) }
        return taken.compactMap { level in
            order.remaining -= level.size
            return trade(taker: order, maker: nil, price: level.price, size: level.size, hash: hash, now: now).taker
        }
    }

    func refreshHouse(in market: Market, now: Int64) { market.book.refresh(mid: market.mid, now: now) }

    /// What follows from what became of an order that took.
    func settleAfter(_ order: PlacedOrder, traded: Bool, now: Int64) {
        if traded { shrinkReduceOnly(of: order.account, in: order.market, now: now) }
    }

    /// Rests, cancels or finishes what is left after taking, and writes the order's line.
    private func conclude(_ order: PlacedOrder, _ fills: [Fill], _ ticket: OrderTicket, _ context: ActionContext) -> OrderAnswer {
        let rests = !order.remaining.isZero && order.lifetime.mayRest
        if order.remaining.isZero {
            order.become(.filled, at: context.now)
            count { $0.ordersFilled += 1 }
        } else if rests {
            order.become(.open, at: context.now)
            count { $0.ordersResting += 1 }
        } else {
            order.become(.canceled, at: context.now)
            count { $0.ordersPartlyFilled += 1 }
        }
        if order.status != .open { effects.orderUpdates.append((order.account, order.update)) }
        let line = LedgerEntry.Order(
            ticket: ticket, oid: order.oid, coin: order.market.coin, status: rests ? "resting" : "filled", hash: context.hash, fills: fills,
            positionAfter: order.account.position(in: order.market).size, error: nil)
        effects.ledger.append(LedgerEntry(context, .order(line)))
        if !fills.isEmpty { shrinkReduceOnly(of: order.account, in: order.market, now: context.now) }
        if rests { rest(order, now: context.now) }
        guard !rests else { return .resting(oid: order.oid, cloid: order.cloid) }
        return .filled(totalSize: line.totalSize, averagePrice: line.averagePrice(order.market.grid), oid: order.oid, cloid: order.cloid)
    }
}
