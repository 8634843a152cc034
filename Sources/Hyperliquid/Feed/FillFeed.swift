import Logging
import WebSocket

/// Follows the fills of a set of users over one WebSocket connection, and keeps at it.
///
/// What it owes: every frame is delivered in the order in which it arrived, and the next is not read before the delivery has
/// returned; a lost, silent or refused connection is replaced after a pause, with every subscription made again. Fills missed in
/// between are in the snapshots that follow, or must be fetched (`userFillsByTime`).
public actor FillFeed {
    public struct Configuration: Sendable {
        /// The exchange closes a connection to which it has sent nothing for 60 s; a ping makes it send.
        public var pingEvery: Duration = .seconds(45)
        /// A connection on which nothing arrived for this long is given up.
        public var staleAfter: Duration = .seconds(60)
        public var acknowledgeWithin: Duration = .seconds(15)
        /// Pauses before connecting again; at most 30 new connections a minute are allowed.
        public var firstPause: Duration = .milliseconds(250)
        public var longestPause: Duration = .seconds(30)
        /// A connection that lived this long starts the pauses over.
        public var healthyAfter: Duration = .seconds(30)
        /// Subscriptions sent at once, and per second after that: 500 + 60 × 20 stays below 2000 in any minute.
        public var messageBurst = 500
        public var messagesPerSecond = 20
        public var connection = WebSocketClient.Configuration()

        public init() {}
    }

    private let url: String
    private let configuration: Configuration
    private let logger: Logger
    private var users: Set<String> = []
    private var session: FeedSession?
    private var lastArrival = ContinuousClock.now
    private var isDelivering = false
    private var budget: MessageBudget
    /// Wakes the sender of the current connection; one wake-up is remembered, as it looks at everything that is due.
    private var wake: AsyncStream<Void>.Continuation?

    public init(endpoint: ExchangeEndpoint, configuration: Configuration = Configuration(), logger: Logger) {
        precondition(configuration.pingEvery < configuration.staleAfter, "pings must come before a connection counts as stale")
        url = endpoint.webSocketURL
        self.configuration = configuration
        self.logger = logger
        budget = MessageBudget(capacity: configuration.messageBurst, perSecond: configuration.messagesPerSecond, now: .now)
    }

    /// Follows exactly these users from now on; takes effect on the open connection.
    public func follow(_ users: Set<String>) {
        self.users = Set(users.map { $0.lowercased() })
        session?.want(self.users)
        wake?.yield()
    }

    public func add(_ user: String) { follow(users.union([user.lowercased()])) }
    public func remove(_ user: String) { follow(users.subtracting([user.lowercased()])) }

    /// Runs until the task is cancelled, then throws `CancellationError`; no other error ends it, except an address that is none.
    /// - Parameter deliver: called for one event at a time.
    public func run(deliver: @escaping @Sendable (FeedEvent) async -> Void) async throws {
        let url = try WebSocketURL(parsing: url)
        var backoff = Backoff(first: configuration.firstPause, maximum: configuration.longestPause)
        var generator = SystemRandomNumberGenerator()
        while true {
            try Task.checkCancellation()
            let started = ContinuousClock.now
            let reason = await connection(to: url, deliver)
            try Task.checkCancellation()
            logger.warning("fill feed disconnected", metadata: ["url": "\(self.url)", "reason": "\(reason)"])
            await deliver(.disconnected(reason))
            if ContinuousClock.now - started >= configuration.healthyAfter { backoff.reset() }
            try await Task.sleep(for: backoff.next(using: &generator))
        }
    }

    /// One connection, from its opening to its end; returns why it ended.
    private func connection(to url: WebSocketURL, _ deliver: @escaping @Sendable (FeedEvent) async -> Void) async -> String {
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        defer {
            self.wake = nil
            session = nil
        }
        do {
            return try await WebSocketClient.withConnection(to: url, configuration: configuration.connection) { inbound, outbound in
                await self.begin(wake)
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

    private func begin(_ wake: AsyncStream<Void>.Continuation) {
        session = FeedSession(users: users, acknowledgeWithin: configuration.acknowledgeWithin)
        lastArrival = .now
        isDelivering = false
        self.wake = wake
        wake.yield()
    }

    private nonisolated func receive(_ inbound: WebSocketInbound, _ deliver: @Sendable (FeedEvent) async -> Void) async throws -> String {
        for try await message in inbound {
            switch message {
            case .text(let text, let receivedAt):
                for event in await received(text, receivedAt) { await deliver(event) }
                await delivered()
            case .binary, .pong: await delivered()
            case .closed(let code, let reason): return "closed by the exchange: \(code.map { "\($0)" } ?? "no code") \(reason)"
            }
        }
        return "connection ended"
    }

    private func received(_ text: [UInt8], _ receivedAt: Int64) -> [FeedEvent] {
        isDelivering = true
        return session?.receive(text, receivedAt: receivedAt) ?? []
    }

    private func delivered() {
        isDelivering = false
        lastArrival = .now
    }

    /// Sends subscriptions when users change, and looks once a second for what is overdue or waits for its place in the budget.
    private nonisolated func send(_ outbound: WebSocketOutbound, _ wakeUps: AsyncStream<Void>) async throws -> String {
        for await _ in wakeUps {
            for request in await dueRequests() { try await outbound.send(.text(request)) }
        }
        return "cancelled"
    }

    private func dueRequests() -> [String] {
        let now = ContinuousClock.now
        let requests = session?.due(at: now, limit: budget.allowance(at: now)) ?? []
        budget.spend(requests.count)
        return requests
    }

    /// Pings, and ends the connection when nothing has arrived for too long.
    private func watch(_ outbound: WebSocketOutbound) async throws -> String {
        let tick = min(configuration.pingEvery, configuration.staleAfter - configuration.pingEvery, .seconds(1))
        var lastPing = ContinuousClock.now
        while true {
            try await Task.sleep(for: tick)
            let now = ContinuousClock.now
            // While a slow consumer holds the reader back, silence says nothing about the connection.
            if !isDelivering, now - lastArrival >= configuration.staleAfter { return "nothing arrived for \(configuration.staleAfter)" }
            if now - lastPing >= configuration.pingEvery {
                lastPing = now
                try await outbound.send(.text(#"{"method":"ping"}"#))
            }
            wake?.yield()
        }
    }
}
