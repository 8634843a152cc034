import CopyTrading

/// The rules one order is judged by, in the exchange's order.
extension Engine {
    /// - Parameters:
    ///   - asked: the size as sent, before it was cut to the position; zero for the whole position.
    ///   - reference: a trigger must lie on its own side of it: the mark, or for what waits for a parent the parent's price.
    func check(_ order: PlacedOrder, asked: Size, reference: Price) throws(Refusal) {
        let market = order.market
        let position = order.account.position(in: market).size
        let opposes = order.side.reduces(position)
        guard !market.isDelisted else { throw .delisted }
        guard market.grid.isOnTick(order.limit), order.trigger.map({ market.grid.isOnTick($0.price) }) ?? true else { throw .tick }
        guard market.grid.isLot(asked) else { throw .invalidSize }
        let closesAll = order.isPositionTpsl || (opposes && order.originalSize == position.magnitude)
        guard closesAll || Money.product(market.mid, asked) >= EngineParameters.minimumOrderValue else { throw .minimumValue }
        if order.reduceOnly, order.parent == nil { guard opposes else { throw .reduceOnly } }
        try checkPostOnly(order)
        if let trigger = order.trigger { guard !trigger.isMet(by: reference, order.side) else { throw .trigger } }
        try checkOpenOrders(of: order)
        guard order.trigger == nil else { return }
        try checkMarketOrder(order)
        try checkMargin(order, position: position)
        try checkOpenInterest(order, position: position)
        try checkOracle(order)
    }

    private func checkPostOnly(_ order: PlacedOrder) throws(Refusal) {
        guard order.lifetime == .addLiquidityOnly else { return }
        let market = order.market
        let best = order.side == .buy ? market.bestAsk(now: order.placedAt) : market.bestBid(now: order.placedAt)
        guard let best, order.side.reaches(best.price, limit: order.limit) else { return }
        throw .postOnly(bid: market.bestBid(now: order.placedAt)?.price, ask: market.bestAsk(now: order.placedAt)?.price)
    }

    /// From the first thousand on every $5M of volume allows one more, but neither reduce-only nor trigger orders.
    private func checkOpenOrders(of order: PlacedOrder) throws(Refusal) {
        guard order.lifetime.mayRest || order.trigger != nil else { return }
        let count = order.account.liveOrderCount
        guard count >= EngineParameters.maximumOpenOrders else { return }
        guard count < EngineParameters.openOrderLimit(volume: order.account.tradedVolume), !order.reduceOnly, order.trigger == nil else {
            throw .tooManyOpenOrders
        }
    }

    private func checkMarketOrder(_ order: PlacedOrder) throws(Refusal) {
        guard !order.lifetime.mayRest else { return }
        let maximum = order.market.maximumMarketOrder
        guard Money.product(order.market.mid, order.originalSize) <= maximum else { throw .marketOrderValue(maximum: maximum) }
    }

    private func checkMargin(_ order: PlacedOrder, position: Size) throws(Refusal) {
        guard !order.reduceOnly else { return }
        guard order.lifetime.mayRest || !order.side.reduces(position) || order.originalSize > position.magnitude else { return }
        let addition = Account.Addition(market: order.market, side: order.side, size: order.originalSize)
        guard !order.account.exceedsTier(addition) else { throw .marginTier }
        guard order.account.affords(addition, universe) else { throw .margin }
    }

    /// Whether the account can carry what is left of the order, or needs no more for it than before.
    func hasMargin(for order: PlacedOrder) -> Bool {
        order.account.affords(Account.Addition(market: order.market, side: order.side, size: order.remaining), universe)
    }

    /// What the exchange compares "too quickly" with is not documented: here an order that by itself would pass the cap is too quick.
    private func checkOpenInterest(_ order: PlacedOrder, position: Size) throws(Refusal) {
        let market = order.market
        guard let cap = market.rules.openInterestCap else { return }
        let end = Money.clamped(position, adding: Size(e8: order.side.sign * order.originalSize.e8))
        let increases = end.magnitude > position.magnitude
        let isFlip = position.sign * end.sign < 0
        guard Money.product(market.mark, market.openInterest) < cap else {
            guard !increases, !isFlip else { throw .openInterestCap(isFlip: isFlip) }
            let distance = Market.share(100 + Int(order.side.sign) * MarketRules.cappedDistancePercent, of: market.oracle)
            guard !order.lifetime.mayRest || order.side.reaches(order.limit, limit: distance) else { throw .openInterestCapPrice }
            return
        }
        let added = increases ? end.magnitude - (isFlip ? .zero : position.magnitude) : .zero
        guard Money.product(market.mark, Money.clamped(market.openInterest, adding: added)) <= cap else { throw .openInterestIncrease }
    }

    private func checkOracle(_ order: PlacedOrder) throws(Refusal) {
        guard let percent = order.market.rules.oracleDistancePercent else { return }
        guard (order.limit - order.market.oracle).magnitude <= Market.share(percent, of: order.market.oracle) else { throw .oracleDistance }
    }
}

extension EngineParameters {
    /// 1,000, one more for every $5M traded, 5,000 at most.
    static func openOrderLimit(volume: Notional) -> Int {
        min(openOrderCeiling, maximumOpenOrders + Int(volume.e8 / (5_000_000 * Notional.scale)))
    }

    static let openOrderCeiling = 5_000
}
