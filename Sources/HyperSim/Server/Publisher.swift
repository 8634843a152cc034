import CopyTrading
import NIOCore

/// Turns what the engine caused into frames for those who subscribed. Fills, order updates and trades leave with the action that caused
/// them; best offers, books and mids by the clock, as the exchange publishes them.
final class Publisher {
    private let engine: Engine
    private let hub: SubscriptionHub
    private var moved: Set<Int> = []
    private var midsMoved = false
    /// Last published by the clock, by market.
    private var bestOffers: [Int: [BookLevel?]] = [:]
    private var ticks = 0

    /// The clock's period: the exchange's block time, about.
    static let tickMilliseconds: Int64 = 100
    /// allMids and fast books.
    static let fastTicks = 5
    /// Full books.
    static let slowTicks = 50

    init(engine: Engine, hub: SubscriptionHub) {
        self.engine = engine
        self.hub = hub
    }

    func publish(_ effects: Effects) {
        guard !hub.isEmpty else { return }
        moved.formUnion(effects.movedMarkets)
        runs(effects.orderUpdates, by: { $0.account === $1.account }) { run in
            let listeners = hub.listeners(to: .orderUpdates(user: run.first!.account.address))
            send(listeners) { SocketMessage.orderUpdates(run.map(\.update)) }
        }
        runs(effects.fills, by: { $0.account === $1.account }) { run in
            let user = run.first!.account.address
            send(hub.listeners(to: .userFills(user: user, aggregated: false))) { SocketMessage.userFills(run.map(\.fill), of: user) }
            send(hub.listeners(to: .userFills(user: user, aggregated: true))) {
                SocketMessage.userFills(Fill.aggregated(run.map(\.fill)), of: user)
            }
        }
        runs(effects.trades, by: { $0.market === $1.market }) { run in
            let market = run.first!.market
            send(hub.listeners(to: .trades(coin: market.coin))) { SocketMessage.trades(run.map(\.trade), in: market) }
        }
    }

    /// Sends what is due by the clock.
    func tick(now: Int64) {
        ticks += 1
        let isFast = ticks % Self.fastTicks == 0
        let isSlow = ticks % Self.slowTicks == 0
        for index in moved {
            let market = engine.universe.markets[index]
            let offers = [market.bestBid(now: now), market.bestAsk(now: now)]
            guard bestOffers.updateValue(offers, forKey: index) != offers else { continue }
            send(hub.listeners(to: .bestOffers(coin: market.coin))) { SocketMessage.bestOffers(market, now: now) }
        }
        midsMoved = midsMoved || !moved.isEmpty
        moved.removeAll()
        guard isFast else { return }
        for subscription in hub.active {
            switch subscription {
            case .allMids where midsMoved: sendFirst(subscription, to: hub.listeners(to: subscription), now: now)
            case .book(_, _, let fast) where fast || isSlow: sendFirst(subscription, to: hub.listeners(to: subscription), now: now)
            default: break
            }
        }
        midsMoved = false
    }

    /// What a new subscriber is sent at once: the snapshot of a user's fills, the last trades, the state of a book.
    func sendFirst(_ subscription: Subscription, to connections: [WebSocketConnection], now: Int64) {
        let universe = engine.universe
        switch subscription {
        case .userFills(let user, let aggregated):
            let fills = InfoService(engine: engine).newestFills(of: user, aggregated: aggregated)
            send(connections) { SocketMessage.userFills(fills, of: user, isSnapshot: true) }
        case .orderUpdates: break
        case .trades(let coin):
            guard let market = universe.market(coin: coin), market.recentTrades.count > 0 else { return }
            send(connections) { SocketMessage.trades(market.recentTrades.kept, in: market) }
        case .bestOffers(let coin):
            guard let market = universe.market(coin: coin) else { return }
            send(connections) { SocketMessage.bestOffers(market, now: now) }
        case .book(let coin, let aggregation, let fast):
            guard let market = universe.market(coin: coin) else { return }
            send(connections) { SocketMessage.book(market, aggregation, fast: fast, now: now) }
        case .allMids(let dex): send(connections) { SocketMessage.allMids(dex: dex, universe) }
        }
    }

    /// Encodes once, and only when somebody listens.
    private func send(_ connections: [WebSocketConnection], _ message: () -> [UInt8]) {
        guard !connections.isEmpty else { return }
        let frame = ByteBuffer(bytes: message())
        for connection in connections { connection.send(frame) }
    }

    /// Calls `body` with each run of neighbours that belong together.
    private func runs<Element>(_ elements: [Element], by together: (Element, Element) -> Bool, _ body: (ArraySlice<Element>) -> Void) {
        var start = 0
        while start < elements.count {
            var end = start + 1
            while end < elements.count, together(elements[start], elements[end]) { end += 1 }
            body(elements[start..<end])
            start = end
        }
    }
}
