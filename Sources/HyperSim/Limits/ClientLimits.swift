/// What one client address may do. A number of 0 is no limit.
public struct ClientLimits: Sendable, Equatable {
    /// Weight of REST and `post` requests in a rolling minute.
    public var weightPerMinute = 0
    /// Open WebSocket connections, and new ones in a rolling minute.
    public var sockets = 0
    public var newSocketsPerMinute = 0
    public var subscriptions = 10_000
    /// Distinct users over all user subscriptions.
    public var users = 10_000
    /// Messages sent to the server in a rolling minute, over all connections.
    public var messagesPerMinute = 0
    /// `post` requests that wait for their answer, over all connections.
    public var pendingPosts = 100
    /// For so long the subscriptions of a closed connection still count.
    public var lingerMilliseconds = 0

    /// Enough for a whole fleet that shares one loopback address.
    public static let local = ClientLimits()

    /// The exchange's own (its documentation, 2026); subscriptions of a lost connection count on for a short time, here two seconds.
    public static let exchange = ClientLimits(
        weightPerMinute: 1_200, sockets: 10, newSocketsPerMinute: 30, subscriptions: 1_000, users: 10, messagesPerMinute: 2_000,
        pendingPosts: 100, lingerMilliseconds: 2_000)

    static let largest = 10_000_000

    /// - Throws: naming the limit that is out of its range.
    func validate() throws(HyperSimError) {
        let values = [
            ("weightPerMinute", weightPerMinute), ("sockets", sockets), ("newSocketsPerMinute", newSocketsPerMinute),
            ("subscriptions", subscriptions), ("users", users), ("messagesPerMinute", messagesPerMinute), ("pendingPosts", pendingPosts),
            ("lingerMilliseconds", lingerMilliseconds),
        ]
        for (name, value) in values where !(0...Self.largest).contains(value) {
            throw .configuration("limits.\(name): \(value), expected 0 to \(Self.largest)")
        }
    }
}
