import CopyTrading

/// How long an order lives. `FrontendMarket` behaves as `Ioc`.
enum OrderLifetime: String {
    case untilCancelled = "Gtc"
    case immediateOrCancel = "Ioc"
    case addLiquidityOnly = "Alo"
    case frontendMarket = "FrontendMarket"

    var mayRest: Bool { self == .untilCancelled || self == .addLiquidityOnly }
}

/// An order as its sender wrote it, decoded but not yet judged.
struct OrderTicket {
    var asset: Int
    var side: Side
    /// `nil` when the text is no decimal; the texts are kept because the hash is over them.
    var price: Price?
    var size: Size?
    var priceText: String
    var sizeText: String
    var reduceOnly: Bool
    /// Of a trigger order what it becomes: `Ioc` at the market, `Gtc` with a limit.
    var lifetime: OrderLifetime
    var cloid: String?
    var trigger: OrderTrigger?
    /// The same for all orders of one action.
    var builder: BuilderCode?
}

/// An order the exchange has given an oid to: resting, done or refused.
final class PlacedOrder {
    let oid: Int64
    let cloid: String?
    unowned let account: Account
    unowned let market: Market
    let side: Side
    let limit: Price
    let originalSize: Size
    /// Not yet filled.
    var remaining: Size {
        didSet { if rests { account.restingSizeChanged(of: self, by: remaining - oldValue) } }
    }
    /// In its market's book.
    var rests = false
    let reduceOnly: Bool
    let lifetime: OrderLifetime
    let trigger: OrderTrigger?
    /// A trigger that is for the whole position and ends with it.
    let isPositionTpsl: Bool
    let builder: BuilderCode?
    /// Set when the exchange made it to liquidate an account.
    var liquidation: LiquidationCause?
    /// Milliseconds since 1970.
    let placedAt: Int64
    /// In its market's book, or among its triggers; `nil` in neither.
    var place: PriceTimeQueue.Place?
    /// Triggers that wait for this order to be filled and end with it.
    var children: [PlacedOrder] = []
    var parent: Int64?
    /// Orders that are cancelled when this one is filled.
    var siblings: [Int64] = []
    /// The TWAP order this is a slice of.
    var twapID: Int64?
    private(set) var status: OrderStatus = .open
    private(set) var statusAt: Int64
    /// ``remaining`` at the last change of status: what orderStatus shows, as partial fills do not refresh that record.
    private(set) var remainingAtStatus: Size

    init(
        oid: Int64, ticket: OrderTicket, price: Price, size: Size, account: Account, market: Market, isPositionTpsl: Bool = false, now: Int64
    ) {
        self.oid = oid
        cloid = ticket.cloid
        self.account = account
        self.market = market
        side = ticket.side
        limit = price
        originalSize = size
        remaining = size
        reduceOnly = ticket.reduceOnly
        lifetime = ticket.lifetime
        trigger = ticket.trigger
        self.isPositionTpsl = isPositionTpsl
        builder = ticket.builder
        placedAt = now
        statusAt = now
        remainingAtStatus = size
    }

    func become(_ status: OrderStatus, at now: Int64) {
        self.status = status
        statusAt = now
        remainingAtStatus = remaining
        account.orderHistory.append(update)
    }

    var update: OrderUpdate {
        OrderUpdate(order: self, remaining: remaining, status: status, time: statusAt)
    }
}

/// One line of the `orderUpdates` channel: the order as it was at that moment.
struct OrderUpdate {
    var order: PlacedOrder
    var remaining: Size
    var status: OrderStatus
    var time: Int64
}

/// The exchange's words for an order's state, as far as the simulator uses them.
enum OrderStatus: String {
    case open, filled, canceled, triggered
    case reduceOnlyCanceled, selfTradeCanceled, siblingFilledCanceled, delistedCanceled, marginCanceled, liquidatedCanceled, scheduledCancel
    case tickRejected, minTradeNtlRejected, perpMarginRejected, reduceOnlyRejected, badAloPxRejected, iocCancelRejected, badTriggerPxRejected
    case tooManyOpenOrdersRejected, marketOrderNoLiquidityRejected, oracleRejected, perpMaxPositionRejected
    case positionIncreaseAtOpenInterestCapRejected, positionFlipAtOpenInterestCapRejected, tooAggressiveAtOpenInterestCapRejected
    case openInterestIncreaseRejected
    /// Refused before it was given a status of its own, for example for its size.
    case rejected
}
