import CopyTrading

/// Taking from the synthetic book, and what a fill does to an account.
extension Engine {
    func match(_ order: PlacedOrder, _ ticket: OrderTicket, _ context: ActionContext) throws(Refusal) -> OrderAnswer {
        let market = order.market
        let facing = market.book.facing(order.side)
        if order.lifetime == .addLiquidityOnly {
            let crosses = facing.first.map { order.side == .buy ? $0.price <= order.limit : $0.price >= order.limit } ?? false
            guard !crosses else { throw .postOnly(bid: market.book.bids.first?.price, ask: market.book.asks.first?.price) }
        }
        let taken = order.lifetime == .addLiquidityOnly ? [] : market.book.take(order.side, size: order.remaining, limit: order.limit)
        if taken.isEmpty, !order.lifetime.mayRest { throw facing.isEmpty ? .noLiquidity : .noMatch }

        effects.orderUpdates.append((order.account, order.update))
        var fills: [Fill] = []
        for level in taken {
            order.remaining -= level.size
            fills.append(execute(order, price: level.price, size: level.size, crossed: true, hash: context.hash, now: context.now))
        }
        if !taken.isEmpty { effects.movedMarkets.insert(market.index) }
        return conclude(order, fills, ticket, context)
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

    /// One fill: fee, cash, position, history, publication.
    func execute(_ order: PlacedOrder, price: Price, size: Size, crossed: Bool, hash: String, now: Int64) -> Fill {
        let rate = crossed ? parameters.takerFeeMillionths : parameters.makerFeeMillionths
        let fee = Money.fee(on: Money.product(price, size), rateMillionths: rate)
        let change = settle(order.account, order.market, order.side, price: price, size: size, fee: fee)
        let fill = Fill(
            market: order.market, price: price, size: size, side: order.side, time: now, startPosition: change.start,
            direction: change.direction, closedPnl: change.closedPnl, hash: hash, oid: order.oid, crossed: crossed, fee: fee,
            tid: nextTid(), cloid: order.cloid)
        order.account.record(fill)
        count { $0.followerFills += 1 }
        effects.fills.append((order.account, fill))
        publish(fill.trade(of: order.account.address), in: order.market)
        return fill
    }

    func publish(_ trade: Trade, in market: Market) {
        market.recentTrades.append(trade)
        market.volume = Money.clamped(market.volume, adding: Money.product(trade.price, trade.size))
        market.baseVolume = Money.clamped(market.baseVolume, adding: trade.size)
        effects.trades.append((market, trade))
    }

    /// Moves cash and position for one trade.
    func settle(_ account: Account, _ market: Market, _ side: Side, price: Price, size: Size, fee: Notional) -> Position.Change {
        var position = account.position(in: market)
        let leverage = account.leverage(in: market)
        let isolated = position.isolatedCash != nil || (position.size.isZero && !leverage.isCross)
        account.cash -= fee
        if isolated {
            account.cash += position.moveIsolatedCash(side, size: size, price: price, leverage: leverage.value)
        } else {
            let value = Money.product(price, size)
            account.cash += side == .buy ? -value : value
        }
        let change = position.apply(side, size: size, price: price, grid: market.grid)
        account.set(position, in: market)
        return change
    }
}
