import CopyTrading

/// Orders that rest: they fill at their own price when the mid reaches it.
extension Engine {
    func rest(_ order: PlacedOrder, now: Int64) {
        order.account.rest(order)
        order.market.resting.append(order)
        if order.reduceOnly { cancelExcessReduceOnly(besides: order, now: now) }
    }

    /// Fills what the new mid has reached, oldest first.
    /// - Parameter hash: of the action that moved the mid.
    func fillReached(in market: Market, hash: String, now: Int64) {
        let reached = market.resting.filter { $0.side == .buy ? market.mid <= $0.limit : market.mid >= $0.limit }
        for order in reached where order.status == .open {
            let size = order.remaining
            order.remaining = .zero
            remove(order)
            order.become(.filled, at: now)
            let trade = trade(taker: nil, maker: order, price: order.limit, size: size, hash: hash, now: now)
            effects.orderUpdates.append((order.account, order.update))
            let line = LedgerEntry.Order(
                order: order, status: "filled", hash: hash, fills: [trade.maker].compactMap { $0 }, positionAfter: order.account.position(in: market).size)
            effects.ledger.append(LedgerEntry(time: now, account: order.account.address, .restingFill(line)))
            shrinkReduceOnly(of: order.account, in: market, now: now)
        }
    }

    /// Keeps resting reduce-only orders within the position: shrunk with it, cancelled when nothing is left to reduce.
    func shrinkReduceOnly(of account: Account, in market: Market, now: Int64) {
        guard !account.open.isEmpty else { return }
        let position = account.position(in: market).size
        for order in account.openOrders where order.market === market && order.reduceOnly {
            if position.sign * Int(order.side.sign) >= 0 {
                cancel(order, as: .reduceOnlyCanceled, now: now)
            } else if order.remaining > position.magnitude {
                order.remaining = position.magnitude
            }
        }
    }

    /// Of resting reduce-only orders that together exceed the position the oldest go.
    private func cancelExcessReduceOnly(besides newest: PlacedOrder, now: Int64) {
        let position = newest.account.position(in: newest.market).size.magnitude
        var others = newest.account.openOrders.filter {
            $0.market === newest.market && $0.reduceOnly && $0.side == newest.side && $0 !== newest
        }
        var total = others.reduce(newest.remaining) { $0 + $1.remaining }
        while total > position, !others.isEmpty {
            let oldest = others.removeFirst()
            total -= oldest.remaining
            cancel(oldest, as: .reduceOnlyCanceled, now: now)
        }
    }

    /// Ends a resting order by the exchange's own rule.
    func cancel(_ order: PlacedOrder, as status: OrderStatus, now: Int64) {
        remove(order)
        order.become(status, at: now)
        effects.orderUpdates.append((order.account, order.update))
        effects.nonUserCancels.append((order.account, order))
        let line = LedgerEntry.Cancel(cloid: order.cloid, oid: order.oid, coin: order.market.coin, status: status.rawValue, error: nil)
        effects.ledger.append(LedgerEntry(time: now, account: order.account.address, .systemCancel(line)))
    }

    func remove(_ order: PlacedOrder) {
        order.account.unrest(order)
        order.market.resting.removeAll { $0 === order }
    }
}
