/// What a feed has seen since it was made.
public struct FeedStatistics: Sendable, Equatable {
    /// Text frames, those dropped included.
    public var frames = 0
    /// Of their texts.
    public var bytes = 0
    /// Frames of trades in which no followed address takes part: dropped undecoded.
    public var filtered = 0
    /// Frames of trades whose shape the filter does not know: decoded.
    public var undecided = 0
    /// Connections that were made.
    public var connects = 0
    /// Of those, given up because nothing arrived.
    public var staleReplacements = 0

    public init() {}
}
