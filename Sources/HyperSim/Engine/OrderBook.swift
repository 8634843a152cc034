import CopyTrading

/// The users' resting orders of one market.
struct OrderBook {
    private(set) var bids = PriceTimeQueue(.highestFirst)
    private(set) var asks = PriceTimeQueue(.lowestFirst)

    var isEmpty: Bool { bids.isEmpty && asks.isEmpty }
    var count: Int { bids.count + asks.count }

    func queue(_ side: Side) -> PriceTimeQueue { side == .buy ? bids : asks }

    /// The order of `side` that trades next.
    func best(_ side: Side) -> PlacedOrder? { side == .buy ? bids.first : asks.first }

    mutating func add(_ order: PlacedOrder) {
        if order.side == .buy { bids.insert(order, at: order.limit) } else { asks.insert(order, at: order.limit) }
    }

    mutating func remove(_ order: PlacedOrder) {
        if order.side == .buy { bids.remove(order) } else { asks.remove(order) }
    }

    /// The levels of one side, best first, each with its number of orders.
    func levels(_ side: Side) -> [BookLevel] {
        var levels: [BookLevel] = []
        for order in queue(side).orders {
            if let last = levels.last, last.price == order.limit {
                levels[levels.count - 1].size = Money.clamped(last.size, adding: order.remaining)
                levels[levels.count - 1].orders += 1
            } else {
                levels.append(BookLevel(price: order.limit, size: order.remaining, orders: 1))
            }
        }
        return levels
    }

    func bestLevel(_ side: Side) -> BookLevel? {
        guard let best = best(side) else { return nil }
        var level = BookLevel(price: best.limit, size: .zero, orders: 0)
        for order in queue(side).orders {
            guard order.limit == best.limit else { break }
            level.size = Money.clamped(level.size, adding: order.remaining)
            level.orders += 1
        }
        return level
    }
}

extension Side {
    /// Whether an order of this side with `limit` trades at `price`.
    func reaches(_ price: Price, limit: Price) -> Bool { self == .buy ? price <= limit : price >= limit }
}
