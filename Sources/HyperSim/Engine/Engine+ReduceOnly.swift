import CopyTrading

/// Keeps orders within the position they reduce.
extension Engine {
    /// After a trade: reduce-only orders shrink with the position, and end with it, as whole-position triggers do.
    func positionChanged(of account: Account, in market: Market, now: Int64) {
        guard let bound = account.boundToPosition[market.index] else { return }
        let position = account.position(in: market).size
        for order in bound where order.account.liveOrder(order.oid) != nil {
            if !order.side.reduces(position) {
                cancel(order, as: .reduceOnlyCanceled, now: now)
            } else if order.remaining > position.magnitude {
                order.remaining = position.magnitude
                effects.movedMarkets.insert(market.index)
            }
        }
    }

    /// Of resting reduce-only orders that together exceed the position the oldest go.
    func cancelExcessReduceOnly(besides newest: PlacedOrder, now: Int64) {
        let account = newest.account
        let position = account.position(in: newest.market).size.magnitude
        var others = (account.boundToPosition[newest.market.index] ?? []).filter {
            $0.side == newest.side && $0 !== newest && account.open[$0.oid] != nil
        }[...]
        var total = others.reduce(newest.remaining) { $0 + $1.remaining }
        while total > position, let oldest = others.popFirst() {
            total -= oldest.remaining
            cancel(oldest, as: .reduceOnlyCanceled, now: now)
        }
    }
}
