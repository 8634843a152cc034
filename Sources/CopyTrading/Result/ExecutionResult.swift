import JSON

/// The one terminal answer for one leg of one request: what was traded, or the code that says why nothing was.
public struct ExecutionResult: Sendable, Equatable {
    public var job: JobID
    /// As of the job: `nil` for what a leader's trade led to.
    public var origin: JobOrigin?
    public var request: RequestID
    public var signal: SignalID
    public var subscription: SubscriptionID
    public var subscriber: SubscriberID
    public var account: AccountID
    public var influencer: InfluencerID
    public var coin: Coin
    public var action: Action
    public var side: Side
    public var outcome: Outcome
    /// For people: the exchange's own text, or the numbers behind a skip.
    public var detail: String?
    /// Each gate that changed the order's size, in their order.
    public var clips: [Clip]
    /// Coins asked for and traded, unsigned.
    public var requestedSize: Size
    public var filledSize: Size
    public var averagePrice: Price?
    /// USDC, negative for a rebate; `nil` when it is not known, as of most results: the exchange's answer to an order does not tell it.
    public var fee: Notional?
    /// The subscription's signed position in the coin after this result.
    public var position: Size?
    /// The order of the last attempt, when one was made, and how many attempts there were.
    public var cloid: ClientOrderID?
    public var attempts: Int
    /// Of the lease under which each attempt was sent, from the first; 0 where only a predecessor knew it. Empty when nothing was sent.
    public var epochs: [Int64] = []
    /// Of that order: its limit, and whether it could only reduce.
    public var limit: Price?
    public var reduceOnly: Bool?
    public var times: Times
    /// As of the request; `nil` for what no request led to.
    public var place: FanoutPlace?
    /// ``DecisionRecord/json`` of a leg that the planner skipped; a worker's result leaves it with the job.
    public var decision: JSON?
    /// ``Sleeve/record`` of the subscription after this result, when it may have changed: what a lost Redis is rebuilt from. `nil` when read
    /// from a result that left it empty.
    public var sleeve: JSON?

    /// When each step happened, microseconds since 1970 except where the name says otherwise; 0 when it did not.
    public struct Times: Sendable, Equatable {
        /// Exchange time of the leader's last fill, milliseconds.
        public var leaderFillMilliseconds: Int64
        public var received: Int64
        public var planned: Int64
        public var prepared: Int64
        public var sent: Int64
        public var acknowledged: Int64
        /// Total wait for rate-limit tokens, microseconds, and the bucket that limited last.
        public var limitedMicroseconds: Int64
        public var limitedBy: String?

        public init(
            leaderFillMilliseconds: Int64 = 0, received: Int64 = 0, planned: Int64 = 0, prepared: Int64 = 0, sent: Int64 = 0,
            acknowledged: Int64 = 0, limitedMicroseconds: Int64 = 0, limitedBy: String? = nil
        ) {
            self.leaderFillMilliseconds = leaderFillMilliseconds
            self.received = received
            self.planned = planned
            self.prepared = prepared
            self.sent = sent
            self.acknowledged = acknowledged
            self.limitedMicroseconds = limitedMicroseconds
            self.limitedBy = limitedBy
        }
    }

    public init(
        job: JobID, request: RequestID, signal: SignalID, subscription: SubscriptionID, subscriber: SubscriberID, account: AccountID,
        influencer: InfluencerID, coin: Coin, action: Action, side: Side, outcome: Outcome, detail: String? = nil, clips: [Clip] = [],
        requestedSize: Size = .zero, filledSize: Size = .zero, averagePrice: Price? = nil, fee: Notional? = nil, position: Size? = nil,
        cloid: ClientOrderID? = nil, attempts: Int = 0, limit: Price? = nil,
        reduceOnly: Bool? = nil, times: Times, origin: JobOrigin? = nil, place: FanoutPlace? = nil, decision: JSON? = nil
    ) {
        self.job = job
        self.request = request
        self.signal = signal
        self.subscription = subscription
        self.subscriber = subscriber
        self.account = account
        self.influencer = influencer
        self.coin = coin
        self.action = action
        self.side = side
        self.outcome = outcome
        self.detail = detail
        self.clips = clips
        self.requestedSize = requestedSize
        self.filledSize = filledSize
        self.averagePrice = averagePrice
        self.fee = fee
        self.position = position
        self.cloid = cloid
        self.attempts = attempts
        self.limit = limit
        self.reduceOnly = reduceOnly
        self.times = times
        self.origin = origin
        self.place = place
        self.decision = decision
    }
}

