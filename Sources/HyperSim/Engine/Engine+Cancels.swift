import CopyTrading

/// cancel and cancelByCloid.
extension Engine {
    enum CancelTarget: Equatable {
        case oid(Int64)
        case cloid(String)
    }

    struct CancelTicket: Equatable {
        var asset: Int
        var target: CancelTarget
    }

    /// - Returns: per ticket `nil` for success, or the exchange's text.
    func cancel(_ tickets: [CancelTicket], _ context: ActionContext) -> [String?] {
        tickets.map { cancel($0, context) }
    }

    private func cancel(_ ticket: CancelTicket, _ context: ActionContext) -> String? {
        let account = context.account
        let order = account.liveOrder(ticket.target)
        var line = LedgerEntry.Cancel(
            cloid: order?.cloid, oid: order?.oid, coin: universe.market(asset: ticket.asset)?.coin, status: "success", error: nil)
        if case .cloid(let cloid) = ticket.target { line.cloid = cloid }
        if case .oid(let oid) = ticket.target { line.oid = oid }
        if let order, order.market.asset == ticket.asset {
            cancelByOwner(order, now: context.now)
            count { $0.cancels += 1 }
        } else {
            line.status = "error"
            line.error = "Order was never placed, already canceled, or filled. asset=\(ticket.asset)"
        }
        effects.ledger.append(LedgerEntry(context, .cancel(line)))
        if let order, line.error == nil { cancelChildren(of: order, now: context.now) }
        return line.error
    }

    func cancelByOwner(_ order: PlacedOrder, now: Int64) {
        end(order, as: .canceled, now: now)
        leaveParent(order)
    }
}

extension Account {
    func liveOrder(_ target: Engine.CancelTarget) -> PlacedOrder? {
        switch target {
        case .oid(let oid): liveOrder(oid)
        case .cloid(let cloid): order(cloid: cloid).flatMap { liveOrder($0.oid) }
        }
    }
}
