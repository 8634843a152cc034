/// Whether an ingestor hears the exchange.
public struct FeedStanding: Sendable, Equatable {
    /// That it follows.
    public var leaders: Int
    /// That are up.
    public var sockets: Int
    /// Since when none is up; `nil` while one is.
    public var disconnectedSince: ContinuousClock.Instant?

    public init(leaders: Int, sockets: Int, disconnectedSince: ContinuousClock.Instant?) {
        self.leaders = leaders
        self.sockets = sockets
        self.disconnectedSince = disconnectedSince
    }
}
