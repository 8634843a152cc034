import CopyTrading
import JSON

/// Channels of events: each message tells what just happened; a new subscriber first gets what happened before.
extension Publisher {
    func publishEvents(_ effects: Effects) {
        runs(effects.orderUpdates, by: { $0.account === $1.account }) { run in publish(run.map(\.update), of: run.first!.account) }
        runs(effects.fills, by: { $0.account === $1.account && $0.fill.isTwapSlice == $1.fill.isTwapSlice }) { run in
            publish(ordered(run.map(\.fill)), of: run.first!.account)
        }
        for (account, payment) in effects.fundings { publish(payment, of: account) }
        for (account, update) in effects.ledgerUpdates {
            send(Subscription(.userNonFundingLedgerUpdates, user: account.address)) {
                Self.ledgerUpdates([update], of: account.address, isSnapshot: false)
            }
        }
        runs(effects.nonUserCancels, by: { $0.account === $1.account }) { run in
            let cancels = run.map { item -> JSON in ["coin": .string(item.order.market.coin), "oid": .integer(item.order.oid)] }
            event(["nonUserCancel": .array(cancels)], of: run.first!.account)
        }
        runs(effects.twaps, by: { $0.account === $1.account }) { run in publish(run.map(\.change), of: run.first!.account) }
        for (account, liquidation) in effects.liquidations { event(["liquidation": liquidation.json], of: account) }
    }

    /// - Returns: `nil` for a channel without a snapshot.
    func snapshot(_ subscription: Subscription) -> [UInt8]? {
        if subscription.channel == .trades {
            guard let market = subscription.coin.flatMap(engine.universe.market(coin:)), market.recentTrades.count > 0 else { return nil }
            return SocketMessage.data("trades") { writer in
                writer.array(market.recentTrades.kept) { writer, trade in market.write(trade, to: &writer) }
            }
        }
        guard let user = subscription.user else { return nil }
        let account = engine.account(user)
        switch subscription.channel {
        case .userFills:
            return Self.fills(account?.newestFills(aggregated: subscription.isAggregated) ?? [], of: user, isSnapshot: true)
        case .userFundings: return Self.fundings(account?.fundings.kept ?? [], of: user, isSnapshot: true)
        case .userNonFundingLedgerUpdates: return Self.ledgerUpdates(account?.ledgerUpdates.kept ?? [], of: user, isSnapshot: true)
        case .userHistoricalOrders:
            let history = account?.orderHistory.kept.suffix(InfoQuery.ordersPerAnswer).reversed() ?? []
            return Self.orderHistory(Array(history), of: user, isSnapshot: true)
        case .userTwapSliceFills: return Self.sliceFills(account?.newestSliceFills() ?? [], of: user, isSnapshot: true)
        case .userTwapHistory: return Self.twapHistory(Array((account?.twaps.changes.kept ?? []).reversed()), of: user, isSnapshot: true)
        default: return nil
        }
    }

    private func publish(_ updates: [OrderUpdate], of account: Account) {
        let user = account.address
        send(Subscription(.orderUpdates, user: user)) {
            SocketMessage.data("orderUpdates") { writer in writer.array(updates) { writer, update in update.write(to: &writer) } }
        }
        send(Subscription(.userHistoricalOrders, user: user)) { Self.orderHistory(updates, of: user, isSnapshot: false) }
        for update in updates where update.status == .filled && update.order.lifetime.mayRest {
            send(Subscription(.notification, user: user)) {
                SocketMessage.data("notification") { writer in writer.json(["notification": .string(update.notification)]) }
            }
        }
    }

