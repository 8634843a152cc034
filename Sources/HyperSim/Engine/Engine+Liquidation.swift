import CopyTrading
import JSON

/// Liquidation: what falls below its maintenance margin is closed by the exchange. Cross positions stand for each other, isolated ones for
/// themselves.
///
/// | value | what happens |
/// |---|---|
/// | ≥ maintenance | nothing |
/// | ≥ ⅔ of it | market orders: above $100,000 a fifth first, the rest after 30 seconds; smaller positions at once |
/// | below | the liquidator takes positions and margin over at mark; where it does not, market orders until the margin is gone, and then those on the other side are deleveraged |
extension Engine {
    /// `account` has other money or positions than when it was last looked at.
    func mustCheck(_ account: Account) {
        guard account.kind == .follower, !account.liquidation.isUnchecked else { return }
        account.liquidation.isUnchecked = true
        unchecked.append(account)
    }

    /// Looks at accounts that changed, and at holders in `market` whose safe prices its mark has left. Those who change meanwhile are next.
    func checkMargins(in market: Market? = nil, now: Int64) {
        guard !isLiquidating else { return }
        isLiquidating = true
        defer { isLiquidating = false }
        let changed = unchecked
        unchecked.removeAll(keepingCapacity: true)
        for account in changed { check(account, now: now) }
        guard let market else { return }
        for account in market.liquidationWatch.reached(at: market.mark) { check(account, now: now) }
    }

    /// The pause after the first part of a large position is over.
    func continueLiquidation(of address: String, now: Int64) {
        guard let account = account(address) else { return }
        check(account, now: now)
    }

    private func check(_ account: Account, now: Int64) {
        account.liquidation.isUnchecked = false
        guard !account.positions.isEmpty else { return }
        var spare = account.mode.countsSpot ? account.cash + account.spot : account.cash
        var maintenance = Notional.zero
        var crossCount: Int64 = 0
        var failing: [Int] = []
        for (index, position) in account.positions {
            let market = universe.markets[index]
            let needed = Margin.maintenance(position.size, market: market)
            let value = position.signedValue(mark: market.mark)
            if let held = position.isolatedCash {
                if held + value < needed { failing.append(index) }
            } else {
                spare += value
                maintenance += needed
                crossCount += 1
            }
        }
        let isCrossFailing = crossCount > 0 && spare < maintenance
        guard isCrossFailing || !failing.isEmpty else {
            account.liquidation.isReduced = false
            return setBands(of: account, crossSpare: spare - maintenance, count: crossCount)
        }
        if isCrossFailing { liquidateCross(account, value: spare, maintenance: maintenance, now: now) }
        for index in failing.sorted() { liquidateIsolated(account, in: universe.markets[index], now: now) }
        if !account.positions.isEmpty { mustCheck(account) }
    }

    private func setBands(of account: Account, crossSpare: Notional, count: Int64) {
        for (index, position) in account.positions {
            let market = universe.markets[index]
            let mark = market.mark
            let spare =
                position.isolatedCash.map { $0 + position.signedValue(mark: mark) - Margin.maintenance(position.size, market: market) }
                ?? Notional(e8: crossSpare.e8 / count)
            let distance = Int128(spare.e8) / 2 * Int128(Size.scale) / Int128(position.size.e8.magnitude)
            let isLong = position.size.e8 > 0
            let edge = Price(e8: Int64(clamping: Int128(mark.e8) + (isLong ? -distance : distance)))
            market.liquidationWatch.set(account, low: isLong ? edge : Price(e8: .min), high: isLong ? Price(e8: .max) : edge)
        }
    }

    // MARK: Cross

    private func liquidateCross(_ account: Account, value: Notional, maintenance: Notional, now: Int64) {
        for order in account.openOrders where order.status == .open { cancel(order, as: .liquidatedCanceled, now: now) }
        let before = LiquidationRecord(account, value: value, universe, market: nil)
        let markets = crossMarkets(of: account)
        if Int128(value.e8) * 3 < Int128(maintenance.e8) * 2 {
            for market in markets { takeOver(account, in: market, now: now) }
            giveUpMargin(of: account, now: now)
        } else {
            let isFirst = !account.liquidation.isReduced
            for market in markets {
                sell(account, in: market, isFirst: isFirst, now: now)
                guard account.collateral(universe) < account.crossMaintenance(universe) else { break }
            }
            if account.cash.e8 < 0, crossMarkets(of: account).isEmpty { giveUpMargin(of: account, now: now) }
        }
        report(before, account, now: now)
    }

