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
        let order =
            switch ticket.target {
            case .oid(let oid): account.open[oid]
            case .cloid(let cloid): account.order(cloid: cloid)
            }
        var line = LedgerEntry.Cancel(
            cloid: order?.cloid, oid: order?.oid, coin: universe.market(asset: ticket.asset)?.coin, status: "success", error: nil)
        if case .cloid(let cloid) = ticket.target { line.cloid = cloid }
        if case .oid(let oid) = ticket.target { line.oid = oid }
        if let order, account.open[order.oid] != nil, order.market.asset == ticket.asset {
            remove(order)
            order.become(.canceled, at: context.now)
            effects.orderUpdates.append((account, order.update))
            count { $0.cancels += 1 }
        } else {
            line.status = "error"
            line.error = "Order was never placed, already canceled, or filled. asset=\(ticket.asset)"
        }
        effects.ledger.append(LedgerEntry(context, .cancel(line)))
        return line.error
    }
}
