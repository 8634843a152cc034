/// Who subscribed to what.
final class SubscriptionHub {
    private var listeners: [Subscription: [WebSocketConnection]] = [:]

    /// - Returns: the exchange's text when it refuses, otherwise `nil`.
    func add(_ subscription: Subscription, _ connection: WebSocketConnection) -> String? {
        guard !connection.subscriptions.contains(subscription) else { return "Already subscribed: \(subscription.json.text())" }
        if let refusal = connection.use.add(subscription) { return refusal }
        connection.subscriptions.insert(subscription)
        listeners[subscription, default: []].append(connection)
        return nil
    }

    /// - Returns: the exchange's text when there is nothing to remove, otherwise `nil`.
    func remove(_ subscription: Subscription, _ connection: WebSocketConnection) -> String? {
        guard connection.subscriptions.remove(subscription) != nil else { return "Already unsubscribed: \(subscription.json.text())" }
        forget(subscription, connection)
        connection.use.remove(subscription)
        return nil
    }

    /// Forgets a closed connection.
    /// - Returns: its subscriptions, which still count for its address.
    func removeAll(of connection: WebSocketConnection) -> Set<Subscription> {
        let subscriptions = connection.subscriptions
        connection.subscriptions.removeAll()
        for subscription in subscriptions { forget(subscription, connection) }
        return subscriptions
    }

    func listeners(to subscription: Subscription) -> [WebSocketConnection] { listeners[subscription] ?? [] }

    /// Every subscription somebody has.
    var active: Dictionary<Subscription, [WebSocketConnection]>.Keys { listeners.keys }

    var isEmpty: Bool { listeners.isEmpty }

    private func forget(_ subscription: Subscription, _ connection: WebSocketConnection) {
        listeners[subscription]?.removeAll { $0 === connection }
        if listeners[subscription]?.isEmpty == true { listeners[subscription] = nil }
    }
}