    /// Largest position first.
    private func crossMarkets(of account: Account) -> [Market] {
        account.positions.filter { $0.value.isolatedCash == nil }
            .map { (market: universe.markets[$0.key], value: $0.value.value(mark: universe.markets[$0.key].mark)) }
            .sorted { ($1.value, $0.market.index) < ($0.value, $1.market.index) }
            .map(\.market)
    }

    /// What is left after a takeover goes with the positions; what is missing the liquidator pays.
    private func giveUpMargin(of account: Account, now: Int64) {
        if account.mode.countsSpot, !account.spot.isZero {
            move(account.spot, .liquidation, from: .spot(account), to: .perpetuals(account), now: now)
        }
        giveUp(account.cash, of: account, now: now)
    }

    private func giveUp(_ amount: Notional, of account: Account, now: Int64) {
        guard !amount.isZero else { return }
        let (from, to) = amount.e8 > 0 ? (account, liquidator) : (liquidator, account)
        move(amount.magnitude, .liquidation, from: .perpetuals(from), to: .perpetuals(to), now: now)
    }

    // MARK: Isolated

    private func liquidateIsolated(_ account: Account, in market: Market, now: Int64) {
        let position = account.position(in: market)
        guard let held = position.isolatedCash else { return }
        let value = held + position.signedValue(mark: market.mark)
        let maintenance = Margin.maintenance(position.size, market: market)
        let before = LiquidationRecord(account, value: value, universe, market: market)
        if Int128(value.e8) * 3 < Int128(maintenance.e8) * 2, market.hasBackstop {
            let cash = account.cash
            takeOver(account, in: market, now: now)
            giveUp(account.cash - cash, of: account, now: now)
        } else {
            sell(account, in: market, isFirst: !account.liquidation.isReduced, now: now)
            let rest = account.position(in: market)
            if value.e8 <= 0, !rest.size.isZero, !market.hasBackstop { deleverage(account, in: market, now: now) }
        }
        report(before, account, now: now)
    }

    // MARK: Trades

    /// A market order for the position, or for the first part of a large one. An isolated one is not sold below its own collateral.
    private func sell(_ account: Account, in market: Market, isFirst: Bool, now: Int64) {
        let position = account.position(in: market)
        var size = position.size.magnitude
        if isFirst, position.value(mark: market.mark) > LiquidationProgress.largePosition {
            size = max(market.grid.lots(Size(e8: size.e8 / 100 * LiquidationProgress.firstPartPercent)), Size(e8: market.grid.lotE8))
            account.liquidation.isReduced = true
            account.liquidation.pausedUntil = now + LiquidationProgress.pause
            cancelTimers(.liquidation(account: account.address))
            setTimer(.liquidation(account: account.address), at: account.liquidation.pausedUntil)
        } else if !isFirst, now < account.liquidation.pausedUntil {
            return
        }
        let side: Side = position.size.e8 > 0 ? .sell : .buy
        let limit = position.isolatedCash.map { position.bankruptcyPrice(held: $0) } ?? (side == .buy ? Price(e8: Price.limit) : Price(e8: 1))
        let order = liquidationOrder(of: account, in: market, side, size, at: limit, cause(account, market, .market), now: now)
        refreshHouse(in: market, now: now)
        let fills = take(order, limit: limit, hash: Fill.zeroHash, now: now)
        finish(order, fills, isOwn: true, now: now)
    }

    /// The liquidator takes the position at mark.
    private func takeOver(_ account: Account, in market: Market, now: Int64) {
        trade(account, with: liquidator, in: market, size: account.position(in: market).size.magnitude, at: market.mark, .backstop, now: now)
    }

