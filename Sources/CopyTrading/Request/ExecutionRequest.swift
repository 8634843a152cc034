import JSON

/// One subscription is to copy one signal: what the matcher emits and the planner decides on.
public struct ExecutionRequest: Sendable, Equatable {
    public var id: RequestID
    public var subscription: SubscriptionID
    public var subscriber: SubscriberID
    public var account: AccountID
    /// The configuration under which the subscription matched.
    public var configVersion: Int64
    /// `nil` in requests made before there were places.
    public var place: FanoutPlace?
    public var signal: Signal

    public init(
        id: RequestID, subscription: SubscriptionID, subscriber: SubscriberID, account: AccountID, configVersion: Int64,
        place: FanoutPlace? = nil, signal: Signal
    ) {
        self.id = id
        self.subscription = subscription
        self.subscriber = subscriber
        self.account = account
        self.configVersion = configVersion
        self.place = place
        self.signal = signal
    }

    /// The `data` field of an entry of `execution_requests`: the members of ``head(id:subscription:configVersion:place:)``, then `signal`.
    public var json: JSON {
        (Self.members(id, subscription, subscriber, account, configVersion, place) + [("signal", signal.json)]).asObject
    }

    private static func members(
        _ id: RequestID, _ subscription: SubscriptionID, _ subscriber: SubscriberID, _ account: AccountID, _ configVersion: Int64,
        _ place: FanoutPlace?
    ) -> [(String, JSON)] {
        [
            ("id", .string(id.text)), ("subscription", .string(subscription.text)), ("subscriber", .string(subscriber.text)),
            ("account", .string(account.text)), ("configVersion", .integer(configVersion)),
        ] + (place?.members ?? [])
    }

    /// The request's own members as a JSON object. Fan-out appends the signal's bytes as they came, so that a signal is encoded once
    /// and not once per follower.
    public static func head(id: RequestID, subscription: Subscription, configVersion: Int64, place: FanoutPlace?) -> [UInt8] {
        members(id, subscription.id, subscription.subscriber, subscription.account, configVersion, place).asObject.bytes()
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            id: RequestID(try json.string("id")), subscription: SubscriptionID(try json.string("subscription")),
            subscriber: SubscriberID(try json.string("subscriber")), account: AccountID(try json.string("account")),
            configVersion: try json.integer("configVersion"), place: try FanoutPlace.read(json), signal: try json.at("signal", Signal.init(json:)))
    }
}
