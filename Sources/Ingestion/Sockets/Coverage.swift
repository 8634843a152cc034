import Hyperliquid

/// Which subscriptions are live on which sockets. One is covered while at least one socket has it: the loss of another is no gap.
struct Coverage: Sendable {
    private var live: [FeedSubscription: Set<Int>] = [:]

    /// - Returns: whether it was not covered before.
    mutating func subscribed(_ subscription: FeedSubscription, socket: Int) -> Bool {
        let wasCovered = covers(subscription)
        live[subscription, default: []].insert(socket)
        return !wasCovered
    }

    /// The exchange has ended it, or refused it.
    /// - Returns: whether it was covered, and is no longer.
    mutating func ended(_ subscription: FeedSubscription, socket: Int) -> Bool {
        guard var sockets = live[subscription], sockets.remove(socket) != nil else { return false }
        live[subscription] = sockets.isEmpty ? nil : sockets
        return sockets.isEmpty
    }

    /// A connection is gone.
    /// - Returns: what is covered no longer.
    mutating func lost(socket: Int) -> [FeedSubscription] {
        live.keys.filter { live[$0]!.contains(socket) }.filter { ended($0, socket: socket) }
    }

    func covers(_ subscription: FeedSubscription) -> Bool { live[subscription] != nil }
    func sockets(_ subscription: FeedSubscription) -> Set<Int> { live[subscription] ?? [] }
}
