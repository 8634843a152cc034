/// Whether an ingestor hears the exchange.
public struct FeedStanding: Sendable, Equatable {
    /// That it follows.
    public var leaders: Int
    /// That are up.
    public var sockets: Int
    /// Since when none is up; `nil` while one is.
    public var disconnectedSince: ContinuousClock.Instant?
    /// Leaders that fall to it and are not followed, as their cursors could not be read.
    public var unread: Int

    public init(leaders: Int, sockets: Int, disconnectedSince: ContinuousClock.Instant?, unread: Int = 0) {
        self.leaders = leaders
        self.sockets = sockets
        self.disconnectedSince = disconnectedSince
        self.unread = unread
    }
}
