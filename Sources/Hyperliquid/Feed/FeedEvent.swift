/// What an ``ExchangeFeed`` tells.
public enum FeedEvent: Sendable, Equatable {
    /// A connection is up; everything wanted is about to be subscribed.
    case connected
    /// The exchange acknowledged this subscription.
    case subscribed(FeedSubscription)
    /// The exchange acknowledged that it sends this no more; its place is free.
    case unsubscribed(FeedSubscription)
    /// The exchange refused one of these or all; see ``FeedRefusal`` for what becomes of them.
    case refused(Set<FeedSubscription>, FeedRefusal)
    /// A frame's data.
    /// - frame: the text as received.
    /// - receivedAt: when it was read from the socket, microseconds since 1970.
    case message(FeedMessage, frame: [UInt8], receivedAt: Int64)
    /// Nothing of this kind has arrived for so long although it is subscribed; told again when as much has passed once more.
    case silent(FeedSubscription.Kind, for: Duration)
    /// The connection is gone, or could not be made, and why; another attempt follows by itself.
    case disconnected(String)
    /// Something could not be read or is overdue; the feed goes on.
    case problem(String)
}

/// Why a subscription was refused.
public enum FeedRefusal: Sendable, Equatable, CustomStringConvertible {
    /// As many users are followed as may be, over all connections of our address. The exchange does not say whose subscription it
    /// refused: it is among those that are not acknowledged. Asked for again with growing pauses while it stays wanted.
    case tooManyUsers(String)
    /// As many channels as may be; those of a lost connection count on for a while. Asked for again with growing pauses.
    case tooManyChannels(String)
    /// Refused for good: not asked for again.
    case invalid(String)

    /// The exchange's words, or our own budget's.
    public var description: String {
        switch self {
        case .tooManyUsers(let text), .tooManyChannels(let text), .invalid(let text): text
        }
    }
}
