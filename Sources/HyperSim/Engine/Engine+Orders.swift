import CopyTrading

/// Judging orders: the whole batch first, then each by itself, in the exchange's order of checks.
extension Engine {
    /// - Returns: one answer per ticket; or a single one when the batch as a whole is refused and no order was created.
    func order(_ tickets: [OrderTicket], _ context: ActionContext) -> [OrderAnswer] {
        if let fault = batchFault(tickets) {
            for ticket in tickets { note(ticket, oid: nil, status: .rejected, error: fault, context) }
            return [.error(fault)]
        }
        return tickets.map { place($0, context) }
    }

    /// What makes the exchange refuse a whole batch before it looks at single orders.
    private func batchFault(_ tickets: [OrderTicket]) -> String? {
        guard !tickets.isEmpty else { return "Orders are empty" }
        for ticket in tickets {
            guard let price = ticket.price, price.e8 > 0 else { return "Order has invalid price." }
            guard let size = ticket.size, size.e8 >= 0 else { return "Order has invalid size." }
            guard !size.isZero else { return "Order has zero size." }
            guard let mid = universe.market(asset: ticket.asset)?.mid else { continue }
            let distance = Int128((price - mid).e8.magnitude) * 100
            guard distance <= Int128(mid.e8) * Int128(EngineParameters.priceBandPercent) else {
                return "Order price cannot be more than 80% away from the reference price"
            }
        }
        return nil
    }

    private func place(_ ticket: OrderTicket, _ context: ActionContext) -> OrderAnswer {
        guard let price = ticket.price, let size = ticket.size else { preconditionFailure("batchFault lets no such ticket through") }
        guard let market = universe.market(asset: ticket.asset) else {
            let error = Self.text(.unknownAsset, asset: ticket.asset)
            note(ticket, oid: nil, status: .rejected, error: error, context)
            return .error(error)
        }
        let account = context.account
        let position = account.position(in: market)
        let opposes = position.size.sign * Int(ticket.side.sign) < 0
        let capped = ticket.reduceOnly && opposes ? min(size, position.size.magnitude) : size
        let order = PlacedOrder(
            oid: nextOid(), ticket: ticket, price: price, size: capped, account: account, market: market, now: context.now)
        account.record(order)
        do throws(Refusal) {
            try check(order, asked: size, position: position, opposes: opposes)
            market.book.refresh(mid: market.mid, now: context.now)
            return try match(order, ticket, context)
        } catch {
            return refuse(order, error, ticket, context)
        }
    }

    /// Tick, lot, minimum value, reduce-only, margin: what can be judged without the book.
    private func check(_ order: PlacedOrder, asked: Size, position: Position, opposes: Bool) throws(Refusal) {
        let market = order.market
        guard market.grid.isLot(asked) else { throw .invalidSize }
        guard market.grid.isOnTick(order.limit) else { throw .tick }
        let closesAll = opposes && order.originalSize == position.size.magnitude
        guard closesAll || Money.product(market.mid, asked) >= EngineParameters.minimumOrderValue else { throw .minimumValue }
        if order.reduceOnly {
            guard opposes else { throw .reduceOnly }
        } else if order.lifetime.mayRest || !opposes || order.originalSize > position.size.magnitude {
            let addition = Account.Addition(market: market, side: order.side, size: order.originalSize)
            guard !order.account.exceedsTier(addition) else { throw .marginTier }
            guard order.account.affords(addition, universe) else { throw .margin }
        }
        guard !order.lifetime.mayRest || order.account.open.count < EngineParameters.maximumOpenOrders else { throw .tooManyOpenOrders }
    }

    private func refuse(_ order: PlacedOrder, _ refusal: Refusal, _ ticket: OrderTicket, _ context: ActionContext) -> OrderAnswer {
        order.become(refusal.status, at: context.now)
        effects.orderUpdates.append((order.account, order.update))
        let error = Self.text(refusal, asset: ticket.asset)
        note(ticket, oid: order.oid, status: refusal.status, error: error, context)
        return .error(error)
    }

    /// A refused order's line in the ledger.
    private func note(_ ticket: OrderTicket, oid: Int64?, status: OrderStatus, error: String, _ context: ActionContext) {
        count { $0.ordersRejected[status.rawValue, default: 0] += 1 }
        let market = universe.market(asset: ticket.asset)
        let line = LedgerEntry.Order(
            ticket: ticket, oid: oid, coin: market?.coin, status: status.rawValue, hash: context.hash, fills: [],
            positionAfter: market.map { context.account.position(in: $0).size }, error: error)
        effects.ledger.append(LedgerEntry(context, .order(line)))
    }

    static func text(_ refusal: Refusal, asset: Int) -> String { "\(refusal.text) asset=\(asset)" }
}
