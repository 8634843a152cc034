import CopyTrading

/// An account's leverage setting in one market. It persists without a position.
struct Leverage: Equatable {
    static let defaultCap = 20

    var value: Int
    var isCross: Bool

    /// An untouched coin: cross where that is allowed, at the coin's maximum but not above 20.
    static func untouched(_ market: Market) -> Leverage {
        Leverage(value: min(defaultCap, market.maximumLeverage), isCross: market.marginMode == .any)
    }
}

/// One account: a follower's, which trades through the wire, or a leader's, which follows its recorded fills.
final class Account {
    enum Kind: Equatable {
        case follower
        /// Its equity is held at a fixed figure: recorded fills tell neither deposits nor the balance.
        case leader(name: String, equity: Notional)
        /// Takes over what nobody else takes from accounts that are liquidated. Nobody signs for it, and it needs no margin.
        case liquidator
    }

    /// `0x` and 40 lower-case digits.
    let address: String
    let kind: Kind
    /// The owner of a sub-account or vault, whose agents may act for it.
    let master: String?
    /// Of a sub-account.
    let name: String?
    /// Sign for the account beside its own key; expired ones stay until they are in the way.
    var agents: [Agent] = []
    /// Nothing is approved before: milliseconds since 1970.
    var agentRemovalUntil: Int64 = 0
    /// In the order in which they were created.
    var subAccounts: [Account] = []
    /// The follower's USDC: deposits, less what was paid, plus what was received for positions, less fees and less what isolated
    /// positions hold.
    var cash: Notional
    /// USDC in the spot account.
    var spot = Notional.zero
    var mode = AccountMode.standard
    /// What came from outside and from other accounts, less what went there.
    var netDeposits = Notional.zero
    /// The highest fee each builder may take, in tenths of a basis point.
    var builderApprovals: [String: Int] = [:]
    /// By market index; flat ones are absent.
    private(set) var positions: [Int: Position] = [:]
    private var leverages: [Int: Leverage] = [:]
    /// Orders that rest in a book.
    private(set) var open: [Int64: PlacedOrder] = [:]
    /// By market index, of orders that rest and may open something.
    private(set) var restingSizes: [Int: RestingSizes] = [:]
    /// Trigger orders that wait for the mark price or for their parent.
    private(set) var waiting: [Int64: PlacedOrder] = [:]
    /// Resting reduce-only orders and whole-position triggers, by market index, oldest first: those that may not outlive the position.
    private(set) var boundToPosition: [Int: [PlacedOrder]] = [:]
    private(set) var fills: BoundedHistory<Fill>
    private(set) var orders: BoundedHistory<PlacedOrder>
    private var ordersByOid: [Int64: PlacedOrder] = [:]
    private var oidsByCloid: [String: Int64] = [:]
    private(set) var tradedVolume = Notional.zero
    var scheduledCancels = ScheduledCancels()
    var twaps = TwapHistory()
    private(set) var volumes = DailyVolumes()
    var budget = RequestBudget()
    /// Of the day in ``feeRatesDay``.
    var feeRates: FeeRates?
    var feeRatesDay: Int64 = 0
    /// By market index; they outlive the position.
    var fundingTotals: [Int: FundingTotals] = [:]
    var fundings: BoundedHistory<FundingPayment>
    var ledgerUpdates: BoundedHistory<LedgerUpdate>
    /// Every change of an order's status, oldest first.
    var orderHistory: BoundedHistory<OrderUpdate>
    var valueSamples = BoundedHistory<ValueSample>(limit: ValueSample.limit)
    var liquidation = LiquidationProgress()

    init(address: String, kind: Kind, master: String? = nil, name: String? = nil, balance: Notional, historyLimit: Int) {
        self.address = address
        self.kind = kind
        self.master = master
        self.name = name
        cash = balance
        fills = BoundedHistory(limit: historyLimit)
        orders = BoundedHistory(limit: historyLimit)
        fundings = BoundedHistory(limit: historyLimit)
        ledgerUpdates = BoundedHistory(limit: historyLimit)
        orderHistory = BoundedHistory(limit: historyLimit)
    }

