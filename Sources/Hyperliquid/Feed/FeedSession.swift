import JSON

/// The protocol of one connection, without I/O: what to send, and what a received text means.
///
/// A subscription:
/// ```
/// wanted ──send──▶ asked ──ack──▶ subscribed ──no longer wanted──▶ leaving ──ack──▶ (forgotten)
///                    ├──no ack in time──▶ asked again, with a problem reported
///                    ├──too many users or channels──▶ refused ──pause──▶ asked again
///                    └──invalid──▶ invalid, until no longer wanted
/// ```
struct FeedSession {
    struct Configuration: Sendable {
        var acknowledgeWithin: Duration = .seconds(15)
        /// Before a subscription refused for lack of room is asked for again; doubles up to the longest.
        var firstRefusalPause: Duration = .seconds(5)
        var longestRefusalPause: Duration = .seconds(60)
        /// Kinds whose silence is reported, and after how long.
        var silenceAfter: [FeedSubscription.Kind: Duration] = [:]
    }

    private enum State: Equatable {
        /// `turn` counts requests, for the order in which they were sent.
        case asked(since: ContinuousClock.Instant, turn: Int, pause: Duration)
        case refused(until: ContinuousClock.Instant, pause: Duration)
        case subscribed
        case invalid
        case leaving(since: ContinuousClock.Instant)
    }

    private struct Audience: Hashable {
        let kind: FeedSubscription.Kind
        let user: String
    }

    private let configuration: Configuration
    private var wanted: Set<FeedSubscription> = []
    private var marketsLastFirst = false
    private var audience: Set<Audience> = []
    private var state: [FeedSubscription: State] = [:]
    private var turns = 0
    /// Found while sending; told with the next frame, so that events have one source.
    private var unreported: [FeedEvent] = []
    private var freed: [FeedSubscription] = []
    private var silence = SilenceWatch()
    private var isOutOfRoom = false
    /// That there is no room is told once, until there is some again.
    private var isRoomReported = false

    init(_ wanted: Set<FeedSubscription>, _ configuration: Configuration = Configuration(), marketsLastFirst: Bool = false) {
        self.configuration = configuration
        want(wanted, marketsLastFirst: marketsLastFirst)
    }

    /// - Parameters:
    ///   - wanted: in normalised form.
    ///   - marketsLastFirst: market data is asked for from the last to the first.
    mutating func want(_ wanted: Set<FeedSubscription>, marketsLastFirst: Bool = false) {
        self.wanted = wanted
        self.marketsLastFirst = marketsLastFirst
        audience = Set(wanted.compactMap { subscription in subscription.user.map { Audience(kind: subscription.kind, user: $0) } })
    }

    /// Whether something waits to be told with the next frame.
    var hasUnreported: Bool { !unreported.isEmpty }

    /// Subscriptions that no longer hold a place since this was last asked.
    mutating func takeFreed() -> [FeedSubscription] {
        defer { freed.removeAll() }
        return freed
    }

    /// The requests that are due, at most `limit`: those of users first. Call it after every change and from time to time.
    /// - Parameter admit: whether a subscription that is asked for has its place.
    mutating func due(
        at now: ContinuousClock.Instant, limit: Int, admit: (FeedSubscription) -> ConnectionBudget.Admission = { _ in .admitted }
    ) -> [String] {
        var requests: [String] = []
        for subscription in inOrder(state.keys.filter { !wanted.contains($0) }) where requests.count < limit {
            if leave(subscription, now) { requests.append(subscription.request("unsubscribe")) }
        }
        isOutOfRoom = false
        for subscription in inOrder(wanted.filter { isDue($0, now) }) where requests.count < limit && !isOutOfRoom {
            if ask(subscription, now, admit) { requests.append(subscription.request("subscribe")) }
        }
        if isOutOfRoom, !isRoomReported {
            let leftOut = wanted.filter { isDue($0, now) }
            unreported.append(.refused(leftOut, .tooManyChannels("our own limit of channels is reached")))
        }
        // as long as not all that is due was looked at, nothing new is known of the room
        if isOutOfRoom || requests.count < limit { isRoomReported = isOutOfRoom }
        unreported += silence.overdue(at: now, limits: configuration.silenceAfter)
        return requests
    }

    private func inOrder(_ subscriptions: some Sequence<FeedSubscription>) -> [FeedSubscription] {
        let sorted = subscriptions.map { (text: $0.description, subscription: $0) }.sorted { $0.text < $1.text }.map(\.subscription)
        let markets = sorted.filter { $0.user == nil }
        return sorted.filter { $0.user != nil } + (marketsLastFirst ? markets.reversed() : markets)
    }