    /// Brings two accounts together at a price, without a book. Without a counterparty it is the house.
    func trade(_ account: Account, with other: Account?, in market: Market, size: Size, at price: Price, _ method: LiquidationCause.Method, now: Int64) {
        let cause = cause(account, market, method)
        let side: Side = account.position(in: market).size.e8 > 0 ? .sell : .buy
        let order = liquidationOrder(of: account, in: market, side, size, at: price, cause, now: now)
        let counter = other.map { liquidationOrder(of: $0, in: market, side.opposite, size, at: price, cause, now: now) }
        let trade = trade(taker: order, maker: counter, price: price, size: size, hash: Fill.zeroHash, now: now)
        order.remaining = .zero
        finish(order, [trade.taker].compactMap { $0 }, isOwn: true, now: now)
        guard let counter else { return }
        counter.remaining = .zero
        finish(counter, [trade.maker].compactMap { $0 }, isOwn: false, now: now)
    }

    private func cause(_ account: Account, _ market: Market, _ method: LiquidationCause.Method) -> LiquidationCause {
        LiquidationCause(
            user: account.address, mark: market.mark, method: method, isIsolated: account.position(in: market).isolatedCash != nil)
    }

    private func liquidationOrder(
        of account: Account, in market: Market, _ side: Side, _ size: Size, at price: Price, _ cause: LiquidationCause, now: Int64
    ) -> PlacedOrder {
        let ticket = OrderTicket(
            asset: market.asset, side: side, price: price, size: size, priceText: price.description, sizeText: size.description,
            reduceOnly: account.address == cause.user, lifetime: .immediateOrCancel)
        let order = PlacedOrder(oid: nextOid(), ticket: ticket, price: price, size: size, account: account, market: market, now: now)
        order.liquidation = cause
        account.record(order)
        return order
    }

    private func finish(_ order: PlacedOrder, _ fills: [Fill], isOwn: Bool, now: Int64) {
        order.become(order.remaining.isZero ? .filled : .canceled, at: now)
        effects.orderUpdates.append((order.account, order.update))
        guard let cause = order.liquidation, !fills.isEmpty else { return }
        let line = LedgerEntry.Liquidation(
            isOwn: isOwn, market: order.market, side: order.side, cause: cause, oid: order.oid, fills: fills,
            positionAfter: order.account.position(in: order.market).size)
        effects.ledger.append(LedgerEntry(time: now, account: order.account.address, .liquidation(line)))
        settleAfter(order, traded: true, now: now)
    }

    // MARK: Reports

    /// Tells the account what was liquidated, when anything was.
    private func report(_ before: LiquidationRecord, _ account: Account, now: Int64) {
        let positions = before.positions.filter { account.position(in: $0.market).size != $0.size }
        guard !positions.isEmpty else { return }
        lastLiquidation += 1
        effects.liquidations.append(
            (account, LiquidationNotice(
                id: lastLiquidation, liquidator: liquidator.address, user: account.address, positionValue: before.positionValue,
                accountValue: before.accountValue)))
        let liquidated = positions.map { entry -> JSON in ["coin": .string(entry.market.coin), "szi": .money(entry.size)] }
        tell(
            account,
            [
                "type": "liquidation", "liquidatedNtlPos": .money(before.positionValue), "accountValue": .money(before.accountValue),
                "leverageType": before.isIsolated ? "Isolated" : "Cross", "liquidatedPositions": .array(liquidated),
            ], hash: Fill.zeroHash, now: now)
    }
}

/// What an account had before it was liquidated.
private struct LiquidationRecord {
    var positions: [(market: Market, size: Size)]
    var positionValue: Notional
    var accountValue: Notional
    var isIsolated: Bool

    /// - Parameter market: of an isolated position; `nil` for all cross positions.
    init(_ account: Account, value: Notional, _ universe: Universe, market: Market?) {
        isIsolated = market != nil
        accountValue = value
        let liquidated = account.positions.filter { market == nil ? $0.value.isolatedCash == nil : $0.key == market?.index }
        positions = liquidated.sorted { $0.key < $1.key }.map { (universe.markets[$0.key], $0.value.size) }
        positionValue = positions.reduce(.zero) { $0 + Money.product($1.market.mark, $1.size) }
    }
}

extension Market {
    /// The liquidator serves markets of the main dex that allow cross margin.
    var hasBackstop: Bool { dex == 0 && marginMode == .any }
}

extension Position {
    /// Where an isolated position is worth nothing.
    func bankruptcyPrice(held: Notional) -> Price {
        let price = -Int128(held.e8) * Int128(Price.scale) / Int128(size.e8)
        return Price(e8: Int64(max(1, min(price, Int128(Price.limit)))))
    }
}