extension ExecutionResult {
    /// The `data` field of an entry of `execution_results`.
    public var json: JSON {
        var members: [(String, JSON)] = [
            ("job", .string(job.text)), ("request", origin == nil ? .string(request.text) : .null), ("signal", .string(signal.text)),
            ("subscription", .string(subscription.text)), ("subscriber", .string(subscriber.text)), ("account", .string(account.text)),
            ("influencer", .string(influencer.text)), ("coin", .string(coin.text)), ("action", .string(action.rawValue)),
            ("side", .string(side.rawValue)), ("outcome", .string(outcome.rawValue)), ("detail", .string(orNull: detail)),
            ("clips", clips.json), ("requestedSz", .string("\(requestedSize)")), ("filledSz", .string("\(filledSize)")),
            ("avgPx", .string(orNull: averagePrice?.description)), ("fee", .string(orNull: fee?.description)),
            ("position", .string(orNull: position?.description)), ("cloid", .string(orNull: cloid?.text)), ("attempts", .integer(attempts)),
            ("leaderFillMs", .integer(times.leaderFillMilliseconds)), ("receivedUs", .integer(times.received)),
            ("plannedUs", .integer(times.planned)), ("preparedUs", .integer(times.prepared)), ("sentUs", .integer(times.sent)),
            ("ackUs", .integer(times.acknowledged)), ("limitedUs", .integer(times.limitedMicroseconds)),
            ("limitedBy", .string(orNull: times.limitedBy)),
        ]
        if !epochs.isEmpty { members.append(("epochs", .array(epochs.map(JSON.integer)))) }
        if let limit { members.append(("limitPx", .string("\(limit)"))) }
        if let reduceOnly { members.append(("reduceOnly", .bool(reduceOnly))) }
        if let origin { members.append(("origin", .string(origin.rawValue))) }
        if let place { members += place.members }
        if let decision { members.append(("decision", decision)) }
        members = members.present
        // null says that it holds nothing now
        if let sleeve { members.append(("sleeve", sleeve)) }
        return members.asObject
    }

    public init(json: JSON) throws(JSONError) {
        let origin: JobOrigin? = json["origin"] == nil ? nil : try json.choice("origin")
        self.init(
            job: JobID(try json.string("job")), request: RequestID(origin == nil ? try json.string("request") : ""), signal: SignalID(try json.string("signal")),
            subscription: SubscriptionID(try json.string("subscription")), subscriber: SubscriberID(try json.string("subscriber")),
            account: AccountID(try json.string("account")), influencer: InfluencerID(try json.string("influencer")),
            coin: Coin(try json.string("coin")), action: try json.choice("action"), side: try json.choice("side"),
            outcome: try json.choice("outcome"), detail: try json.maybe("detail") { value throws(JSONError) in try value.asString() },
            clips: try [Clip](member: "clips", of: json), requestedSize: try json.decimal("requestedSz"), filledSize: try json.decimal("filledSz"),
            averagePrice: try json.maybeDecimal("avgPx"), fee: try json.maybeDecimal("fee"), position: try json.maybeDecimal("position"),
            cloid: try json.maybe("cloid") { value throws(JSONError) in ClientOrderID(try value.asString()) },
            attempts: Int(try json.integer("attempts")), limit: try json.maybeDecimal("limitPx"),
            reduceOnly: try json.maybe("reduceOnly") { value throws(JSONError) in try value.asBool() },
            times: Times(
                leaderFillMilliseconds: try json.milliseconds("leaderFillMs"), received: try json.microseconds("receivedUs"),
                planned: try json.microseconds("plannedUs"), prepared: try json.microseconds("preparedUs"), sent: try json.microseconds("sentUs"),
                acknowledged: try json.microseconds("ackUs"), limitedMicroseconds: try json.microseconds("limitedUs"),
                limitedBy: try json.maybe("limitedBy") { value throws(JSONError) in try value.asString() }),
            origin: origin, place: try FanoutPlace.read(json), decision: json["decision"])
        if json["epochs"] != nil { epochs = try json.list("epochs") { value throws(JSONError) in try value.asInteger() } }
        sleeve = json["sleeve"]
    }
}