    private mutating func leave(_ subscription: FeedSubscription, _ now: ContinuousClock.Instant) -> Bool {
        switch state[subscription] {
        case nil: return false
        case .invalid?, .refused?:
            forget(subscription)
            return false
        case .leaving(let since)?:
            guard now - since >= configuration.acknowledgeWithin else { return false }
            unreported.append(.problem("the end of \(subscription) is not acknowledged, asking again"))
        case .asked?, .subscribed?: break
        }
        state[subscription] = .leaving(since: now)
        return true
    }

    private mutating func forget(_ subscription: FeedSubscription) {
        state[subscription] = nil
        freed.append(subscription)
        if !state.keys.contains(where: { $0.kind == subscription.kind }) { silence.forget(subscription.kind) }
    }

    private func isDue(_ subscription: FeedSubscription, _ now: ContinuousClock.Instant) -> Bool {
        switch state[subscription] {
        case nil: true
        case .asked(let since, _, _)?: now - since >= configuration.acknowledgeWithin
        case .refused(let until, _)?: now >= until
        // One that is leaving is asked for when it has left, or when nothing was heard of that.
        case .leaving(let since)?: now - since >= configuration.acknowledgeWithin
        case .subscribed?, .invalid?: false
        }
    }

    private mutating func ask(
        _ subscription: FeedSubscription, _ now: ContinuousClock.Instant, _ admit: (FeedSubscription) -> ConnectionBudget.Admission
    ) -> Bool {
        var pause = configuration.firstRefusalPause
        switch state[subscription] {
        case .asked(_, _, let last)?:
            pause = last
            unreported.append(.problem("subscription \(subscription) is not acknowledged, asking again"))
        case .refused(_, let last)?: pause = last
        default: break
        }
        switch admit(subscription) {
        case .admitted: break
        case .noChannel:
            isOutOfRoom = true
            return false
        case .noUser:
            refuse(subscription, now, pause)
            unreported.append(.refused([subscription], .tooManyUsers("our own limit of followed users is reached")))
            return false
        }
        turns += 1
        state[subscription] = .asked(since: now, turn: turns, pause: pause)
        return true
    }

    private mutating func refuse(_ subscription: FeedSubscription, _ now: ContinuousClock.Instant, _ pause: Duration) {
        state[subscription] = .refused(until: now + pause, pause: min(pause * 2, configuration.longestRefusalPause))
    }

    /// A frame of this kind arrived and is dropped undecoded.
    mutating func heard(_ kind: FeedSubscription.Kind, at now: ContinuousClock.Instant) { silence.heard(kind, at: now) }

    /// As ``SilenceWatch/last(_:)``.
    func lastHeard(_ kind: FeedSubscription.Kind) -> ContinuousClock.Instant? { silence.last(kind) }

    /// - Parameter receivedAt: microseconds since 1970.
    mutating func receive(_ text: [UInt8], receivedAt: Int64, at now: ContinuousClock.Instant) -> [FeedEvent] {
        guard !unreported.isEmpty else { return events(of: text, receivedAt: receivedAt, now) }
        defer { unreported.removeAll() }
        return unreported + events(of: text, receivedAt: receivedAt, now)
    }

    private mutating func events(of text: [UInt8], receivedAt: Int64, _ now: ContinuousClock.Instant) -> [FeedEvent] {
        let json: JSON
        do {
            json = try JSON.parse(text)
        } catch {
            // The server greets in plain text: "Websocket connection established."
            if text.starts(with: "Websocket connection established".utf8) { return [] }
            return [.problem("a frame is not JSON: \(Self.excerpt(text))")]
        }
        do {
            switch json["channel"] {
            case "subscriptionResponse": return try acknowledgement(json.field("data"), now)
            case "error": return refusal(try json.string("data"), now)
            case "pong": return []
            case .string(let channel)?: return try data(json, channel: channel, text, receivedAt, now)
            default: return [.problem("a frame names no channel: \(Self.excerpt(text))")]
            }
        } catch let fault as FeedFault {
            return [.problem("a frame cannot be read: \(fault): \(Self.excerpt(text))")]
        } catch {
            return [.problem("a frame cannot be read: \(error): \(Self.excerpt(text))")]
        }
    }

    private static func excerpt(_ text: [UInt8]) -> String { String(decoding: text.prefix(100), as: UTF8.self) }

