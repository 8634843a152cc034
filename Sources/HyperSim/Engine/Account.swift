import CopyTrading

/// An account's leverage setting in one market. It persists without a position.
struct Leverage: Equatable {
    static let defaultCap = 20

    var value: Int
    var isCross: Bool

    /// An untouched coin: cross, at the coin's maximum but not above 20.
    static func untouched(_ market: Market) -> Leverage {
        Leverage(value: min(defaultCap, market.maximumLeverage), isCross: true)
    }
}

/// One account: a follower's, which trades through the wire, or a leader's, which follows its recorded fills.
final class Account {
    enum Kind: Equatable {
        case follower
        /// Its equity is held at a fixed figure: recorded fills tell neither deposits nor the balance.
        case leader(name: String, equity: Notional)
    }

    /// `0x` and 40 lower-case digits.
    let address: String
    let kind: Kind
    /// The owner of a sub-account or vault, whose agents may act for it.
    let master: String?
    /// Signs for the account beside its own key.
    var agent: String?
    /// The follower's USDC: deposits, less what was paid, plus what was received for positions, less fees and less what isolated
    /// positions hold.
    var cash: Notional
    /// By market index; flat ones are absent.
    private(set) var positions: [Int: Position] = [:]
    private var leverages: [Int: Leverage] = [:]
    private(set) var open: [Int64: PlacedOrder] = [:]
    private(set) var fills: BoundedHistory<Fill>
    private(set) var orders: BoundedHistory<PlacedOrder>
    /// Every change of an order's status, oldest first.
    var orderHistory: BoundedHistory<OrderUpdate>
    var report = AccountReport()
    private var ordersByOid: [Int64: PlacedOrder] = [:]
    private var oidsByCloid: [String: Int64] = [:]
    private(set) var tradedVolume = Notional.zero
    /// Items of all actions, as the exchange counts them against the address budget.
    var requestsUsed = 0

    init(address: String, kind: Kind, master: String? = nil, balance: Notional, historyLimit: Int) {
        self.address = address
        self.kind = kind
        self.master = master
        cash = balance
        fills = BoundedHistory(limit: historyLimit)
        orders = BoundedHistory(limit: historyLimit)
        orderHistory = BoundedHistory(limit: historyLimit)
    }

    var isLeader: Bool { kind != .follower }
    var isFunded: Bool { isLeader || !cash.isZero || !positions.isEmpty }

    func position(in market: Market) -> Position { positions[market.index] ?? .flat }

    func set(_ position: Position, in market: Market) {
        let before = max(.zero, self.position(in: market).size)
        market.openInterest = Money.clamped(market.openInterest, adding: max(.zero, position.size) - before)
        positions[market.index] = position.size.isZero ? nil : position
    }

    func leverage(in market: Market) -> Leverage { leverages[market.index] ?? .untouched(market) }

    func set(_ leverage: Leverage, in market: Market) { leverages[market.index] = leverage }

    func record(_ fill: Fill) {
        fills.append(fill)
        tradedVolume = Money.clamped(tradedVolume, adding: Money.product(fill.price, fill.size))
    }

    /// Makes `order` known to ``order(oid:)`` and ``order(cloid:)``, the newest of equal cloids winning.
    func record(_ order: PlacedOrder) {
        ordersByOid[order.oid] = order
        if let cloid = order.cloid { oidsByCloid[cloid] = order.oid }
        if let oldest = orders.append(order) { forget(oldest) }
    }

    func rest(_ order: PlacedOrder) { open[order.oid] = order }
    func unrest(_ order: PlacedOrder) { open[order.oid] = nil }

    func order(oid: Int64) -> PlacedOrder? { ordersByOid[oid] ?? open[oid] }

    func order(cloid: String) -> PlacedOrder? { oidsByCloid[cloid].flatMap(order(oid:)) }

    /// Resting orders, oldest first.
    var openOrders: [PlacedOrder] { open.values.sorted { $0.oid < $1.oid } }

    private func forget(_ order: PlacedOrder) {
        guard open[order.oid] == nil else { return }
        ordersByOid[order.oid] = nil
        if let cloid = order.cloid, oidsByCloid[cloid] == order.oid { oidsByCloid[cloid] = nil }
    }
}
