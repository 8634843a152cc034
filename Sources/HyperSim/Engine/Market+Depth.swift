import CopyTrading

/// The book as everybody sees it: the users' orders and the house's quotes together. Looking changes nothing.
extension Market {
    /// The price the house's quotes stand around: the mid, or while they are frozen where it was.
    var quotedMid: Price { isFrozen ? house.builtAround ?? mid : mid }

    /// All levels, best first. Never crossed: a quote that users' orders are about to take is not shown.
    func depth(now: Int64) -> (bids: [BookLevel], asks: [BookLevel]) {
        let house = house.refreshed(mid: quotedMid, now: now)
        return (
            Self.merged(orders.levels(.buy), house.bids.drop { isReached($0, .sell) }, .buy),
            Self.merged(orders.levels(.sell), house.asks.drop { isReached($0, .buy) }, .sell)
        )
    }

    func bestBid(now: Int64) -> BookLevel? {
        let house = house.refreshed(mid: quotedMid, now: now)
        return Self.better(orders.bestLevel(.buy), house.bids.first { !isReached($0, .sell) }, .buy)
    }

    func bestAsk(now: Int64) -> BookLevel? {
        let house = house.refreshed(mid: quotedMid, now: now)
        return Self.better(orders.bestLevel(.sell), house.asks.first { !isReached($0, .buy) }, .sell)
    }

    /// Whether the best resting order of `side` would trade with `quote`.
    private func isReached(_ quote: BookLevel, _ side: Side) -> Bool {
        orders.best(side).map { side.reaches(quote.price, limit: $0.limit) } ?? false
    }

    private static func better(_ user: BookLevel?, _ house: BookLevel?, _ side: Side) -> BookLevel? {
        merged([user].compactMap { $0 }, ArraySlice([house].compactMap { $0 }), side).first
    }

    private static func merged(_ users: [BookLevel], _ house: ArraySlice<BookLevel>, _ side: Side) -> [BookLevel] {
        guard !users.isEmpty else { return Array(house) }
        var levels: [BookLevel] = []
        levels.reserveCapacity(users.count + house.count)
        var rest = house
        for var level in users {
            while let quote = rest.first, side == .buy ? quote.price > level.price : quote.price < level.price { levels.append(rest.removeFirst()) }
            if let quote = rest.first, quote.price == level.price {
                level.size = Money.clamped(level.size, adding: quote.size)
                level.orders += quote.orders
                rest.removeFirst()
            }
            levels.append(level)
        }
        return levels + rest
    }
}
