import JSON

/// The protocol of one connection, without I/O: what to send, and what a received text means.
///
/// A user's subscription:
/// ```
/// wanted ──send──▶ asked ──ack──▶ subscribed ──no longer wanted──▶ (unsubscribe sent, forgotten)
///                    └──no ack in time──▶ asked again, with a problem reported
/// ```
struct FeedSession {
    private enum Subscription: Equatable {
        case asked(since: ContinuousClock.Instant)
        case subscribed
        /// Refused for good; asking again would be refused again.
        case invalid
    }

    private let acknowledgeWithin: Duration
    private var wanted: Set<FeedSubscription>
    private var state: [FeedSubscription: Subscription] = [:]
    /// Found while sending; told with the next frame, so that events have one source.
    private var unreported: [FeedEvent] = []

    init(users: Set<String>, acknowledgeWithin: Duration) {
        wanted = Set(users.map(FeedSubscription.init(user:)))
        self.acknowledgeWithin = acknowledgeWithin
    }

    mutating func want(_ users: Set<String>) { wanted = Set(users.map(FeedSubscription.init(user:))) }

    /// The requests that are due, at most `limit`. Call it after every change and from time to time.
    mutating func due(at now: ContinuousClock.Instant, limit: Int) -> [String] {
        var requests: [String] = []
        for subscription in state.keys.filter({ !wanted.contains($0) }).sorted(by: { $0.user < $1.user }) where requests.count < limit {
            if state.removeValue(forKey: subscription) != .invalid { requests.append(subscription.request("unsubscribe")) }
        }
        for subscription in wanted.sorted(by: { $0.user < $1.user }) where requests.count < limit {
            switch state[subscription] {
            case nil: break
            case .asked(let since)? where now - since >= acknowledgeWithin:
                unreported.append(.problem("subscription to the fills of \(subscription.user) is not acknowledged, asking again"))
            case .asked?, .subscribed?, .invalid?: continue
            }
            state[subscription] = .asked(since: now)
            requests.append(subscription.request("subscribe"))
        }
        return requests
    }

    /// - Parameter receivedAt: microseconds since 1970.
    mutating func receive(_ text: [UInt8], receivedAt: Int64) -> [FeedEvent] {
        defer { unreported.removeAll() }
        return unreported + events(of: text, receivedAt: receivedAt)
    }

    private mutating func events(of text: [UInt8], receivedAt: Int64) -> [FeedEvent] {
        let message: JSON
        do {
            message = try JSON.parse(text)
        } catch {
            // The server greets in plain text: "Websocket connection established."
            if text.starts(with: "Websocket connection established".utf8) { return [] }
            return [.problem("a frame is not JSON: \(String(decoding: text.prefix(100), as: UTF8.self))")]
        }
        do {
            switch message["channel"] {
            case "userFills": return try fills(message.field("data"), receivedAt: receivedAt)
            case "subscriptionResponse": return try acknowledgement(message.field("data"))
            case "error": return try refusal(message.string("data"))
            // Pongs, and channels that were not asked for.
            default: return []
            }
        } catch {
            return [.problem("a frame cannot be read: \(error): \(String(decoding: text.prefix(100), as: UTF8.self))")]
        }
    }

    private func fills(_ data: JSON, receivedAt: Int64) throws(JSONError) -> [FeedEvent] {
        let user = try data.string("user").lowercased()
        // One that was unsubscribed a moment ago.
        guard wanted.contains(FeedSubscription(user: user)) else { return [] }
        var fills: [UserFill] = []
        var events: [FeedEvent] = []
        for (index, fill) in try data.array("fills").enumerated() {
            do {
                fills.append(try UserFill(json: fill))
            } catch {
                events.append(.problem("fill \(index) of \(user) cannot be read and is left out: \(error): \(fill.text())"))
            }
        }
        fills = UserFill.inOrderOfExecution(fills)
        events.append(data["isSnapshot"] == true ? .snapshot(user, fills) : .fills(user, fills, receivedAt: receivedAt))
        return events
    }

    private mutating func acknowledgement(_ data: JSON) throws(JSONError) -> [FeedEvent] {
        guard try data.string("method") == "subscribe" else { return [] }
        return acknowledge(try data.field("subscription"))
    }

    private mutating func acknowledge(_ echo: JSON) -> [FeedEvent] {
        guard let subscription = FeedSubscription(echo: echo), wanted.contains(subscription), state[subscription] != .subscribed
        else { return [] }
        state[subscription] = .subscribed
        return [.subscribed(subscription.user)]
    }

    private mutating func refusal(_ text: String) -> [FeedEvent] {
        switch FeedErrorText(text) {
        case .alreadySubscribed(let echo): return acknowledge(echo)
        case .alreadyUnsubscribed: return []
        case .invalidSubscription(let echo):
            if let subscription = FeedSubscription(echo: echo) { state[subscription] = .invalid }
            return [.problem(text)]
        // The texts do not say which user: whoever is not acknowledged is asked for again in time.
        case .unreadableRequest, .tooManyUsers, .tooManyChannels, .other: return [.problem(text)]
        }
    }
}
