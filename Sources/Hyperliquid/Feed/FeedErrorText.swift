import JSON

/// The texts of `{"channel":"error","data":"…"}`.
enum FeedErrorText: Equatable {
    /// With the subscription it speaks of.
    case alreadySubscribed(JSON)
    case alreadyUnsubscribed(JSON)
    case invalidSubscription(JSON)
    /// The request was not understood; also for an unknown kind of subscription.
    case unreadableRequest(String)
    /// The address follows as many users as it may, over all its connections.
    case tooManyUsers(String)
    /// The address has as many subscriptions as it may; those of a lost connection count on for a while.
    case tooManyChannels(String)
    case other(String)

    init(_ text: String) {
        if let json = Self.json(in: text, after: "Already subscribed: ") {
            self = .alreadySubscribed(json)
        } else if let json = Self.json(in: text, after: "Already unsubscribed: ") {
            self = .alreadyUnsubscribed(json)
        } else if let json = Self.json(in: text, after: "Invalid subscription ") {
            self = .invalidSubscription(json)
        } else if text.hasPrefix("Error parsing JSON") {
            self = .unreadableRequest(text)
        } else if text.hasPrefix("Cannot track more than") {
            self = .tooManyUsers(text)
        } else if text.hasPrefix("Cannot subscribe to more than") {
            self = .tooManyChannels(text)
        } else {
            self = .other(text)
        }
    }

    private static func json(in text: String, after prefix: String) -> JSON? {
        text.hasPrefix(prefix) ? try? JSON.parse(String(text.dropFirst(prefix.count))) : nil
    }
}
