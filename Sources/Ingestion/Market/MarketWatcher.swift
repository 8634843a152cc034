import CopyTrading
import Hyperliquid
import JSON
import Logging
import RedisStreams

/// Best prices, mark and oracle of every market → the cell's quotes; and how deep the books are of those that matter most.
///
/// What it owes others: one process of the fleet watches at a time, the holder of the lease of stage ``stage``; nothing is published that
/// the exchange has not told on the connection that is open now, so without exchange, connection or watcher quotes go stale by
/// themselves. Connections for fills come first: it takes only channels that they leave.
public actor MarketWatcher: LeaseHolder {
    public static let stage = "market"
    /// All markets together.
    public static let partitions = [twoDigits(0)]
    private static let marketsEvery = Duration.seconds(3_600)
    private static let marketsAgainAfter = Duration.seconds(5)
    private static let lookEvery = Duration.seconds(1)
    private static let heldEvery = Duration.seconds(60)
    /// So many books at least are followed, as far as there are channels: those that leaders hold, then the most traded.
    static let books = 100

    private let client: ExchangeClient
    private let feed: ExchangeFeed
    private let budget: ConnectionBudget
    private let publisher: QuotePublisher
    public nonisolated let leases: PartitionLeases
    private let reserved: @Sendable () async -> Int
    private let cursors: LeaderCursors?
    private let logger: Logger

    private var isOwner = false
    private var picture = MarketPicture()
    /// Most traded first.
    private var markets: [Coin] = []
    private var marketsDue = ContinuousClock.now
    /// By leaders, as last read.
    private var held: Set<Coin> = []
    private var heldDue = ContinuousClock.now
    /// What the feed was told last.
    private var told: Set<FeedSubscription> = []
    private var leftOut = 0
    private var isUnpublished = false
    /// Rung when ``stop()`` is through.
    private let left = Wake()

    /// - Parameters:
    ///   - feed: for this alone; within `budget`.
    ///   - leases: of ``stage`` and ``partitions``.
    ///   - reserved: channels of the budget that are others', whether in use yet or not.
    ///   - cursors: what leaders hold, whose books come first; `nil` follows no book's depth.
    public init(
        client: ExchangeClient, feed: ExchangeFeed, budget: ConnectionBudget, publisher: QuotePublisher, leases: PartitionLeases,
        reserved: @escaping @Sendable () async -> Int, cursors: LeaderCursors? = nil, logger: Logger
    ) {
        self.client = client
        self.feed = feed
        self.budget = budget
        self.publisher = publisher
        self.leases = leases
        self.reserved = reserved
        self.cursors = cursors
        self.logger = logger
    }

    /// Runs until ``stop()``, or until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.leases.run(holder: self) }
            group.addTask { await self.watchWhenOwner() }
            var rings = left.rings()
            _ = await rings.next()
            group.cancelAll()
        }
    }

    /// Lets another process watch, and ends ``run()``.
    public func stop() async {
        await leases.leave(holder: self)
        left.signal()
    }

    // MARK: - Leases

    public func granted(_ partition: Int) { isOwner = true }

    public func surrender(_ partition: Int) async {
        isOwner = false
        await leases.release(partition)
    }

    public func lost(_ partition: Int) { isOwner = false }

    // MARK: - Watching

    private func watchWhenOwner() async {
        while !Task.isCancelled {
            if isOwner {
                logger.info("market.watching")
                await watch()
            }
            try? await Task.sleep(for: QuotePublisher.interval)  // ends early only when cancelled
        }
    }

    /// Until the lease goes. The connection is open only meanwhile: an address has few.
    private func watch() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await self.feed.run { await self.receive($0) } } catch is CancellationError {} catch {
                    self.logger.critical("market.feed.ended", metadata: ["error": "\(error)"])
                }
            }
            group.addTask { await self.chooseLoop() }
            await publishLoop()
            group.cancelAll()
        }
        picture = MarketPicture()
    }

    private func receive(_ event: FeedEvent) {
        switch event {
        case .message(let message, _, let receivedAt): picture.receive(message, at: receivedAt / 1_000)
        case .connected: logger.info("market.connected")
        case .subscribed: break
        case .unsubscribed(let subscription): picture.end(subscription)
        case .refused(let subscriptions, let refusal):
            let names = subscriptions.prefix(5).map(\.description).sorted().joined(separator: " ")
            logger.error("market.refused", metadata: ["text": "\(refusal)", "count": "\(subscriptions.count)", "among": "\(names)"])
        case .disconnected(let reason):
            logger.warning("market.disconnected", metadata: ["reason": "\(reason)"])
            picture = MarketPicture()
        case .silent(let kind, let duration): logger.error("market.silent", metadata: ["kind": "\(kind)", "for": "\(duration)"])
        case .problem(let text): logger.error("market.problem", metadata: ["text": "\(text)"])
        }
    }

    private func publishLoop() async {
        var depthsDue = ContinuousClock.now
        while isOwner, !Task.isCancelled {
            // a process that was paused past its lease must not overwrite its successor's quotes
            if leases.table.isHeld(0, at: .now) {
                await publish(quotes: picture.takeDue())
                if depthsDue <= .now {
                    depthsDue = .now + QuotePublisher.depthInterval
                    await publish(depths: picture.takeDepths())
                }
            }
            try? await Task.sleep(for: QuotePublisher.interval)  // ends early only when cancelled
        }
    }

    /// What could not be written is written with the next full round, a book with the next that comes.
    private func publish(quotes: [Coin: MarketQuote] = [:], depths: [Coin: MarketDepth] = [:]) async {
        guard !quotes.isEmpty || !depths.isEmpty else { return }
        do {
            try await publisher.publish(quotes)
            try await publisher.publish(depths)
            isUnpublished = false
        } catch {
            if !isUnpublished { logger.warning("quotes.unpublished", metadata: ["error": "\(error)"]) }
            isUnpublished = true
        }
    }

    // MARK: - Markets and channels

    private func chooseLoop() async {
        while !Task.isCancelled {
            if marketsDue <= .now { await readMarkets() }
            if let cursors, heldDue <= .now { await readHeld(cursors) }
            let room = budget.limits.plannedChannels - (await reserved())
            let books = cursors == nil ? [] : Self.books(markets, held: held)
            let channels = Self.channels(markets, books: books, room: max(0, room))
            if channels.wanted != told {
                told = channels.wanted
                await feed.want(told)
            }
            if channels.leftOut.count != leftOut {
                leftOut = channels.leftOut.count
                let first = channels.leftOut.prefix(5).map(\.description).joined(separator: " ")
                logger.warning("market.left_out", metadata: ["channels": "\(leftOut)", "room": "\(room)", "first": "\(first)"])
            }
            try? await Task.sleep(for: Self.lookEvery)  // ends early only when cancelled
        }
    }

    /// Markets come and go, and so does what is traded in them.
    private func readMarkets() async {
        do {
            var snapshots = [try await client.read(.metaAndAssetCtxs())]
            for dex in try await client.read(.perpDexs(), atMostOld: ExchangeClient.marketsLife) { snapshots.append(try await client.read(.metaAndAssetCtxs(dex: dex))) }
            let listed = snapshots.flatMap { snapshot in
                snapshot.markets.instruments.filter { !$0.isDelisted }.map {
                    ($0.coin, snapshot.contexts[$0.coin]?.dayNotionalVolume ?? .zero)
                }
            }
            markets = listed.sorted { ($0.1, $1.0) > ($1.1, $0.0) }.map(\.0)
            marketsDue = .now + Self.marketsEvery
        } catch {
            logger.warning("market.markets.unread", metadata: ["error": "\(error)"])
            marketsDue = .now + Self.marketsAgainAfter
        }
    }

    /// What leaders hold is where they will trade next, and what has to be known before they open anything new is the most traded.
    private func readHeld(_ cursors: LeaderCursors) async {
        heldDue = .now + Self.heldEvery
        do {
            let positions = try await cursors.all().map { try LeaderCursor(json: JSON.parse($0)).positions }
            held = Set(positions.flatMap { $0.filter { !$0.value.isZero }.keys })
        } catch {
            // It only decides whose book comes first.
            logger.warning("market.held.unread", metadata: ["error": "\(error)"])
        }
    }

    /// Whose depth is followed: all that leaders hold, then others up to ``books`` in all, the most traded first of both.
    static func books(_ markets: [Coin], held: Set<Coin>) -> [Coin] {
        let first = markets.filter(held.contains)
        return first + markets.filter { !held.contains($0) }.prefix(max(0, books - first.count))
    }

    /// Every market's best prices before any book's depth or mark, which follow in turn, and before all the one channel that is never silent:
    /// a book that is sent twice a second shows that the connection delivers, so that unchanged prices are known to be so.
    static func channels(_ markets: [Coin], books: [Coin] = [], room: Int) -> (wanted: Set<FeedSubscription>, leftOut: [FeedSubscription]) {
        var all = markets.prefix(1).map { FeedSubscription.l2Book(coin: $0.text, fast: true) } + markets.map { .bbo(coin: $0.text) }
        for index in 0..<max(books.count, markets.count) {
            if index < books.count { all.append(.l2Book(coin: books[index].text)) }
            if index < markets.count { all.append(.activeAssetCtx(coin: markets[index].text)) }
        }
        return (Set(all.prefix(room)), Array(all.dropFirst(room)))
    }
}
