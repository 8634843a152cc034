import JSON

/// One order to be placed: what the planner emits and a worker executes.
///
/// An entry carries its size. An exit carries the share of the position to give up instead, because what the subscriber holds is
/// known only once the orders before it in the lane are settled.
public struct ExecutionJob: Sendable, Equatable {
    public var id: JobID
    /// Of a job that a worker made by itself; it has no request, and its signal is the one that opened the position.
    public var origin: JobOrigin?
    public var request: RequestID
    public var signal: SignalID
    public var subscription: SubscriptionID
    public var subscriber: SubscriberID
    public var account: AccountID
    public var influencer: InfluencerID
    public var coin: Coin
    public var action: Action
    /// The side of the subscriber's order.
    public var side: Side
    public var quantity: Quantity
    /// Limit of an entry, rounded to the exchange's tick. Exits are priced when they are sent.
    public var limit: Price?
    /// The leader's average price, the reference for slippage.
    public var referencePrice: Price
    /// Exchange time after which an entry must not be sent, milliseconds; `nil` for exits, which never expire.
    public var expiresAt: Int64?
    /// Largest notional this position may reach, copied from the subscription.
    public var maximumPositionNotional: Notional?
    /// Exchange time of the leader's last fill, milliseconds.
    public var leaderFillTime: Int64
    /// Frame received, microseconds since 1970.
    public var receivedAt: Int64
    /// Identifies the position's life: the signal that opened it.
    public var lifecycle: SignalID?
    /// Of an entry.
    public var terms: EntryTerms?
    /// How the account is shared by several subscriptions.
    public var sharing: AccountSharing
    /// Of an exit: whether it closes a position that the subscriber traded by hand, too.
    public var closesManual: Bool
    /// Each gate that changed the size, in their order.
    public var clips: [Clip]
    /// For people.
    public var detail: String?
    /// As of the request; `nil` for what no request led to.
    public var place: FanoutPlace?
    /// Of an entry that is not to be sent, unless it was already: Redis has been lost since.
    public var refusal: Refusal?
    /// ``DecisionRecord/json``. Carried unread: a worker that knows less than the planner still carries the job out.
    public var decision: JSON?

    /// Why an entry ends when the exchange knows no order of it.
    public struct Refusal: Sendable, Equatable {
        public var outcome: Outcome
        public var detail: String

        public init(_ outcome: Outcome, _ detail: String) {
            self.outcome = outcome
            self.detail = detail
        }
    }

    public enum Quantity: Sendable, Equatable {
        /// Coins, unsigned. In whole lots, except what may be accumulated.
        case size(Size)
        /// Share of the position to give up, 0 < share ≤ 1.
        case share(Ratio)
    }

    public init(
        id: JobID, request: RequestID, signal: SignalID, subscription: SubscriptionID, subscriber: SubscriberID, account: AccountID,
        influencer: InfluencerID, coin: Coin, action: Action, side: Side, quantity: Quantity, limit: Price?, referencePrice: Price,
        expiresAt: Int64?, maximumPositionNotional: Notional?, leaderFillTime: Int64, receivedAt: Int64, lifecycle: SignalID?,
        terms: EntryTerms? = nil, sharing: AccountSharing = .lock, closesManual: Bool = true, clips: [Clip] = [], detail: String? = nil,
        origin: JobOrigin? = nil, place: FanoutPlace? = nil, refusal: Refusal? = nil, decision: JSON? = nil
    ) {
        self.id = id
        self.request = request
        self.signal = signal
        self.subscription = subscription
        self.subscriber = subscriber
        self.account = account
        self.influencer = influencer
        self.coin = coin
        self.action = action
        self.side = side
        self.quantity = quantity
        self.limit = limit
        self.referencePrice = referencePrice
        self.expiresAt = expiresAt
        self.maximumPositionNotional = maximumPositionNotional
        self.leaderFillTime = leaderFillTime
        self.receivedAt = receivedAt
        self.lifecycle = lifecycle
        self.terms = terms
        self.sharing = sharing
        self.closesManual = closesManual
        self.clips = clips
        self.detail = detail
        self.origin = origin
        self.place = place
        self.refusal = refusal
        self.decision = decision
    }
}

