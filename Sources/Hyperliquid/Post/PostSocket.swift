import JSON
import Logging
import WebSocket

/// Sends signed actions and reads over one kept WebSocket connection, many at a time (`post` requests).
///
/// What it owes: an answer to each request, or an ``ExchangeError`` that never calls a request unsent whose bytes may have been written;
/// it repeats nothing. Answers come in any order. A lost or silent connection is replaced after a pause; requests do not move to the
/// next one, and none waits for it: whoever has another way can take it at once.
public actor PostSocket: ExchangeTransport {
    public struct Configuration: Sendable {
        /// From asking to being written, and again from there to the answer.
        public var timeout: Duration = .seconds(5)
        /// Unanswered requests of this connection; the exchange takes 100 of an address.
        public var maximumInFlight = 100
        /// Requests that may wait to be written.
        public var maximumWaiting = 1_000
        /// The exchange closes a connection to which it has sent nothing for 60 s; a ping makes it send.
        public var pingEvery: Duration = .seconds(45)
        /// A connection on which nothing arrived for this long is given up.
        public var staleAfter: Duration = .seconds(60)
        public var pauses = ReconnectPauses(first: .milliseconds(50), longest: .seconds(10), healthyAfter: .seconds(30))
        public var connection = WebSocketClient.Configuration()

        public init() {}
    }

    private let url: String
    private let configuration: Configuration
    private let budget: ConnectionBudget
    private let logger: Logger
    private var queue: PostQueue
    private var callers: [PostQueue.ID: CheckedContinuation<Result<JSON, ExchangeError>, Never>] = [:]
    /// Whether requests are taken: while there is a connection that answers.
    public var isTaking: Bool { wake != nil && !isDumb }
    private var lastArrival = ContinuousClock.now
    /// A request had no answer in time, and nothing else has arrived since it was written.
    private var isDumb = false
    /// Wakes the sender of the current connection; one wake-up is remembered, as it looks at everything that waits.
    private var wake: AsyncStream<Void>.Continuation?

    /// - Parameter budget: shared by all connections of this process.
    public init(endpoint: ExchangeEndpoint, configuration: Configuration = Configuration(), budget: ConnectionBudget, logger: Logger) {
        precondition(configuration.pingEvery < configuration.staleAfter, "pings must come before a connection counts as stale")
        url = endpoint.webSocketURL
        self.configuration = configuration
        self.budget = budget
        self.logger = logger
        queue = PostQueue(
            .init(inFlight: configuration.maximumInFlight, waiting: configuration.maximumWaiting, timeout: configuration.timeout))
    }

    public func submit(
        _ action: SignedAction, priority: RequestPriority, notAfter: ContinuousClock.Instant?
    ) async throws(ExchangeError) -> ExchangeAnswer {
        let answer = try await post(.action, action.body, priority, notAfter)
        do { return try ExchangeAnswer(json: answer) } catch { throw .unknown("answer cannot be read: \(error): \(answer.text().prefix(200))") }
    }

    /// Sends one read request such as `{"type":"meta"}`.
    public func info(_ request: JSON) async throws(ExchangeError) -> JSON { try await post(.info, request.bytes(), .info, nil) }

    private func post(
        _ kind: PostQueue.Kind, _ payload: [UInt8], _ priority: RequestPriority, _ notAfter: ContinuousClock.Instant?
    ) async throws(ExchangeError) -> JSON {
        guard isTaking else { throw .notSent("no connection that answers") }
        guard let id = queue.add(kind, payload, priority: priority, notAfter: notAfter, at: .now) else {
            throw .notSent("\(configuration.maximumWaiting) requests wait already")
        }
        wake?.yield()
        return try await withCheckedContinuation { callers[id] = $0 }.get()
    }

    private func end(_ outcomes: [PostQueue.Outcome]) {
        for (id, result) in outcomes { callers.removeValue(forKey: id)?.resume(returning: result) }
    }

    // MARK: - Connections

    /// Keeps a connection until the task is cancelled, then throws `CancellationError`; no other error ends it, except an address that
    /// is none.
    public func run() async throws {
        let url = try WebSocketURL(parsing: url)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.keep(url) }
            group.addTask { try await self.watchTimes() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func keep(_ url: WebSocketURL) async throws {
        try await budget.keepConnected(configuration.pauses) { _ in
            let reason = await connection(to: url)
            end(queue.lost(reason))
            return reason
        } ended: { reason in
            logger.warning("post socket disconnected", metadata: ["url": "\(self.url)", "reason": "\(reason)"])
        }
    }

    /// One connection, from its opening to its end; returns why it ended.
    private func connection(to url: WebSocketURL) async -> String {
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        defer { self.wake = nil }
        do {
            return try await WebSocketClient.withConnection(to: url, configuration: configuration.connection) { inbound, outbound in
                await self.begin(wake)
                return try await withThrowingTaskGroup(of: String.self) { group in
                    group.addTask { try await self.receive(inbound) }
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
        lastArrival = .now
        isDumb = false
        self.wake = wake
        wake.yield()
    }

    private nonisolated func receive(_ inbound: WebSocketInbound) async throws -> String {
        for try await batch in inbound {
            if let end = await received(batch) { return end }
        }
        return "connection ended"
    }

    /// The reason when the exchange closed the connection.
    private func received(_ batch: [WebSocketMessage]) -> String? {
        lastArrival = .now
        isDumb = false
        for message in batch {
            switch message {
            case .text(let text, _): if let outcome = queue.receive(text) { end([outcome]) }
            case .binary, .pong: break
            case .closed(let code, let reason): return "closed by the exchange: \(code.map { "\($0)" } ?? "no code") \(reason)"
            }
        }
        // Places in flight may have become free.
        if queue.sendable > 0 { wake?.yield() }
        return nil
    }

    private nonisolated func send(_ outbound: WebSocketOutbound, _ wakeUps: AsyncStream<Void>) async throws -> String {
        for await _ in wakeUps {
            let outgoing = await next()
            if !outgoing.isEmpty { try await outbound.send(outgoing.map { .gated($0.text, $0.gate) }) }
        }
        return "cancelled"
    }

    /// What may be sent now; what waits for the budget is looked at again by ``watchTimes()``.
    private func next() -> [PostQueue.Outgoing] {
        let count = queue.sendable
        guard count > 0 else { return [] }
        let now = ContinuousClock.now
        return queue.next(budget.messages(count, at: now), at: now)
    }

    /// Pings, and ends the connection when nothing has arrived for too long.
    private func watch(_ outbound: WebSocketOutbound) async throws -> String {
        var lastPing = ContinuousClock.now
        while true {
            try await Task.sleep(
                for: min(configuration.pingEvery, configuration.staleAfter - configuration.pingEvery, configuration.timeout / 4, .seconds(1)))
            let now = ContinuousClock.now
            if now - lastArrival >= configuration.staleAfter { return "nothing arrived for \(configuration.staleAfter)" }
            if isDumb { return "no answer and nothing else within \(configuration.timeout)" }
            guard now - lastPing >= configuration.pingEvery else { continue }
            lastPing = now
            _ = budget.messages(1, at: now)
            try await outbound.send(.text(#"{"method":"ping"}"#))
        }
    }

    /// Ends requests whose time is over or that were withheld, whether there is a connection or not.
    private func watchTimes() async throws {
        let tick = min(configuration.timeout / 20, .milliseconds(50))
        while true {
            try await Task.sleep(for: tick)
            guard !queue.isIdle else { continue }
            let now = ContinuousClock.now
            let overdue = queue.overdue(at: now)
            isDumb = isDumb || now - lastArrival >= configuration.timeout && overdue.contains { if case .failure(.unknown) = $0.result { true } else { false } }
            end(queue.withheld() + overdue)
            if queue.sendable > 0 { wake?.yield() }
        }
    }
}
