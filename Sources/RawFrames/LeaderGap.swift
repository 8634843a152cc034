import CopyTrading

/// Something a leader did that ingestion could not see, or would not trade: declared, never silent.
public struct LeaderGap: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        /// The leader's history does not hold the fills between two known positions.
        case fillsMissing = "fills_missing"
        /// The position rebuilt from public trades was not the one that the exchange gave.
        case positionDiffers = "position_differs"
        /// History since the last known fill is longer than is read, or reaches back less far.
        case historyTooLong = "history_too_long"
        /// Public trades were not heard for a time; the leader's positions were the same before and after it.
        case unheard
        /// The leader's positions had not been checked for too long; its entries were not traded.
        case unverified
        /// Redis was so full that what it had left was kept for exits; entries were not traded.
        case overload
        /// A fill that contradicts itself or an earlier delivery of it.
        case quarantined
    }

    public enum Handling: String, Sendable, CaseIterable {
        /// The position found is truth now; exposure that was given up is mirrored, exposure that was gained is not.
        case resynchronised
        /// What was traded came to nothing; nothing was done.
        case cameToNothing = "came_to_nothing"
        /// Entry legs were dropped; exits were traded.
        case entriesDropped = "entries_dropped"
        /// The fill was left out.
        case leftOut = "left_out"
    }

    public var influencer: InfluencerID
    /// `nil`: all of the leader's.
    public var coin: Coin?
    /// Exchange times, milliseconds since 1970.
    public var from: Int64
    public var to: Int64
    /// The position that was known, and the one that was found.
    public var expected: Size?
    public var found: Size?
    public var reason: Reason
    public var handling: Handling

    public init(
        influencer: InfluencerID, coin: Coin?, from: Int64, to: Int64, expected: Size? = nil, found: Size? = nil, reason: Reason,
        handling: Handling
    ) {
        self.influencer = influencer
        self.coin = coin
        self.from = from
        self.to = to
        self.expected = expected
        self.found = found
        self.reason = reason
        self.handling = handling
    }
}
