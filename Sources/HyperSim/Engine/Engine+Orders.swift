import CopyTrading

/// Orders of one action: the whole batch first, then each by itself, in the order sent.
///
/// The exchange puts cancels and post-only orders of a block before its other actions. Here every action is a block of its own, and the items
/// of one action keep their order, as they do there.
extension Engine {
    /// - Returns: one answer per ticket; or a single one when the batch as a whole is refused and no order was created.
    func order(_ tickets: [OrderTicket], grouping: OrderGrouping = .none, _ context: ActionContext) -> [OrderAnswer] {
        if let fault = batchFault(tickets, grouping) {
            for ticket in tickets { note(ticket, oid: nil, status: .rejected, error: fault, grouping, context) }
            return [.error(fault)]
        }
        switch grouping {
        case .none, .priority: return tickets.map { place($0, grouping, context).answer }
        case .parentAndChildren: return placeFamily(tickets, context)
        case .position: return placePositionTriggers(tickets, context)
        }
    }

    /// What makes the exchange refuse a whole batch before it looks at single orders.
    func batchFault(_ tickets: [OrderTicket], _ grouping: OrderGrouping) -> String? {
        guard !tickets.isEmpty else { return "Orders are empty" }
        for ticket in tickets {
            guard let price = ticket.price, price.e8 > 0, ticket.trigger.map({ $0.price.e8 > 0 }) ?? true else { return "Order has invalid price." }
            guard let size = ticket.size, size.e8 >= 0 else { return "Order has invalid size." }
            guard !size.isZero || (grouping == .position && ticket.trigger != nil) else { return "Order has zero size." }
            guard let mid = universe.market(asset: ticket.asset)?.mid else { continue }
            let distance = Int128((price - mid).e8.magnitude) * 100
            guard distance <= Int128(mid.e8) * Int128(EngineParameters.priceBandPercent) else {
                return "Order price cannot be more than 80% away from the reference price"
            }
        }
        return grouping.fault(tickets)
    }

    /// One order and its answer; the order is `nil` when it was refused.
    typealias Placement = (order: PlacedOrder?, answer: OrderAnswer)

    func place(_ ticket: OrderTicket, _ grouping: OrderGrouping, _ context: ActionContext) -> Placement {
        guard let market = universe.market(asset: ticket.asset) else {
            let error = Self.text(.unknownAsset, asset: ticket.asset)
            note(ticket, oid: nil, status: .rejected, error: error, grouping, context)
            return (nil, .error(error))
        }
        let order = create(ticket, in: market, grouping, context)
        do throws(Refusal) {
            refreshHouse(in: market, now: context.now)
            try check(order, asked: ticket.size ?? .zero, reference: market.mark)
            if let trigger = order.trigger { return (order, accept(order, trigger, ticket, grouping, context)) }
            return (order, try match(order, ticket, grouping, context))
        } catch {
            return (nil, refuse(order, error, ticket, grouping, context))
        }
    }

    /// Gives an oid. A reduce-only order is cut to the position, which a trigger order is only when it is set off.
    func create(_ ticket: OrderTicket, in market: Market, _ grouping: OrderGrouping, _ context: ActionContext) -> PlacedOrder {
        guard let price = ticket.price, let size = ticket.size else { preconditionFailure("batchFault lets no such ticket through") }
        let position = context.account.position(in: market).size
        let isCut = ticket.reduceOnly && ticket.trigger == nil && ticket.side.reduces(position)
        let order = PlacedOrder(
            oid: nextOid(), ticket: ticket, price: price, size: isCut ? min(size, position.magnitude) : size, account: context.account,
            market: market, isPositionTpsl: grouping == .position, now: context.now)
        context.account.record(order)
        return order
    }

    func refuse(
        _ order: PlacedOrder, _ refusal: Refusal, _ ticket: OrderTicket, _ grouping: OrderGrouping, _ context: ActionContext
    ) -> OrderAnswer {
        order.become(refusal.status, at: context.now)
        effects.orderUpdates.append((order.account, order.update))
        let error = Self.text(refusal, asset: ticket.asset)
        note(ticket, oid: order.oid, status: refusal.status, error: error, grouping, context)
        return .error(error)
    }

    /// A refused order's line in the ledger.
    func note(
        _ ticket: OrderTicket, oid: Int64?, status: OrderStatus, error: String, _ grouping: OrderGrouping, _ context: ActionContext
    ) {
        count { $0.ordersRejected[status.rawValue, default: 0] += 1 }
        let market = universe.market(asset: ticket.asset)
        let line = LedgerEntry.Order(
            ticket: ticket, grouping: grouping, oid: oid, coin: market?.coin, status: status.rawValue, hash: context.hash, fills: [],
            positionAfter: market.map { context.account.position(in: $0).size }, error: error)
        effects.ledger.append(LedgerEntry(context, .order(line)))
    }

    static func text(_ refusal: Refusal, asset: Int) -> String { "\(refusal.text) asset=\(asset)" }
}

extension Side {
    /// Whether a trade of this side makes a signed `position` smaller.
    func reduces(_ position: Size) -> Bool { position.sign * Int(sign) < 0 }
}
