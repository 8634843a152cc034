import CopyTrading

/// What a trade does to the accounts on its sides.
extension Engine {
    /// One trade between two orders, or an order and the house: cash, positions, fees, histories, publication. Both sides' fills have the same
    /// trade id.
    /// - Parameters:
    ///   - taker: `nil` when the house takes, and `maker` is not then.
    ///   - maker: `nil` when the house's quote is taken.
    @discardableResult
    func trade(taker: PlacedOrder?, maker: PlacedOrder?, price: Price, size: Size, hash: String, now: Int64) -> (taker: Fill?, maker: Fill?) {
        let tid = nextTid()
        let made = maker.map { fill($0, price: price, size: size, crossed: false, hash: hash, tid: tid, now: now) }
        let took = taker.map { fill($0, price: price, size: size, crossed: true, hash: hash, tid: tid, now: now) }
        guard let order = taker ?? maker, let fill = took ?? made else { preconditionFailure("the house does not trade with itself") }
        var trade = fill.trade(of: order.account.address)
        if let taker, let maker {
            trade.buyer = taker.side == .buy ? taker.account.address : maker.account.address
            trade.seller = taker.side == .sell ? taker.account.address : maker.account.address
        }
        publish(trade, in: order.market)
        return (took, made)
    }

    private func fill(_ order: PlacedOrder, price: Price, size: Size, crossed: Bool, hash: String, tid: Int64, now: Int64) -> Fill {
        let rate = crossed ? parameters.takerFeeMillionths : parameters.makerFeeMillionths
        let fee = Money.fee(on: Money.product(price, size), rateMillionths: rate)
        let change = settle(order.account, order.market, order.side, price: price, size: size, fee: fee)
        let fill = Fill(
            market: order.market, price: price, size: size, side: order.side, time: now, startPosition: change.start,
            direction: change.direction, closedPnl: change.closedPnl, hash: hash, oid: order.oid, crossed: crossed, fee: fee,
            tid: tid, cloid: order.cloid, twapID: order.twapID)
        order.account.record(fill)
        count { $0.followerFills += 1 }
        effects.fills.append((order.account, fill))
        return fill
    }

    func publish(_ trade: Trade, in market: Market) {
        market.recentTrades.append(trade)
        market.candles.add(trade.price, trade.size, at: trade.time)
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
