import CopyTrading

/// What sets a trigger order off: the mark price reaching a price.
struct OrderTrigger: Equatable {
    enum Kind: String {
        case takeProfit = "tp"
        case stopLoss = "sl"
    }

    var price: Price
    /// Executes at the market with ``slippagePercent``, or as a limit order.
    var isMarket: Bool
    var kind: Kind

    /// How far from the mark a triggered market order may trade.
    static let slippagePercent = 10

    /// Whether an order of `side` waits for the price to rise.
    func waitsForRise(_ side: Side) -> Bool { (kind == .takeProfit) == (side == .sell) }

    func isMet(by price: Price, _ side: Side) -> Bool { waitsForRise(side) ? price >= self.price : price <= self.price }

    /// `Stop Market`, `Take Profit Limit` …
    var orderType: String { (kind == .stopLoss ? "Stop " : "Take Profit ") + (isMarket ? "Market" : "Limit") }

    /// `Price above 31180`.
    func condition(_ side: Side) -> String { "Price \(waitsForRise(side) ? "above" : "below") \(price)" }
}

/// Trigger orders of one market that wait for the mark price, the nearest price first.
struct TriggerBook {
    private(set) var above = PriceTimeQueue(.lowestFirst)
    private(set) var below = PriceTimeQueue(.highestFirst)

    var isEmpty: Bool { above.isEmpty && below.isEmpty }

    mutating func add(_ order: PlacedOrder, _ trigger: OrderTrigger) {
        if trigger.waitsForRise(order.side) { above.insert(order, at: trigger.price) } else { below.insert(order, at: trigger.price) }
    }

    mutating func remove(_ order: PlacedOrder, _ trigger: OrderTrigger) {
        if trigger.waitsForRise(order.side) { above.remove(order) } else { below.remove(order) }
    }

    /// The next order whose condition `mark` meets.
    func firstMet(by mark: Price) -> PlacedOrder? {
        if let order = above.first, let trigger = order.trigger, trigger.price <= mark { return order }
        if let order = below.first, let trigger = order.trigger, trigger.price >= mark { return order }
        return nil
    }
}
