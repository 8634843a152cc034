/// What one client address uses of its ``ClientLimits``.
final class ClientUse {
    let limits: ClientLimits
    private var weight = RollingMinute()
    private var messages = RollingMinute()
    private var newSockets = RollingMinute()
    private(set) var sockets = 0
    private(set) var subscriptions = 0
    private(set) var pendingPosts = 0
    /// Subscriptions per user.
    private var users: [String: Int] = [:]

    init(limits: ClientLimits) { self.limits = limits }

    /// - Returns: whether a request of this weight may be carried out.
    func take(weight amount: Int, now: Int64) -> Bool { weight.take(amount, limit: limits.weightPerMinute, now: now) }

    /// What an answer turned out to weigh beyond its request.
    func charge(weight amount: Int, now: Int64) { weight.charge(amount, now: now) }

    func takeMessage(now: Int64) -> Bool { messages.take(1, limit: limits.messagesPerMinute, now: now) }

    func openSocket(now: Int64) -> Bool {
        guard limits.sockets == 0 || sockets < limits.sockets, newSockets.take(1, limit: limits.newSocketsPerMinute, now: now) else {
            return false
        }
        sockets += 1
        return true
    }

    func closeSocket() { sockets -= 1 }

    func beginPost() -> Bool {
        guard limits.pendingPosts == 0 || pendingPosts < limits.pendingPosts else { return false }
        pendingPosts += 1
        return true
    }

    func endPost() { pendingPosts -= 1 }

    /// - Returns: the exchange's text when it refuses, otherwise `nil`.
    func add(_ subscription: Subscription) -> String? {
        guard limits.subscriptions == 0 || subscriptions < limits.subscriptions else {
            return "Cannot subscribe to more than \(limits.subscriptions) channels."
        }
        if let user = subscription.user {
            guard limits.users == 0 || users[user] != nil || users.count < limits.users else {
                return "Cannot track more than \(limits.users) total users."
            }
            users[user, default: 0] += 1
        }
        subscriptions += 1
        return nil
    }

    func remove(_ subscription: Subscription) {
        subscriptions -= 1
        if let user = subscription.user, let count = users[user] { users[user] = count > 1 ? count - 1 : nil }
    }

    var isIdle: Bool { sockets == 0 && subscriptions == 0 && pendingPosts == 0 }
}

/// Every client by its address: the remote one, whatever headers say. Several clients on one machine are told apart by connecting from
/// 127.0.0.2, 127.0.0.3 and so on.
final class Clients {
    /// With more addresses than this the idle ones are forgotten.
    static let maximumAddresses = 10_000

    private let limits: ClientLimits
    private var uses: [String: ClientUse] = [:]

    init(limits: ClientLimits) { self.limits = limits }

    func use(of address: String) -> ClientUse {
        if let use = uses[address] { return use }
        if uses.count >= Self.maximumAddresses { uses = uses.filter { !$0.value.isIdle } }
        let use = ClientUse(limits: limits)
        uses[address] = use
        return use
    }
}