    // MARK: - Data

    private mutating func data(
        _ json: JSON, channel: String, _ text: [UInt8], _ receivedAt: Int64, _ now: ContinuousClock.Instant
    ) throws(FeedFault) -> [FeedEvent] {
        let kind = FeedSubscription.Kind(channel: channel)
        if let kind { silence.heard(kind, at: now) }
        var leftOut: [FeedFault] = []
        let message = try FeedMessage(json: json, leftOut: &leftOut)
        let named = kind.map { name(message, $0) } ?? message
        // One that was unsubscribed a moment ago.
        if let kind, let user = named.user, !audience.contains(Audience(kind: kind, user: user)) { return [] }
        return leftOut.map { .problem("an element cannot be read and is left out: \($0)") } + [.message(named, frame: text, receivedAt: receivedAt)]
    }

    /// Adds the user to what does not name one, when there is only one it can be.
    private func name(_ message: FeedMessage, _ kind: FeedSubscription.Kind) -> FeedMessage {
        switch message {
        case .orderUpdates(nil, let updates): .orderUpdates(user: onlyUser(of: kind), updates)
        case .userEvent(nil, let event): .userEvent(user: onlyUser(of: kind), event)
        default: message
        }
    }

    private func onlyUser(of kind: FeedSubscription.Kind) -> String? {
        let users = audience.filter { $0.kind == kind }
        return users.count == 1 ? users.first?.user : nil
    }

    // MARK: - Answers

    private mutating func acknowledgement(_ data: JSON, _ now: ContinuousClock.Instant) throws(JSONError) -> [FeedEvent] {
        let echo = try data.field("subscription")
        return try data.string("method") == "subscribe" ? acknowledge(echo, now) : acknowledgeEnd(echo)
    }

    private mutating func acknowledge(_ echo: JSON, _ now: ContinuousClock.Instant) -> [FeedEvent] {
        guard let subscription = FeedSubscription(echo: echo) else { return [] }
        switch state[subscription] {
        case .asked?, .refused?:
            state[subscription] = .subscribed
            silence.began(subscription.kind, at: now)
            return [.subscribed(subscription)]
        case nil, .subscribed?, .invalid?, .leaving?: return []
        }
    }

    private mutating func acknowledgeEnd(_ echo: JSON) -> [FeedEvent] {
        guard let subscription = FeedSubscription(echo: echo), case .leaving? = state[subscription] else { return [] }
        forget(subscription)
        return [.unsubscribed(subscription)]
    }

    private mutating func refusal(_ text: String, _ now: ContinuousClock.Instant) -> [FeedEvent] {
        switch FeedErrorText(text) {
        case .alreadySubscribed(let echo): return acknowledge(echo, now)
        case .alreadyUnsubscribed(let echo): return acknowledgeEnd(echo)
        case .invalidSubscription(let echo): return invalid(echo, text)
        case .unreadableRequest(let request): return request?["subscription"].map { invalid($0, text) } ?? [.problem(text)]
        case .tooManyUsers: return refuse(text, now, FeedRefusal.tooManyUsers) { $0.user != nil }
        case .tooManyChannels: return refuse(text, now, FeedRefusal.tooManyChannels) { _ in true }
        case .tooManyPosts, .other: return [.problem(text)]
        }
    }

    private mutating func invalid(_ echo: JSON, _ text: String) -> [FeedEvent] {
        guard let subscription = FeedSubscription(echo: echo), state[subscription] != nil else { return [.problem(text)] }
        state[subscription] = .invalid
        freed.append(subscription)
        return [.refused([subscription], .invalid(text))]
    }

    /// The text does not say which one. The exchange answers in order, so it is the one asked for first; were it not, it would be
    /// acknowledged all the same, and the other one be overdue and asked for again.
    private mutating func refuse(
        _ text: String, _ now: ContinuousClock.Instant, _ refusal: (String) -> FeedRefusal, among: (FeedSubscription) -> Bool
    ) -> [FeedEvent] {
        var pending: Set<FeedSubscription> = []
        var first: (turn: Int, subscription: FeedSubscription, pause: Duration)?
        for (subscription, state) in state where among(subscription) {
            guard case .asked(_, let turn, let pause) = state else { continue }
            pending.insert(subscription)
            if turn < first?.turn ?? .max { first = (turn, subscription, pause) }
        }
        guard let first else { return [.problem(text)] }
        refuse(first.subscription, now, first.pause)
        return [.refused(pending, refusal(text))]
    }
}