extension ExecutionJob {
    /// The `data` field of an entry of `execution_jobs`.
    public var json: JSON {
        var members: [(String, JSON)] = [
            ("id", .string(id.text)), ("request", origin == nil ? .string(request.text) : .null), ("signal", .string(signal.text)),
            ("subscription", .string(subscription.text)), ("subscriber", .string(subscriber.text)), ("account", .string(account.text)),
            ("influencer", .string(influencer.text)), ("coin", .string(coin.text)), ("action", .string(action.rawValue)),
            ("side", .string(side.rawValue)),
        ]
        switch quantity {
        case .size(let size): members.append(("sz", .string("\(size)")))
        case .share(let share): members.append(("share", .string("\(share)")))
        }
        members += [
            ("limitPx", .string(orNull: limit?.description)), ("refPx", .string("\(referencePrice)")),
            ("expiresMs", expiresAt.map { .integer($0) } ?? .null),
            ("maxPositionNtl", .string(orNull: maximumPositionNotional?.description)), ("leaderFillMs", .integer(leaderFillTime)),
            ("receivedUs", .integer(receivedAt)), ("lifecycle", .string(orNull: lifecycle?.text)), ("terms", terms?.json ?? .null),
            ("sharing", .string(sharing.rawValue)), ("closesManual", .bool(closesManual)), ("clips", clips.json), ("detail", .string(orNull: detail)),
        ]
        if let origin { members.append(("origin", .string(origin.rawValue))) }
        if let place { members += place.members }
        if let refusal { members.append(("refused", ["outcome": .string(refusal.outcome.rawValue), "detail": .string(refusal.detail)])) }
        if let decision { members.append(("decision", decision)) }
        return members.present.asObject
    }

    public init(json: JSON) throws(JSONError) {
        let quantity: Quantity
        if let share = try json.maybe("share", { value throws(JSONError) in try value.asString() }) {
            do { quantity = .share(try Ratio(exactly: share)) } catch { throw JSONError(path: "share", problem: error.description) }
        } else {
            quantity = .size(try json.decimal("sz"))
        }
        try Self.check(quantity)
        let origin: JobOrigin? = json["origin"] == nil ? nil : try json.choice("origin")
        self.init(
            id: JobID(try json.string("id")), request: RequestID(origin == nil ? try json.string("request") : ""), signal: SignalID(try json.string("signal")),
            subscription: SubscriptionID(try json.string("subscription")), subscriber: SubscriberID(try json.string("subscriber")),
            account: AccountID(try json.string("account")), influencer: InfluencerID(try json.string("influencer")),
            coin: Coin(try json.string("coin")), action: try json.choice("action"), side: try json.choice("side"), quantity: quantity,
            limit: try json.maybeDecimal("limitPx"), referencePrice: try json.decimal("refPx"),
            expiresAt: try json.maybe("expiresMs") { value throws(JSONError) in try value.asInteger() },
            maximumPositionNotional: try json.maybeDecimal("maxPositionNtl"), leaderFillTime: try json.milliseconds("leaderFillMs"),
            receivedAt: try json.microseconds("receivedUs"),
            lifecycle: try json.maybe("lifecycle") { value throws(JSONError) in SignalID(try value.asString()) },
            terms: try json.maybe("terms", EntryTerms.init(json:)), sharing: json["sharing"] == nil ? .lock : try json.choice("sharing"),
            closesManual: try json.maybe("closesManual") { value throws(JSONError) in try value.asBool() } ?? true,
            clips: try [Clip](member: "clips", of: json),
            detail: try json.maybe("detail") { value throws(JSONError) in try value.asString() }, origin: origin,
            place: try FanoutPlace.read(json),
            refusal: try json.maybe("refused") { value throws(JSONError) in Refusal(try value.choice("outcome"), try value.string("detail")) },
            decision: json["decision"])
        guard referencePrice > .zero else { throw JSONError(path: "refPx", problem: "\(referencePrice) is not positive") }
        if let expiresAt, !LeaderFill.times.contains(expiresAt) { throw JSONError(path: "expiresMs", problem: "not a time since 1970") }
    }

    private static func check(_ quantity: Quantity) throws(JSONError) {
        switch quantity {
        case .size(let size):
            guard size > .zero else { throw JSONError(path: "sz", problem: "\(size) is not positive") }
        case .share(let share):
            guard share > .zero, share <= .one else { throw JSONError(path: "share", problem: "\(share) is not within 0…1") }
        }
    }
}
