/// What a ``FillFeed`` tells. Users are lower-case addresses; fills come in the order of execution.
public enum FeedEvent: Sendable, Equatable {
    /// A connection is up; every followed user is about to be subscribed, and its snapshot follows.
    case connected
    /// The exchange acknowledged the subscription of this user.
    case subscribed(String)
    /// The user's newest fills (at most 2000), sent after each subscription: history, and what a gap left out.
    case snapshot(String, [UserFill])
    /// New fills. `receivedAt`: when the frame was read, microseconds since 1970.
    case fills(String, [UserFill], receivedAt: Int64)
    /// The connection is gone, or could not be made, and why; another attempt follows by itself.
    case disconnected(String)
    /// Something was refused or could not be read; the feed goes on.
    case problem(String)
}