    var isLeader: Bool {
        guard case .leader = kind else { return false }
        return true
    }
    var isFunded: Bool { kind != .follower || !cash.isZero || !spot.isZero || !positions.isEmpty }
    var requestsUsed: Int64 { budget.used }

    func position(in market: Market) -> Position { positions[market.index] ?? .flat }

    func set(_ position: Position, in market: Market) {
        market.count(position.size, insteadOf: self.position(in: market).size)
        positions[market.index] = position.size.isZero ? nil : position
    }

    func leverage(in market: Market) -> Leverage { leverages[market.index] ?? .untouched(market) }

    func set(_ leverage: Leverage, in market: Market) { leverages[market.index] = leverage }

    func record(_ fill: Fill) {
        let value = Money.product(fill.price, fill.size)
        if fill.twapID != nil { twaps.record(fill) } else { fills.append(fill) }
        tradedVolume = Money.clamped(tradedVolume, adding: value)
        volumes.add(value, crossed: fill.crossed, now: fill.time)
    }

    /// Makes `order` known to ``order(oid:)`` and ``order(cloid:)``, the newest of equal cloids winning.
    func record(_ order: PlacedOrder) {
        ordersByOid[order.oid] = order
        if let cloid = order.cloid { oidsByCloid[cloid] = order.oid }
        if let oldest = orders.append(order) { forget(oldest) }
    }

    func rest(_ order: PlacedOrder) {
        open[order.oid] = order
        order.rests = true
        restingSizeChanged(of: order, by: order.remaining)
        if order.reduceOnly { boundToPosition[order.market.index, default: []].append(order) }
    }

    func wait(_ order: PlacedOrder) {
        waiting[order.oid] = order
        if order.isPositionTpsl { boundToPosition[order.market.index, default: []].append(order) }
    }

    /// Neither rests nor waits any more.
    func withdraw(_ order: PlacedOrder) {
        if order.rests {
            order.rests = false
            restingSizeChanged(of: order, by: -order.remaining)
        }
        open[order.oid] = nil
        waiting[order.oid] = nil
        guard order.reduceOnly || order.isPositionTpsl, var bound = boundToPosition[order.market.index] else { return }
        bound.removeAll { $0 === order }
        boundToPosition[order.market.index] = bound.isEmpty ? nil : bound
    }

    func restingSizeChanged(of order: PlacedOrder, by change: Size) {
        guard !order.reduceOnly, !change.isZero else { return }
        let index = order.market.index
        restingSizes[index, default: RestingSizes()].add(change, order.side)
        if restingSizes[index] == RestingSizes() { restingSizes[index] = nil }
    }

    func order(oid: Int64) -> PlacedOrder? { ordersByOid[oid] ?? open[oid] ?? waiting[oid] }

    func order(cloid: String) -> PlacedOrder? { oidsByCloid[cloid].flatMap(order(oid:)) }

    /// An order that rests or waits.
    func liveOrder(_ oid: Int64) -> PlacedOrder? { open[oid] ?? waiting[oid] }

    var liveOrderCount: Int { open.count + waiting.count }

    /// Resting orders and triggers, oldest first; what waits for its parent is shown with the parent.
    var openOrders: [PlacedOrder] { liveOrders.filter { $0.parent == nil } }

    /// Everything that rests or waits, oldest first.
    var liveOrders: [PlacedOrder] { (Array(open.values) + waiting.values).sorted { $0.oid < $1.oid } }

    private func forget(_ order: PlacedOrder) {
        guard liveOrder(order.oid) == nil else { return }
        ordersByOid[order.oid] = nil
        if let cloid = order.cloid, oidsByCloid[cloid] == order.oid { oidsByCloid[cloid] = nil }
    }
}