    private func publish(_ fills: [Fill], of account: Account) {
        let user = account.address
        if fills.first?.isTwapSlice == true {
            send(Subscription(.userTwapSliceFills, user: user)) { Self.sliceFills(fills, of: user, isSnapshot: false) }
            send(Subscription(.userEvents, user: user)) {
                Self.event { writer in
                    writer.raw(#"{"twapSliceFills":"#)
                    writer.array(fills) { writer, fill in fill.writeSlice(to: &writer) }
                }
            }
            return
        }
        send(Subscription(.userFills, user: user)) { Self.fills(fills, of: user, isSnapshot: false) }
        var joined = Subscription(.userFills, user: user)
        joined.isAggregated = true
        send(joined) { Self.fills(Fill.aggregated(fills), of: user, isSnapshot: false) }
        send(Subscription(.userEvents, user: user)) {
            Self.event { writer in
                writer.raw(#"{"fills":"#)
                writer.array(fills) { writer, fill in fill.write(to: &writer) }
            }
        }
    }

    private func publish(_ changes: [TwapHistory.Change], of account: Account) {
        send(Subscription(.userTwapHistory, user: account.address)) { Self.twapHistory(changes, of: account.address, isSnapshot: false) }
        event(["twapHistory": .array(changes.map(\.json))], of: account)
    }

    private func publish(_ payment: FundingPayment, of account: Account) {
        send(Subscription(.userFundings, user: account.address)) { Self.fundings([payment], of: account.address, isSnapshot: false) }
        event(["funding": payment.event], of: account)
    }

    /// On the channel `user`, which names no user.
    private func event(_ data: JSON, of account: Account) {
        send(Subscription(.userEvents, user: account.address)) { SocketMessage.data("user") { $0.json(data) } }
    }

    /// - Parameter write: the event's object without its closing brace.
    private static func event(_ write: (inout WireWriter) -> Void) -> [UInt8] {
        SocketMessage.data("user") { writer in
            write(&writer)
            writer.raw("}")
        }
    }

    private static func fills(_ fills: [Fill], of user: String, isSnapshot: Bool) -> [UInt8] {
        SocketMessage.list(.userFills, of: user, "fills", isSnapshot: isSnapshot, fills) { writer, fill in fill.write(to: &writer) }
    }

    private static func sliceFills(_ fills: [Fill], of user: String, isSnapshot: Bool) -> [UInt8] {
        SocketMessage.list(.userTwapSliceFills, of: user, "twapSliceFills", isSnapshot: isSnapshot, fills) { writer, fill in
            fill.writeSlice(to: &writer)
        }
    }

    private static func twapHistory(_ changes: [TwapHistory.Change], of user: String, isSnapshot: Bool) -> [UInt8] {
        SocketMessage.list(.userTwapHistory, of: user, "history", isSnapshot: isSnapshot, changes) { writer, change in writer.json(change.json) }
    }

    private static func orderHistory(_ updates: [OrderUpdate], of user: String, isSnapshot: Bool) -> [UInt8] {
        SocketMessage.list(.userHistoricalOrders, of: user, "orderHistory", isSnapshot: isSnapshot, updates) { writer, update in
            update.writeDetailed(to: &writer)
        }
    }

    private static func fundings(_ payments: some Sequence<FundingPayment>, of user: String, isSnapshot: Bool) -> [UInt8] {
        SocketMessage.list(.userFundings, of: user, "fundings", isSnapshot: isSnapshot, payments) { writer, payment in writer.json(payment.event) }
    }

    private static func ledgerUpdates(_ updates: some Sequence<LedgerUpdate>, of user: String, isSnapshot: Bool) -> [UInt8] {
        SocketMessage.list(.userNonFundingLedgerUpdates, of: user, "nonFundingLedgerUpdates", isSnapshot: isSnapshot, updates) { writer, update in
            writer.json(update.json)
        }
    }
}

extension LiquidationNotice {
    fileprivate var json: JSON {
        [
            "lid": .integer(id), "liquidator": .string(liquidator), "liquidated_user": .string(user),
            "liquidated_ntl_pos": .decimal(positionValue), "liquidated_account_value": .decimal(accountValue),
        ]
    }
}

extension Fill {
    fileprivate var isTwapSlice: Bool { twapID != nil }
}

extension OrderUpdate {
    /// `Resting order filled: Bought 1017.6 ARB at $0.20138`
    fileprivate var notification: String {
        "Resting order filled: \(order.side == .buy ? "Bought" : "Sold") \(order.originalSize) \(order.market.coin) at $\(order.limit)"
    }
}
