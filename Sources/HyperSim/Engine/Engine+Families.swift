import CopyTrading

/// Orders that depend on others: the triggers of a parent, and triggers of which the first to fill cancels the others.
///
/// Children wait until their parent is filled in whole; a parent that ends otherwise, even after it was filled in part, takes them with it.
extension Engine {
    /// `normalTpsl`.
    func placeFamily(_ tickets: [OrderTicket], _ context: ActionContext) -> [OrderAnswer] {
        let (order, answer) = place(tickets[0], .parentAndChildren, context)
        guard let parent = order else {
            // Refused: its children with it, for the same reason.
            for ticket in tickets.dropFirst() {
                note(ticket, oid: nil, status: .rejected, error: answer.errorText ?? "", .parentAndChildren, context)
            }
            return tickets.map { _ in answer }
        }
        let children = tickets.dropFirst().map { placeChild($0, of: parent, context) }
        link(children.compactMap(\.order))
        return [answer] + children.map(\.answer)
    }

    func placeChild(_ ticket: OrderTicket, of parent: PlacedOrder, _ context: ActionContext) -> Placement {
        let child = create(ticket, in: parent.market, .parentAndChildren, context)
        child.parent = parent.oid
        do throws(Refusal) {
            // What the parent will open is not there yet: its price is where the position starts.
            try check(child, asked: ticket.size ?? .zero, reference: parent.status == .filled ? parent.market.mark : parent.limit)
        } catch {
            child.parent = nil
            return (nil, refuse(child, error, ticket, .parentAndChildren, context))
        }
        if parent.status == .filled, let trigger = child.trigger {
            child.parent = nil
            return (child, accept(child, trigger, ticket, .parentAndChildren, context))
        }
        context.account.wait(child)
        parent.children.append(child)
        noteWaiting(child, ticket, "waitingForFill", .parentAndChildren, context)
        if parent.status != .open { cancelChildren(of: parent, now: context.now) }
        return (child, .waitingForFill)
    }

    /// `positionTpsl`.
    func placePositionTriggers(_ tickets: [OrderTicket], _ context: ActionContext) -> [OrderAnswer] {
        let answers = tickets.map { place($0, .position, context) }
        link(answers.compactMap(\.order))
        return answers.map(\.answer)
    }

    private func link(_ orders: [PlacedOrder]) {
        for order in orders { order.siblings = orders.filter { $0 !== order }.map(\.oid) }
    }

    /// After an order was filled in whole: its siblings go, its children begin to watch the mark.
    func wasFilled(_ order: PlacedOrder, now: Int64) {
        for oid in order.siblings {
            guard let sibling = order.account.liveOrder(oid) else { continue }
            cancel(sibling, as: .siblingFilledCanceled, now: now)
        }
        order.siblings = []
        let children = order.children
        order.children = []
        for child in children {
            child.parent = nil
            guard let trigger = child.trigger else { preconditionFailure("child \(child.oid) is no trigger order") }
            child.market.triggers.add(child, trigger)
            if trigger.isMet(by: child.market.mark, child.side) { lookAgain(at: now, child.market) }
        }
    }

    func cancelChildren(of order: PlacedOrder, now: Int64) {
        let children = order.children
        order.children = []
        for child in children { cancel(child, as: .canceled, now: now) }
    }

    /// A child was cancelled by itself.
    func leaveParent(_ child: PlacedOrder) {
        guard let oid = child.parent, let parent = child.account.order(oid: oid) else { return }
        parent.children.removeAll { $0 === child }
        child.parent = nil
    }
}

extension OrderAnswer {
    var oid: Int64? {
        switch self {
        case .filled(_, _, let oid, _), .resting(let oid, _): oid
        case .waitingForTrigger, .waitingForFill, .error: nil
        }
    }

    var errorText: String? {
        guard case .error(let text) = self else { return nil }
        return text
    }
}
