import CopyTrading
import JSON

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
        let liquidation = taker?.liquidation
        let made = maker.map { fill($0, price: price, size: size, crossed: false, hash: hash, tid: tid, liquidation: liquidation, now: now) }
        let took = taker.map { fill($0, price: price, size: size, crossed: true, hash: hash, tid: tid, liquidation: liquidation, now: now) }
        guard let order = taker ?? maker, let fill = took ?? made else { preconditionFailure("the house does not trade with itself") }
        var trade = fill.trade(of: order.account.address)
        if let taker, let maker {
            trade.buyer = taker.side == .buy ? taker.account.address : maker.account.address
            trade.seller = taker.side == .sell ? taker.account.address : maker.account.address
        } else {
            let value = Money.product(price, size)
            treasury.house += Int128(order.side == .buy ? value.e8 : -value.e8)
        }
        publish(trade, in: order.market)
        return (took, made)
    }

    private func fill(
        _ order: PlacedOrder, price: Price, size: Size, crossed: Bool, hash: String, tid: Int64, liquidation: LiquidationCause?, now: Int64
    ) -> Fill {
        let account = order.account
        let charge = charge(order, value: Money.product(price, size), crossed: crossed, isFree: liquidation?.isFree ?? false, now: now)
        let change = settle(account, order.market, order.side, price: price, size: size, fee: charge.total)
        var fill = Fill(
            market: order.market, price: price, size: size, side: order.side, time: now, startPosition: change.start,
            direction: change.direction, closedPnl: change.closedPnl, hash: hash, oid: order.oid, crossed: crossed, fee: charge.total,
            tid: tid, cloid: order.cloid, twapID: order.twapID)
        if let builderFee = charge.builder { fill.extras.append(JSON.Member("builderFee", .money(builderFee))) }
        if let liquidation { fill.note(liquidation, isOwn: account.address == liquidation.user) }
        account.record(fill)
        count { $0.followerFills += 1 }
        effects.fills.append((account, fill))
        return fill
    }

    /// Fees of one side of a trade, and who gets them.
    private func charge(_ order: PlacedOrder, value: Notional, crossed: Bool, isFree: Bool, now: Int64) -> (total: Notional, builder: Notional?) {
        guard !isFree else { return (.zero, nil) }
        let rates = feeRates(of: order.account, now: now)
        let fee = Money.fee(on: value, rateMillionths: crossed ? rates.taker : rates.maker)
        treasury.fees += Int128(fee.e8)
        guard let builder = order.builder, builder.fee > 0 else { return (fee, nil) }
        let builderFee = Money.fee(on: value, rateMillionths: builder.fee * 10)
        pay(builderFee, toBuilder: builder.address, by: order.account, now: now)
        return (fee + builderFee, builderFee)
    }

    /// By the volume of the last full days; computed once a day.
    func feeRates(of account: Account, now: Int64) -> FeeRates {
        let day = DailyVolumes.day(of: now)
        if let rates = account.feeRates, account.feeRatesDay == day { return rates }
        let rates = fees.rates(volume: account.volumes.total(before: day))
        account.feeRates = rates
        account.feeRatesDay = day
        return rates
    }

    func publish(_ trade: Trade, in market: Market) {
        let value = Money.product(trade.price, trade.size)
        market.recentTrades.append(trade)
        market.candles.add(trade.price, trade.size, at: trade.time)
        volumes.add(value, crossed: true, now: trade.time)
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
        if !account.fundingTotals.isEmpty { account.fundingTotals[market.index]?.changed(change) }
        if change.end.isZero { market.liquidationWatch.remove(account) }
        mustCheck(account)
        return change
    }
}

extension Fill {
    /// - Parameter isOwn: whether the account is the one that is liquidated.
    fileprivate mutating func note(_ cause: LiquidationCause, isOwn: Bool) {
        guard cause.method != .deleveraging else { return }
        let mark = JSON.money(cause.mark)
        extras.append(JSON.Member("liquidation", ["liquidatedUser": .string(cause.user), "markPx": mark, "method": .string(cause.method.rawValue)]))
        guard cause.method == .backstop, isOwn else { return }
        direction = "Liquidated \(cause.isIsolated ? "Isolated" : "Cross") \(startPosition.e8 > 0 ? "Long" : "Short")"
    }
}
