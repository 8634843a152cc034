import Synchronization

/// What the exchange allows one address of ours, as all WebSocket connections of one process share it.
///
/// What it owes: no connection is opened, nothing is sent and nothing subscribed that would exceed the limits, as far as this process
/// knows. It knows of no other process: those behind the same address keep together what their limits give each a part of, and may exceed
/// the others together. It waits for nothing: it says no, or when.
public final class ConnectionBudget: Sendable {
    /// The exchange's limits for one address (its documentation of 2026), and how much of each is planned with. Older documents and
    /// measurements differ, hence they are configuration.
    public struct Limits: Sendable, Equatable {
        public var connections = 10
        public var newConnectionsPerMinute = 30
        public var messagesPerMinute = 2000
        public var channels = 1000
        /// The server's own text says 15.
        public var users = 10
        /// Parts in percent. Channels: the rest is for those of a lost connection, which count on at the exchange for a while.
        public var connectionShare = 80
        public var messageShare = 90
        public var channelShare = 60
        /// How long the channels and users of a lost connection are held to count on.
        public var lingering: Duration = .seconds(10)

        public init() {}

        /// Channels that may be in use at a time. Those of users, of whom there are few, have a place beyond when market data has taken all.
        public var plannedChannels: Int { max(1, channels * channelShare / 100) }
    }

    /// Whether a subscription has a place.
    public enum Admission: Sendable, Equatable {
        case admitted
        /// As many users as may be are followed by all connections together.
        case noUser
        /// As many channels as may be are used, lingering ones included.
        case noChannel
    }

    /// One open connection's account.
    public struct Connection: Sendable, Hashable {
        fileprivate let number: Int
    }

    public enum Opening: Sendable, Equatable {
        case granted(Connection)
        /// Ask again after this.
        case wait(Duration)
    }

    public let limits: Limits
    private let state: Mutex<State>

    public init(limits: Limits = Limits(), now: ContinuousClock.Instant = .now) {
        self.limits = limits
        state = Mutex(
            State(
                openings: MessageBudget(perMinute: limits.newConnectionsPerMinute * limits.connectionShare / 100, now: now),
                messages: MessageBudget(perMinute: limits.messagesPerMinute * limits.messageShare / 100, now: now)))
    }

    private struct State {
        var openings: MessageBudget
        var messages: MessageBudget
        var last = 0
        var open: [Int: Set<FeedSubscription>] = [:]
        /// Of lost connections, until when they count.
        var lost: [(until: ContinuousClock.Instant, subscriptions: Set<FeedSubscription>)] = []
    }

    /// How long to wait when all connections are in use; they are given back by their owners.
    private static let waitForPlace: Duration = .seconds(1)

    /// Asks for a new connection, and counts it.
    public func open(at now: ContinuousClock.Instant = .now) -> Opening {
        state.withLock { state in
            guard state.open.count < limits.connections else { return .wait(Self.waitForPlace) }
            guard state.openings.allowance(at: now) > 0 else { return .wait(state.openings.timeToNext) }
            state.openings.spend(1)
            state.last += 1
            state.open[state.last] = []
            return .granted(Connection(number: state.last))
        }
    }

    /// Connects whenever there is a place for a connection, again after each, until the task is cancelled; then throws `CancellationError`.
    /// - Parameters:
    ///   - connect: one connection, from its opening to its end; gives why it ended.
    ///   - ended: hears that, unless the task was cancelled.
    func keepConnected(
        _ pauses: ReconnectPauses, isolation: isolated (any Actor)? = #isolation, connect: (Connection) async -> String, ended: (String) async -> Void
    ) async throws -> Never {
        var backoff = Backoff(first: pauses.first, maximum: pauses.longest)
        var generator = SystemRandomNumberGenerator()
        while true {
            let place = try await openWhenFree()
            let started = ContinuousClock.now
            let reason = await connect(place)
            close(place)
            try Task.checkCancellation()
            await ended(reason)
            if ContinuousClock.now - started >= pauses.healthyAfter { backoff.reset() }
            try await Task.sleep(for: backoff.next(using: &generator))
        }
    }

    /// A new connection as soon as there is a place for one.
    private func openWhenFree() async throws -> Connection {
        while true {
            try Task.checkCancellation()
            switch open() {
            case .granted(let connection): return connection
            case .wait(let pause): try await Task.sleep(for: pause)
            }
        }
    }

    /// Gives a connection back; what it had subscribed counts on for a while.
    public func close(_ connection: Connection, at now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            guard let subscriptions = state.open.removeValue(forKey: connection.number), !subscriptions.isEmpty else { return }
            state.lost.append((now + limits.lingering, subscriptions))
        }
    }

    /// How many messages may be sent now, at most `count`; those are counted as sent.
    public func messages(_ count: Int, at now: ContinuousClock.Instant = .now) -> Int {
        state.withLock { state in
            let granted = min(count, state.messages.allowance(at: now))
            state.messages.spend(granted)
            return granted
        }
    }

    /// Gives back what ``messages(_:at:)`` granted and was not sent.
    public func unsent(_ count: Int) { state.withLock { $0.messages.spend(-count) } }

    /// Asks for the place of one subscription, and counts it until ``release(_:of:)`` or ``close(_:at:)``.
    public func admit(_ subscription: FeedSubscription, of connection: Connection, at now: ContinuousClock.Instant = .now) -> Admission {
        state.withLock { state in
            guard let own = state.open[connection.number] else { return .noChannel }
            guard !own.contains(subscription) else { return .admitted }
            state.lost.removeAll { $0.until <= now }
            let used = state.open.values.reduce(0) { $0 + $1.count }
            let lingering = state.lost.reduce(0) { $0 + $1.subscriptions.count }
            guard used < limits.plannedChannels || subscription.user != nil, used + lingering < limits.channels else { return .noChannel }
            if let user = subscription.user {
                var users: Set<String> = []
                for subscriptions in state.open.values { users.formUnion(subscriptions.lazy.compactMap(\.user)) }
                for (_, subscriptions) in state.lost { users.formUnion(subscriptions.lazy.compactMap(\.user)) }
                guard users.contains(user) || users.count < limits.users else { return .noUser }
            }
            state.open[connection.number, default: []].insert(subscription)
            return .admitted
        }
    }

    /// The exchange has acknowledged that it sends this no more, or has refused it.
    public func release(_ subscription: FeedSubscription, of connection: Connection) {
        state.withLock { state in
            // computed first: an assignment through `?.` holds the dictionary while its right side is evaluated
            guard var own = state.open[connection.number] else { return }
            own.remove(subscription)
            state.open[connection.number] = own
        }
    }

    /// Places in use, those of lost connections that still count excluded.
    public var usage: (connections: Int, channels: Int, users: Int) {
        state.withLock { state in
            let users = Set(state.open.values.joined().compactMap(\.user))
            return (state.open.count, state.open.values.reduce(0) { $0 + $1.count }, users.count)
        }
    }
}
