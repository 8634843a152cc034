/// Who subscribed to what, and the limits on it, which the exchange counts per client address.
final class SubscriptionHub {
    private let maximumUsers: Int
    private let maximumSubscriptions: Int
    private var listeners: [Subscription: [WebSocketConnection]] = [:]
    private var clients: [String: Use] = [:]

    private struct Use {
        var subscriptions = 0
        /// Subscriptions per user.
        var users: [String: Int] = [:]
    }

    init(maximumUsers: Int, maximumSubscriptions: Int) {
        self.maximumUsers = maximumUsers
        self.maximumSubscriptions = maximumSubscriptions
    }

    /// - Returns: the exchange's text when it refuses, otherwise `nil`.
    func add(_ subscription: Subscription, _ connection: WebSocketConnection) -> String? {
        guard !connection.subscriptions.contains(subscription) else { return "Already subscribed: \(subscription.json.text())" }
        var use = clients[connection.client] ?? Use()
        guard use.subscriptions < maximumSubscriptions else { return "Cannot subscribe to more than \(maximumSubscriptions) channels." }
        if let user = subscription.user {
            guard use.users[user] != nil || use.users.count < maximumUsers else {
                return "Cannot track more than \(maximumUsers) total users."
            }
            use.users[user, default: 0] += 1
        }
        use.subscriptions += 1
        clients[connection.client] = use
        connection.subscriptions.insert(subscription)
        listeners[subscription, default: []].append(connection)
        return nil
    }

    /// - Returns: the exchange's text when there is nothing to remove, otherwise `nil`.
    func remove(_ subscription: Subscription, _ connection: WebSocketConnection) -> String? {
        guard connection.subscriptions.remove(subscription) != nil else { return "Already unsubscribed: \(subscription.json.text())" }
        listeners[subscription]?.removeAll { $0 === connection }
        if listeners[subscription]?.isEmpty == true { listeners[subscription] = nil }
        release(subscription, of: connection.client)
        return nil
    }

    /// Forgets a closed connection.
    func removeAll(of connection: WebSocketConnection) {
        for subscription in connection.subscriptions { _ = remove(subscription, connection) }
    }

    func listeners(to subscription: Subscription) -> [WebSocketConnection] { listeners[subscription] ?? [] }

    /// Every subscription somebody has.
    var active: Dictionary<Subscription, [WebSocketConnection]>.Keys { listeners.keys }

    var isEmpty: Bool { listeners.isEmpty }

    private func release(_ subscription: Subscription, of client: String) {
        guard var use = clients[client] else { return }
        use.subscriptions -= 1
        if let user = subscription.user, let count = use.users[user] { use.users[user] = count > 1 ? count - 1 : nil }
        clients[client] = use.subscriptions > 0 ? use : nil
    }
}
