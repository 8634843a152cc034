import CopyTrading

/// Trigger orders: they wait for the mark price, then execute like any other order, but as the exchange's own: their fills have no hash.
extension Engine {
    /// Lets an order wait for the mark price.
    func accept(
        _ order: PlacedOrder, _ trigger: OrderTrigger, _ ticket: OrderTicket, _ grouping: OrderGrouping, _ context: ActionContext
    ) -> OrderAnswer {
        order.account.wait(order)
        order.market.triggers.add(order, trigger)
        noteWaiting(order, ticket, "waitingForTrigger", grouping, context)
        return .waitingForTrigger
    }

    func noteWaiting(_ order: PlacedOrder, _ ticket: OrderTicket, _ status: String, _ grouping: OrderGrouping, _ context: ActionContext) {
        order.become(.open, at: context.now)
        effects.orderUpdates.append((order.account, order.update))
        count { $0.ordersResting += 1 }
        let line = LedgerEntry.Order(
            ticket: ticket, grouping: grouping, oid: order.oid, coin: order.market.coin, status: status, hash: context.hash, fills: [],
            positionAfter: order.account.position(in: order.market).size, error: nil)
        effects.ledger.append(LedgerEntry(context, .order(line)))
    }

    /// Sets off what the mark has reached, the nearest price first.
    func fireTriggers(in market: Market, now: Int64) {
        while let order = market.triggers.firstMet(by: market.mark), let trigger = order.trigger { fire(order, trigger, now: now) }
    }

    private func fire(_ order: PlacedOrder, _ trigger: OrderTrigger, now: Int64) {
        let market = order.market
        let position = order.account.position(in: market).size
        remove(order)
        order.become(.triggered, at: now)
        effects.orderUpdates.append((order.account, order.update))
        if order.isPositionTpsl { order.remaining = position.magnitude }
        if order.reduceOnly {
            guard order.side.reduces(position) else { return finish(order, as: .reduceOnlyCanceled, now: now) }
            order.remaining = min(order.remaining, position.magnitude)
        } else if !hasMargin(for: order) {
            return finish(order, as: .marginCanceled, now: now)
        }
        refreshHouse(in: market, now: now)
        let meets = market.hasOffers(facing: order.side)
        let fills = take(order, limit: trigger.isMarket ? marketLimit(order) : order.limit, hash: Fill.zeroHash, now: now)
        guard !fills.isEmpty || order.lifetime.mayRest else {
            return finish(order, as: meets ? .iocCancelRejected : .marketOrderNoLiquidityRejected, now: now)
        }
        conclude(order, now: now)
        if order.status == .open { effects.orderUpdates.append((order.account, order.update)) }
        count { $0.note(order, rests: order.status == .open) }
        write(order, status: order.status == .open ? "resting" : "filled", fills, now: now)
        settleAfter(order, traded: !fills.isEmpty, now: now)
    }

    /// The mark, ``OrderTrigger/slippagePercent`` worse.
    private func marketLimit(_ order: PlacedOrder) -> Price {
        Market.share(100 + Int(order.side.sign) * OrderTrigger.slippagePercent, of: order.market.mark)
    }

    /// Ends a triggered order that could do nothing.
    private func finish(_ order: PlacedOrder, as status: OrderStatus, now: Int64) {
        order.become(status, at: now)
        effects.orderUpdates.append((order.account, order.update))
        effects.nonUserCancels.append((order.account, order))
        write(order, status: status.rawValue, [], now: now)
    }

    private func write(_ order: PlacedOrder, status: String, _ fills: [Fill], now: Int64) {
        let line = LedgerEntry.Order(
            order: order, status: status, hash: Fill.zeroHash, fills: fills, positionAfter: order.account.position(in: order.market).size)
        effects.ledger.append(LedgerEntry(time: now, account: order.account.address, .trigger(line)))
    }
}
