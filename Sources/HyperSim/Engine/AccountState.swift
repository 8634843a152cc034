import CopyTrading

/// What clearinghouseState shows of one account on one dex. On every dex, to the last digit:
/// `accountValue = totalRawUsd + Σ szi × mark`, `totalMarginUsed = Σ marginUsed`, cross `marginUsed = |szi| × mark / leverage`.
struct AccountState {
    struct Summary {
        var accountValue = Notional.zero
        var totalPosition = Notional.zero
        var totalCash = Notional.zero
        var marginUsed = Notional.zero
    }

    struct Row {
        var market: Market
        var position: Position
        var leverage: Leverage
        var value: Notional
        var marginUsed: Notional
        var liquidationPrice: Price?
        var funding: FundingTotals
    }

    var all = Summary()
    var cross = Summary()
    var maintenanceUsed = Notional.zero
    var withdrawable = Notional.zero
    /// By market index.
    var rows: [Row] = []
}

extension Account {
    /// - Parameter dex: index in ``Universe/dexes``. A builder dex holds exactly the margin its positions use; the main dex holds the rest.
    func state(onDex dex: Int, universe: Universe) -> AccountState {
        let cash = totalCash(universe)
        let rows = positions.keys.sorted().map { row(universe.markets[$0], position: positions[$0]!) }
        let crossRows = rows.filter { $0.position.isolatedCash == nil }
        let value = crossRows.reduce(cash) { $0 + Self.signedValue($1) }
        let backing = mode.countsSpot ? value + spot : value
        let maintenance = crossRows.reduce(Notional.zero) { $0 + Margin.maintenance($1.position.size, market: $1.market) }

        var state = AccountState()
        state.rows = rows.filter { $0.market.dex == dex }.map { row in
            var row = row
            row.liquidationPrice = Self.liquidationPrice(row, spareMargin: backing - maintenance)
            return row
        }
        state.cross = Self.summary(state.rows.filter { $0.position.isolatedCash == nil })
        if dex == 0 {
            let elsewhere = Self.summary(crossRows.filter { $0.market.dex != 0 })
            state.cross.totalCash = cash - (elsewhere.marginUsed - elsewhere.accountValue)
        } else {
            state.cross.totalCash = state.cross.marginUsed - state.cross.accountValue
        }
        state.cross.accountValue += state.cross.totalCash
        state.all = Self.adding(state.rows.filter { $0.position.isolatedCash != nil }, to: state.cross)
        state.maintenanceUsed = state.rows.filter { $0.position.isolatedCash == nil }
            .reduce(.zero) { $0 + Margin.maintenance($1.position.size, market: $1.market) }
        if dex == 0 { state.withdrawable = max(.zero, value - reserved(universe)) }
        return state
    }

    /// The cash outside isolated positions. A leader's follows from its fixed equity.
    private func totalCash(_ universe: Universe) -> Notional {
        guard case .leader(_, let equity) = kind else { return cash }
        return positions.reduce(equity) { cash, entry in
            let worth = entry.value.value(mark: universe.markets[entry.key].mark)
            return entry.value.size.e8 > 0 ? cash - worth : cash + worth
        }
    }

    private func row(_ market: Market, position: Position) -> AccountState.Row {
        let leverage = leverage(in: market)
        let value = position.value(mark: market.mark)
        let margin =
            position.isolatedCash.map { $0 + (position.size.e8 > 0 ? value : -value) }
            ?? Margin.initial(position.size, market: market, leverage: leverage.value)
        return AccountState.Row(market: market, position: position, leverage: leverage, value: value, marginUsed: margin, funding: fundingTotals[market.index] ?? FundingTotals())
    }

    private static func signedValue(_ row: AccountState.Row) -> Notional { row.position.size.e8 > 0 ? row.value : -row.value }

    /// Without cash: `accountValue` is Σ szi × mark.
    private static func summary(_ rows: [AccountState.Row]) -> AccountState.Summary {
        rows.reduce(into: AccountState.Summary()) { summary, row in
            summary.accountValue += signedValue(row)
            summary.totalPosition += row.value
            summary.marginUsed += row.marginUsed
        }
    }

    private static func adding(_ isolated: [AccountState.Row], to cross: AccountState.Summary) -> AccountState.Summary {
        isolated.reduce(into: cross) { summary, row in
            summary.accountValue += row.marginUsed
            summary.totalPosition += row.value
            summary.totalCash += row.position.isolatedCash ?? .zero
            summary.marginUsed += row.marginUsed
        }
    }

    /// mark − s × spare / |szi| / (1 − l × s), l the maintenance rate of the tier the position is in there; `nil` when that is not positive.
    private static func liquidationPrice(_ row: AccountState.Row, spareMargin: Notional) -> Price? {
        let maintenance = Margin.maintenance(row.position.size, market: row.market)
        let spare = row.position.isolatedCash == nil ? spareMargin : row.marginUsed - maintenance
        let table = row.market.marginTable
        let here = table.tier(at: row.value)
        let price = liquidationPrice(row, spare: spare, tier: here)
        let there = table.tier(at: Money.product(Price(e8: Int64(max(0, min(price, Int128(Price.limit))))), row.position.size))
        guard there != here else { return bounded(price) }
        return bounded(liquidationPrice(row, spare: spare + maintenance - there.maintenance(row.value), tier: there))
    }

    private static func liquidationPrice(_ row: AccountState.Row, spare: Notional, tier: MarginTable.Tier) -> Int128 {
        let sign = Int128(row.position.size.sign)
        let rate = Int128(2 * tier.maximumLeverage)
        // 1 − l·s = (rate − s) / rate with l = 1 / rate.
        let distance = Int128(spare.e8) * Int128(Size.scale) / Int128(row.position.size.e8.magnitude) * rate / (rate - sign)
        return Int128(row.market.mark.e8) - sign * distance
    }

    private static func bounded(_ price: Int128) -> Price? {
        price > 0 && price < Int128(Price.limit) ? Price(e8: Int64(price)) : nil
    }
}
