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
            let worth = entry.value.value(mark: universe.markets[entry.key].mark)
            value = entry.value.size.e8 > 0 ? value + worth : value - worth
        }
    }

    /// Margin all positions, resting orders and `addition` need together.
    func requiredMargin(_ universe: Universe, adding addition: Addition? = nil) -> Notional {
        var total = Notional.zero
        for (index, position) in positions where index != addition?.market.index {
            total += requiredMargin(in: universe.markets[index], position: position, adding: nil)
        }
        var counted = Set(positions.keys)
        if let addition {
            total += requiredMargin(in: addition.market, position: position(in: addition.market), adding: addition)
            counted.insert(addition.market.index)
        }
        for order in open.values where counted.insert(order.market.index).inserted {
            total += requiredMargin(in: order.market, position: .flat, adding: nil)
        }
        return total
    }

    private func requiredMargin(in market: Market, position: Position, adding addition: Addition?) -> Notional {
        var buys = addition?.side == .buy ? addition!.size : Size.zero
        var sells = addition?.side == .sell ? addition!.size : Size.zero
        for order in open.values where order.market === market && !order.reduceOnly {
            if order.side == .buy { buys += order.remaining } else { sells += order.remaining }
        }
        let worst = max((position.size + buys).magnitude, (position.size - sells).magnitude)
        let leverage = leverage(in: market)
        let exposure = leverage.isCross ? worst : max(.zero, worst - position.size.magnitude)
        return Margin.initial(exposure, market: market, leverage: leverage.value)
    }
}

enum Margin {
    /// size × mark / leverage, truncated to 6 decimals.
    static func initial(_ size: Size, market: Market, leverage: Int) -> Notional {
        Notional(e8: Money.product(market.mark, size).e8 / Int64(leverage)).truncated(decimals: 6)
    }

    /// Half the initial margin at the market's maximum leverage.
    static func maintenance(_ size: Size, market: Market) -> Notional {
        Notional(e8: Money.product(market.mark, size).e8 / Int64(2 * market.maximumLeverage)).truncated(decimals: 6)
    }
}
