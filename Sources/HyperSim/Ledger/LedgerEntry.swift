import CopyTrading

/// One line of the ledger: what was asked, by whom, and what became of it.
///
/// `{"timeMs","account","signer","nonce","action":"order","cloid","oid","coin","side":"B","sz","limitPx","reduceOnly","tif","status",
/// "totalSz","avgPx","positionAfter","error","hash","fills":[{"px","sz","fee","closedPnl","startPosition","dir","tid"}]}`
///
/// An order may have more members: `grouping`, and of a trigger order `trigger`, in the exchange's shapes.
///
/// `action` is one of `order` (accepted or refused), `cancel` (with the status `modified` when another order took its place), `scheduleCancel`,
/// `twap` (a TWAP order began, ended or was refused), `noop`, `updateLeverage`, `refused` (a whole action, for its nonce, expiry or
/// vault), and without signer and nonce `fill` (a resting order was filled, in whole or, with the status `open`, in part), `trigger` (a trigger
/// order was set off), `twapSlice` and `systemCancel` (the exchange's own rule).
/// Money and accounts: see `LedgerEntry+Accounts`.
/// An order's `status` is `filled` (wholly or partly: compare `totalSz` with `sz`), `resting`, `waitingForTrigger`, `waitingForFill`, or the
/// exchange's word for the refusal.
struct LedgerEntry {
    var time: Int64
    var account: String
    var signer: String?
    var nonce: UInt64?
    var item: Item

    enum Item {
        case order(Order)
        case restingFill(Order)
        case trigger(Order)
        case twapSlice(Order)
        case twap(Twap)
        case scheduleCancel(time: Int64?)
        case cancel(Cancel)
        case systemCancel(Cancel)
        case updateLeverage(LeverageChange)
        case noop
        case transfer(Transfer)
        case funding(FundingPayment)
        case liquidation(Liquidation)
        case account(AccountChange)
        case refused(Refused)
    }

    struct Order {
        var cloid: String?
        var oid: Int64?
        /// `nil` for an unknown asset.
        var coin: String?
        var side: Side
        /// As the sender wrote them.
        var size: String
        var limit: String
        var reduceOnly: Bool
        var lifetime: OrderLifetime
        var trigger: OrderTrigger?
        var grouping = OrderGrouping.none
        var twapID: Int64?
        var status: String
        var hash: String
        var fills: [Fill]
        var positionAfter: Size?
        var error: String?
    }

    /// A TWAP order begins or ends.
    struct Twap {
        var id: Int64?
        var coin: String?
        var side: Side?
        var size: String?
        var executed: Size?
        var status: String
        var error: String?
    }

    struct Cancel {
        var cloid: String?
        var oid: Int64?
        var coin: String?
        var status: String
        var error: String?
    }

    struct LeverageChange {
        var coin: String
        var isCross: Bool
        var leverage: Int
    }

    struct Refused {
        var actionType: String
        var cloids: [String]
        var error: String
        /// Whether the nonce counts as used: not when the action had expired or the nonce itself was refused.
        var burnsNonce: Bool
    }

    init(time: Int64, account: String, _ item: Item) {
        self.time = time
        self.account = account
        self.item = item
    }

    init(_ context: ActionContext, _ item: Item) {
        self.init(time: context.now, account: context.account.address, item)
        signer = context.signer.address
        nonce = context.nonce
    }
}

extension LedgerEntry.Order {
    init(
        ticket: OrderTicket, grouping: OrderGrouping, oid: Int64?, coin: String?, status: String, hash: String, fills: [Fill], positionAfter: Size?, error: String?
    ) {
        self.init(
            cloid: ticket.cloid, oid: oid, coin: coin, side: ticket.side, size: ticket.sizeText, limit: ticket.priceText,
            reduceOnly: ticket.reduceOnly, lifetime: ticket.lifetime, trigger: ticket.trigger, grouping: grouping, status: status, hash: hash, fills: fills,
            positionAfter: positionAfter, error: error)
    }

    init(order: PlacedOrder, status: String, hash: String, fills: [Fill], positionAfter: Size?) {
        self.init(
            cloid: order.cloid, oid: order.oid, coin: order.market.coin, side: order.side, size: order.originalSize.description,
            limit: order.limit.description, reduceOnly: order.reduceOnly, lifetime: order.lifetime, trigger: order.trigger, twapID: order.twapID, status: status, hash: hash,
            fills: fills, positionAfter: positionAfter, error: nil)
    }

    var totalSize: Size { fills.reduce(.zero) { $0 + $1.size } }

    /// Size-weighted, truncated to the price decimals as the exchange prints averages; zero without fills.
    func averagePrice(_ grid: PriceGrid) -> Price {
        let total = totalSize
        guard !total.isZero else { return .zero }
        let cost = fills.reduce(Int128(0)) { $0 + Int128($1.price.e8) * Int128($1.size.e8) }
        return Price(e8: Int64(cost / Int128(total.e8))).truncated(decimals: grid.priceDecimals)
    }
}
