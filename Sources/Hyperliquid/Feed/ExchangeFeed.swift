import Logging
import WebSocket

/// Follows a set of subscriptions over one WebSocket connection, and keeps at it.
///
/// What it owes: every frame is delivered in the order in which it arrived, and no more is read from the socket before the deliveries
/// have returned; a lost, silent or refused connection is replaced after a pause, with every subscription made again, within the
/// ``ConnectionBudget``. What was missed in between is in the snapshots that follow, or must be fetched.
public actor ExchangeFeed {
    public struct Configuration: Sendable {
        /// The exchange closes a connection to which it has sent nothing for 60 s; a ping makes it send.
        public var pingEvery: Duration = .seconds(45)
        /// A connection on which nothing arrived for this long is given up.
        public var staleAfter: Duration = .seconds(60)
        /// Kinds whose silence is reported while they are subscribed. The others may be silent by nature.
        public var silenceAfter: [FeedSubscription.Kind: Duration] = [
            .trades: .seconds(60), .l2Book: .seconds(30), .allMids: .seconds(30),
        ]
        public var acknowledgeWithin: Duration = .seconds(15)
        public var pauses = ReconnectPauses(first: .milliseconds(250), longest: .seconds(30), healthyAfter: .seconds(30))
        /// Before a subscription refused for lack of room is asked for again; doubles up to the longest.
        public var firstRefusalPause: Duration = .seconds(5)
        public var longestRefusalPause: Duration = .seconds(60)
        public var connection = WebSocketClient.Configuration()

        public init() {}

        var session: FeedSession.Configuration {
            .init(
                acknowledgeWithin: acknowledgeWithin, firstRefusalPause: firstRefusalPause, longestRefusalPause: longestRefusalPause,
                silenceAfter: silenceAfter)
        }
    }

    private let url: String
    private let configuration: Configuration
    private let budget: ConnectionBudget
    private let logger: Logger
    private var wanted: Set<FeedSubscription> = []
    private var marketsLastFirst = false
    private var filter: TradeFilter?
    private var session: FeedSession?
    private var place: ConnectionBudget.Connection?
    private var lastArrival = ContinuousClock.now
    private var isDelivering = false
    /// Why the connection is to be replaced though it lives.
    private var replacement: String?
    /// Wakes the sender of the current connection; one wake-up is remembered, as it looks at everything that is due.
    private var wake: AsyncStream<Void>.Continuation?
    public private(set) var statistics = FeedStatistics()

    /// - Parameter budget: shared by all connections of this process.
    public init(endpoint: ExchangeEndpoint, configuration: Configuration = Configuration(), budget: ConnectionBudget, logger: Logger) {
        precondition(configuration.pingEvery < configuration.staleAfter, "pings must come before a connection counts as stale")
        url = endpoint.webSocketURL
        self.configuration = configuration
        self.budget = budget
        self.logger = logger
    }

    /// Follows exactly these from now on; takes effect on the open connection.
    /// - Parameter marketsLastFirst: market data is asked for from the last to the first. Where the budget has no room for all of it, two
    ///   connections that begin at different ends have more of it between them than one.
    public func want(_ subscriptions: Set<FeedSubscription>, marketsLastFirst: Bool = false) {
        wanted = Set(subscriptions.map(\.normalised))
        self.marketsLastFirst = marketsLastFirst
        session?.want(wanted, marketsLastFirst: marketsLastFirst)
        wake?.yield()
    }

    /// From now on frames of trades in which none of these takes part are counted and dropped undecoded; `nil` delivers all.
    public func follow(addresses: Set<String>?) { filter = addresses.map { TradeFilter(addresses: $0) } }

    /// When something of this kind last arrived on the connection, or its subscription began; `nil` while none is subscribed.
    public func lastHeard(_ kind: FeedSubscription.Kind) -> ContinuousClock.Instant? { session?.lastHeard(kind) }

    /// Ends the connection, and opens another with every subscription made again.
    public func replaceConnection(because reason: String) { replacement = reason }

    /// Runs until the task is cancelled, then throws `CancellationError`; no other error ends it, except an address that is none.
    /// - Parameter deliver: called for one event at a time.
    public func run(deliver: @escaping @Sendable (FeedEvent) async -> Void) async throws {
        let url = try WebSocketURL(parsing: url)
        try await budget.keepConnected(configuration.pauses) { place in
            await connection(to: url, place, deliver)
        } ended: { reason in
            logger.warning("feed disconnected", metadata: ["url": "\(self.url)", "reason": "\(reason)"])
            await deliver(.disconnected(reason))
        }
    }

    /// One connection, from its opening to its end; returns why it ended.
    private func connection(
        to url: WebSocketURL, _ place: ConnectionBudget.Connection, _ deliver: @escaping @Sendable (FeedEvent) async -> Void
    ) async -> String {
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        defer {
            self.wake = nil
            self.place = nil
            session = nil
        }
        do {
            return try await WebSocketClient.withConnection(to: url, configuration: configuration.connection) { inbound, outbound in
                await self.begin(place, wake)
                await deliver(.connected)
                return try await withThrowingTaskGroup(of: String.self) { group in
                    group.addTask { try await self.receive(inbound, deliver) }
                    group.addTask { try await self.send(outbound, wakeUps) }
                    group.addTask { try await self.watch(outbound) }
                    defer { group.cancelAll() }
                    return try await group.next() ?? "no task"
                }
            }
        } catch {
            return "\(error)"
        }
    }

    private func begin(_ place: ConnectionBudget.Connection, _ wake: AsyncStream<Void>.Continuation) {
        session = FeedSession(wanted, configuration.session, marketsLastFirst: marketsLastFirst)
        statistics.connects += 1
        lastArrival = .now
        isDelivering = false
        replacement = nil
        self.place = place
        self.wake = wake
        wake.yield()
    }

    // MARK: - Receiving

    private nonisolated func receive(_ inbound: WebSocketInbound, _ deliver: @Sendable (FeedEvent) async -> Void) async throws -> String {
        for try await batch in inbound {
            let (events, end) = await received(batch)
            for event in events { await deliver(event) }
            if let end { return end }
            await delivered()
        }
        return "connection ended"
    }

    /// The events of what was read at once, and the reason when the exchange closed the connection.
    private func received(_ batch: [WebSocketMessage]) -> ([FeedEvent], end: String?) {
        isDelivering = true
        let now = ContinuousClock.now
        var events: [FeedEvent] = []
        for message in batch {
            switch message {
            case .text(let text, let receivedAt): receive(text, receivedAt, now, &events)
            case .binary, .pong: break
            case .closed(let code, let reason): return (events, "closed by the exchange: \(code.map { "\($0)" } ?? "no code") \(reason)")
            }
        }
        free()
        return (events, nil)
    }

    private func receive(_ text: [UInt8], _ receivedAt: Int64, _ now: ContinuousClock.Instant, _ events: inout [FeedEvent]) {
        statistics.frames += 1
        statistics.bytes += text.count
        switch filter?.judge(text) {
        case .unfollowed?:
            statistics.filtered += 1
            session?.heard(.trades, at: now)
            return
        case .undecided?: statistics.undecided += 1
        case .followed?, .otherChannel?, nil: break
        }
        if let received = session?.receive(text, receivedAt: receivedAt, at: now) { events += received }
    }

    private func delivered() {
        isDelivering = false
        lastArrival = .now
    }

    /// Gives back the places of what is not subscribed any more.
    private func free() {
        guard let place, let freed = session?.takeFreed(), !freed.isEmpty else { return }
        for subscription in freed { budget.release(subscription, of: place) }
        wake?.yield()
    }

    // MARK: - Sending

    /// Sends subscriptions when they change, and looks once a second for what is overdue or waits for its place in the budget.
    private nonisolated func send(_ outbound: WebSocketOutbound, _ wakeUps: AsyncStream<Void>) async throws -> String {
        for await _ in wakeUps {
            let requests = await dueRequests()
            if !requests.isEmpty { try await outbound.send(requests.map { .text($0) }) }
        }
        return "cancelled"
    }

    /// Sent in one go at most; the others follow with the next look.
    private static let requestsAtOnce = 200

    private func dueRequests() -> [String] {
        guard let place else { return [] }
        let now = ContinuousClock.now
        let limit = budget.messages(Self.requestsAtOnce, at: now)
        let requests = session?.due(at: now, limit: limit) { budget.admit($0, of: place, at: now) } ?? []
        budget.unsent(limit - requests.count)
        free()
        if requests.count == Self.requestsAtOnce { wake?.yield() }
        return requests
    }

    /// Pings, and ends the connection when nothing has arrived for too long.
    private func watch(_ outbound: WebSocketOutbound) async throws -> String {
        let tick = min(configuration.pingEvery, configuration.staleAfter - configuration.pingEvery, .seconds(1))
        var lastPing = ContinuousClock.now
        while true {
            try await Task.sleep(for: tick)
            let now = ContinuousClock.now
            if let replacement { return replacement }
            // While a slow consumer holds the reader back, silence says nothing about the connection.
            if !isDelivering, now - lastArrival >= configuration.staleAfter {
                statistics.staleReplacements += 1
                return "nothing arrived for \(configuration.staleAfter)"
            }
            // The answer to a ping is also the frame with which a finding is told when no other arrives.
            if now - lastPing >= configuration.pingEvery || session?.hasUnreported == true {
                lastPing = now
                _ = budget.messages(1, at: now)
                try await outbound.send(.text(#"{"method":"ping"}"#))
            }
            wake?.yield()
        }
    }
}
