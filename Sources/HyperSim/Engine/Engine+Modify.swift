import CopyTrading

/// modify and batchModify: cancel and replace. The new order has a new oid and a new place in the queue.
///
/// What can be judged of the new order without the book is judged first, and the old one stays when it fails. A new order that is refused after
/// that, for margin or because post-only would match, has replaced the old one all the same.
extension Engine {
    static let nothingToModify = "Cannot modify canceled or filled order"
    static let invalidModification = "Attempted to modify to invalid new order"

    /// - Returns: the text with which the action is refused.
    func modify(_ modification: Modification, _ context: ActionContext) -> String? {
        guard let old = context.account.liveOrder(modification.target) else { return Self.nothingToModify }
        guard isSound(modification.ticket, insteadOf: old, context) else { return Self.invalidModification }
        return replace(old, modification.ticket, context).errorText
    }

    /// - Returns: one answer per modification.
    func modify(_ modifications: [Modification], placesAlways: Bool, _ context: ActionContext) -> [OrderAnswer] {
        modifications.map { modification in
            guard let old = context.account.liveOrder(modification.target) else {
                guard placesAlways else { return refuse(modification, Self.nothingToModify, context) }
                return order([modification.ticket], context)[0]
            }
            guard isSound(modification.ticket, insteadOf: old, context) else { return refuse(modification, Self.invalidModification, context) }
            return replace(old, modification.ticket, context)
        }
    }

    private func refuse(_ modification: Modification, _ text: String, _ context: ActionContext) -> OrderAnswer {
        note(modification.ticket, oid: nil, status: .rejected, error: text, .none, context)
        return .error(text)
    }

    private func isSound(_ ticket: OrderTicket, insteadOf old: PlacedOrder, _ context: ActionContext) -> Bool {
        let market = old.market
        guard batchFault([ticket], old.isPositionTpsl ? .position : .none) == nil, ticket.asset == market.asset, ticket.side == old.side,
            (ticket.trigger == nil) == (old.trigger == nil), let price = ticket.price, let size = ticket.size
        else { return false }
        let closes = ticket.side.reduces(context.account.position(in: market).size)
        return market.grid.isOnTick(price) && market.grid.isLot(size) && (!ticket.reduceOnly || closes || old.parent != nil)
    }

    private func replace(_ old: PlacedOrder, _ ticket: OrderTicket, _ context: ActionContext) -> OrderAnswer {
        let children = old.children
        old.children = []
        let parent = old.parent.flatMap { context.account.order(oid: $0) }
        let siblings = old.siblings
        cancelByOwner(old, now: context.now)
        let line = LedgerEntry.Cancel(cloid: old.cloid, oid: old.oid, coin: old.market.coin, status: "modified", error: nil)
        effects.ledger.append(LedgerEntry(context, .cancel(line)))
        let placement: Placement =
            if let parent { placeChild(ticket, of: parent, context) } else { place(ticket, old.isPositionTpsl ? .position : .none, context) }
        adopt(children, siblings, placement.order, insteadOf: old, context)
        return placement.answer
    }

    /// Gives the relatives of a replaced order to the new one.
    private func adopt(_ children: [PlacedOrder], _ siblings: [Int64], _ new: PlacedOrder?, insteadOf old: PlacedOrder, _ context: ActionContext) {
        for oid in siblings {
            guard let sibling = context.account.liveOrder(oid) else { continue }
            sibling.siblings.removeAll { $0 == old.oid }
            if let new { sibling.siblings.append(new.oid) }
        }
        new?.siblings = siblings
        let heir = new ?? old
        heir.children = children
        for child in children { child.parent = heir.oid }
        switch heir.status {
        case .open: break
        case .filled: wasFilled(heir, now: context.now)
        default: cancelChildren(of: heir, now: context.now)
        }
    }
}
