import JSON

/// The texts of `{"channel":"error","data":"…"}`.
enum FeedErrorText: Equatable {
    /// With the subscription it speaks of.
    case alreadySubscribed(JSON)
    case alreadyUnsubscribed(JSON)
    case invalidSubscription(JSON)
    /// The request was not understood; also for an unknown kind of subscription. With the request, if it is JSON.
    case unreadableRequest(JSON?)
    /// The address follows as many users as it may, over all its connections.
    case tooManyUsers(String)
    /// The address has as many subscriptions as it may; those of a lost connection count on for a while.
    case tooManyChannels(String)
    /// The `post` request with this id was not taken, as too many wait for their answers.
    case tooManyPosts(id: UInt64)
    case other(String)

    init(_ text: String) {
        if let json = Self.json(in: text, after: "Already subscribed: ") {
            self = .alreadySubscribed(json)
        } else if let json = Self.json(in: text, after: "Already unsubscribed: ") {
            self = .alreadyUnsubscribed(json)
        } else if let json = Self.json(in: text, after: "Invalid subscription ") {
            self = .invalidSubscription(json)
        } else if text.hasPrefix("Error parsing JSON") {
            self = .unreadableRequest(Self.json(in: text, after: "Error parsing JSON into valid websocket request: "))
        } else if text.hasPrefix("Cannot track more than") {
            self = .tooManyUsers(text)
        } else if text.hasPrefix("Cannot subscribe to more than") {
            self = .tooManyChannels(text)
        } else if let id = Self.number(in: text, after: "too many pending post requests id=") {
            self = .tooManyPosts(id: id)
        } else {
            self = .other(text)
        }
    }

    private static func number(in text: String, after prefix: String) -> UInt64? {
        text.hasPrefix(prefix) ? UInt64(text.dropFirst(prefix.count)) : nil
    }

    private static func json(in text: String, after prefix: String) -> JSON? {
        text.hasPrefix(prefix) ? try? JSON.parse(String(text.dropFirst(prefix.count))) : nil
    }
}
