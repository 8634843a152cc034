import CopyTrading
import NIOCore

/// Turns what the engine caused into frames for those who subscribed. Events (fills, order updates, trades …) leave with the action that
/// caused them; states (books, mids, accounts …) by the clock, as the exchange publishes them.
final class Publisher {
    let engine: Engine
    let hub: SubscriptionHub
    private let faults: FaultInjector
    /// Since the last tick: markets by index whose book or mid is another, and those in which something traded.
    private var moved: Set<Int> = []
    private var traded: Set<Int> = []
    /// Since the last states were sent.
    private var movedSinceStates: Set<Int> = []
    private var touchedAccounts: Set<String> = []
    /// Last published by the clock, by market.
    private var bestOffers: [Int: [BookLevel?]] = [:]
    private var ticks = 0

    /// The clock's period: the exchange's block time, about.
    static let tickMilliseconds: Int64 = 100
    /// Every so many ticks: mids, fast books, contexts, and states of accounts that changed.
    static let fastTicks = 5
    /// Full books, and states of accounts that stand still.
    static let slowTicks = 50

    init(engine: Engine, hub: SubscriptionHub, faults: FaultInjector) {
        self.engine = engine
        self.hub = hub
        self.faults = faults
    }

    func publish(_ effects: Effects) {
        guard !hub.isEmpty else { return }
        moved.formUnion(effects.movedMarkets)
        noteAccounts(effects)
        publishEvents(effects)
        runs(effects.trades, by: { $0.market === $1.market }) { run in
            let market = run.first!.market
            traded.insert(market.index)
            send(Subscription(.trades, coin: market.coin)) {
                SocketMessage.data("trades") { writer in writer.array(run) { writer, item in market.write(item.trade, to: &writer) } }
            }
        }
    }

    private func noteAccounts(_ effects: Effects) {
        for entry in effects.ledger { touchedAccounts.insert(entry.account) }
        for (account, _) in effects.fills { touchedAccounts.insert(account.address) }
        for (account, _) in effects.fundings { touchedAccounts.insert(account.address) }
        for (account, _) in effects.ledgerUpdates { touchedAccounts.insert(account.address) }
    }

    /// Sends what is due by the clock.
    func tick(now: Int64) {
        ticks += 1
        publishBestOffers(now: now)
        movedSinceStates.formUnion(moved)
        moved.removeAll()
        guard ticks % Self.fastTicks == 0 else { return }
        let isSlow = ticks % Self.slowTicks == 0
        for subscription in hub.active where isDue(subscription, isSlow: isSlow) {
            send(state(subscription, now: now), to: hub.listeners(to: subscription))
        }
        movedSinceStates.removeAll()
        traded.removeAll()
        touchedAccounts.removeAll()
    }

    private func publishBestOffers(now: Int64) {
        for index in moved {
            let market = engine.universe.markets[index]
            let offers = [market.bestBid(now: now), market.bestAsk(now: now)]
            guard bestOffers.updateValue(offers, forKey: index) != offers else { continue }
            let subscription = Subscription(.bbo, coin: market.coin)
            let listeners = hub.listeners(to: subscription)
            if !listeners.isEmpty { send(state(subscription, now: now), to: listeners) }
        }
    }

    /// Whether a channel of states has something new to say; channels of events never have.
    private func isDue(_ subscription: Subscription, isSlow: Bool) -> Bool {
        let market = subscription.coin.flatMap { engine.universe.market(coin: $0)?.index }
        switch subscription.channel {
        case .l2Book: return subscription.isFast || isSlow
        case .allMids: return !movedSinceStates.isEmpty
        case .candle: return market.map(traded.contains) ?? false
        case .activeAssetCtx, .assetCtxs, .allDexsAssetCtxs: return isSlow || market.map(movedSinceStates.contains) ?? false
        case .clearinghouseState, .openOrders, .allDexsClearinghouseState, .spotState, .activeAssetData, .webData2, .webData3, .twapStates:
            return isSlow || subscription.user.map(touchedAccounts.contains) ?? false
        case .bbo, .trades, .userFills, .orderUpdates, .userEvents, .userFundings, .userNonFundingLedgerUpdates, .userHistoricalOrders,
            .userTwapSliceFills, .userTwapHistory, .notification:
            return false
        }
    }

    /// What a new subscriber is sent at once: a snapshot of events, the last trades, a state.
    func sendFirst(_ subscription: Subscription, to connection: WebSocketConnection, now: Int64) {
        send(snapshot(subscription) ?? state(subscription, now: now), to: [connection])
    }

    /// Encodes once, and only when somebody listens.
    func send(_ subscription: Subscription, _ message: () -> [UInt8]) {
        let listeners = hub.listeners(to: subscription)
        if !listeners.isEmpty { send(message(), to: listeners) }
    }

    private func send(_ message: [UInt8]?, to connections: [WebSocketConnection]) {
        guard let message else { return }
        let frame = ByteBuffer(bytes: message)
        for connection in connections { connection.send(frame) }
    }

    /// As they are published: in order, unless a fault says otherwise.
    func ordered(_ fills: [Fill]) -> [Fill] {
        guard fills.count > 1, faults.draw(.fills, path: "/ws").contains(.disorderSameMillisecond) else { return fills }
        return fills.reversed()
    }

    /// Calls `body` with each run of neighbours that belong together.
    func runs<Element>(_ elements: [Element], by together: (Element, Element) -> Bool, _ body: (ArraySlice<Element>) -> Void) {
        var start = 0
        while start < elements.count {
            var end = start + 1
            while end < elements.count, together(elements[start], elements[end]) { end += 1 }
            body(elements[start..<end])
            start = end
        }
    }
}
