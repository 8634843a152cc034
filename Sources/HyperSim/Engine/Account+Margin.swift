import CopyTrading

/// Initial margin: size × mark / leverage, in the worst case over the resting orders of each side.
///
/// Cross positions of every dex share the account's cash: what a builder dex needs is moved there and back, as with the exchange's dex
/// abstraction, so the free margin is one figure for the whole account.
extension Account {
    /// An order that is about to be placed.
    struct Addition {
        var market: Market
        var side: Side
        var size: Size
    }

    /// Cash and cross positions at mark.
    func crossValue(_ universe: Universe) -> Notional {
        positions.reduce(into: cash) { value, entry in
            guard entry.value.isolatedCash == nil else { return }
            value += entry.value.signedValue(mark: universe.markets[entry.key].mark)
        }
    }

    /// What backs cross positions: ``crossValue(_:)``, and the spot balance of an account whose mode says so.
    func collateral(_ universe: Universe) -> Notional { mode.countsSpot ? crossValue(universe) + spot : crossValue(universe) }

    /// Perpetuals and spot together.
    func equity(_ universe: Universe) -> Notional {
        positions.reduce(crossValue(universe) + spot) { value, entry in
            entry.value.isolatedCash.map { value + $0 + entry.value.signedValue(mark: universe.markets[entry.key].mark) } ?? value
        }
    }

    /// Maintenance margin of all cross positions.
    func crossMaintenance(_ universe: Universe) -> Notional {
        positions.reduce(.zero) { total, entry in
            entry.value.isolatedCash == nil ? total + Margin.maintenance(entry.value.size, market: universe.markets[entry.key]) : total
        }
    }

    /// Whether the collateral carries `addition` beside everything else. What needs no more margin than before always goes.
    func affords(_ addition: Addition, _ universe: Universe) -> Bool {
        let required = requiredMargin(universe, adding: addition)
        return required <= collateral(universe) || required <= requiredMargin(universe)
    }

    /// Whether `addition` would make the position larger than the chosen leverage is allowed for.
    func exceedsTier(_ addition: Addition) -> Bool {
        let position = position(in: addition.market).size
        let after = Size(e8: position.e8 + addition.side.sign * addition.size.e8).magnitude
        guard after > position.magnitude else { return false }
        let tier = addition.market.marginTable.tier(at: Money.product(addition.market.mark, after))
        return leverage(in: addition.market).value > tier.maximumLeverage
    }

    /// Margin all positions, resting orders and `addition` need together.
    func requiredMargin(_ universe: Universe, adding addition: Addition? = nil) -> Notional {
        var total = Notional.zero
        for (index, position) in positions {
            total += requiredMargin(in: universe.markets[index], position: position, resting: restingSizes(index, adding: addition))
        }
        for index in restingSizes.keys where positions[index] == nil {
            total += requiredMargin(in: universe.markets[index], position: .flat, resting: restingSizes(index, adding: addition))
        }
        if let addition, positions[addition.market.index] == nil, restingSizes[addition.market.index] == nil {
            total += requiredMargin(in: addition.market, position: .flat, resting: restingSizes(addition.market.index, adding: addition))
        }
        return total
    }

    private func restingSizes(_ index: Int, adding addition: Addition?) -> RestingSizes {
        var sizes = restingSizes[index] ?? RestingSizes()
        if let addition, addition.market.index == index { sizes.add(addition.size, addition.side) }
        return sizes
    }

    private func requiredMargin(in market: Market, position: Position, resting: RestingSizes) -> Notional {
        let worst = max((position.size + resting.buys).magnitude, (position.size - resting.sells).magnitude)
        let leverage = leverage(in: market)
        let isCross = position.size.isZero ? leverage.isCross : position.isolatedCash == nil
        let exposure = isCross ? worst : max(.zero, worst - position.size.magnitude)
        return Margin.initial(exposure, market: market, leverage: leverage.value)
    }
}

/// What rests on each side of one market.
struct RestingSizes: Equatable {
    var buys = Size.zero
    var sells = Size.zero

    mutating func add(_ size: Size, _ side: Side) {
        if side == .buy { buys += size } else { sells += size }
    }
}

/// What may leave an account, and what it may still trade.
extension Account {
    /// The most that can be moved from the perpetuals' account: what initial margin and a tenth of the cross positions leave.
    func movableCash(_ universe: Universe) -> Notional {
        max(.zero, min(crossValue(universe), collateral(universe) - reserved(universe)))
    }

    /// The most that can be moved from the spot account.
    func movableSpot(_ universe: Universe) -> Notional {
        mode.countsSpot ? max(.zero, min(spot, collateral(universe) - reserved(universe))) : spot
    }

    /// The part of the spot balance that margin needs.
    func spotHold(_ universe: Universe) -> Notional { spot - movableSpot(universe) }

    /// Margin that must stay: initial margin with resting orders, but at least a tenth of the cross positions' value.
    func reserved(_ universe: Universe) -> Notional {
        let value = positions.reduce(Notional.zero) { total, entry in
            entry.value.isolatedCash == nil ? total + entry.value.value(mark: universe.markets[entry.key].mark) : total
        }
        return max(requiredMargin(universe), Notional(e8: value.e8 / 10))
    }

    /// Margin left for a trade of `side`: the free collateral, and twice the margin of a position it would first close.
    func availableMargin(_ side: Side, in market: Market, _ universe: Universe) -> Notional {
        let free = max(.zero, collateral(universe) - requiredMargin(universe))
        let position = position(in: market)
        guard position.size.sign * Int(side.sign) < 0 else { return free }
        let held = Margin.initial(position.size, market: market, leverage: leverage(in: market).value)
        return free + held + held
    }

    /// The largest order of `side` the margin is enough for, in whole lots.
    func maximumTradeSize(_ side: Side, in market: Market, _ universe: Universe) -> Size {
        let value = Int128(availableMargin(side, in: market, universe).e8) * Int128(leverage(in: market).value)
        return market.grid.lots(Size(e8: Int64(min(value * Int128(Size.scale) / Int128(market.mark.e8), Int128(Size.limit)))))
    }
}

enum Margin {
    /// size × mark / leverage, truncated to 6 decimals.
    static func initial(_ size: Size, market: Market, leverage: Int) -> Notional {
        Notional(e8: Money.product(market.mark, size).e8 / Int64(leverage)).truncated(decimals: 6)
    }

    /// Half the initial margin at the leverage the market allows at this size; see ``MarginTable``.
    static func maintenance(_ size: Size, market: Market) -> Notional {
        market.marginTable.maintenance(Money.product(market.mark, size)).truncated(decimals: 6)
    }
}
