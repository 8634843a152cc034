import JSON

/// One subscription is to copy one signal: what the matcher emits and the planner decides on.
public struct ExecutionRequest: Sendable, Equatable {
    public var id: RequestID
    public var subscription: SubscriptionID
    public var subscriber: SubscriberID
    public var account: AccountID
    /// The configuration under which the subscription matched.
    public var configVersion: Int64
    public var signal: Signal

    public init(
        id: RequestID, subscription: SubscriptionID, subscriber: SubscriberID, account: AccountID, configVersion: Int64, signal: Signal
    ) {
        self.id = id
        self.subscription = subscription
        self.subscriber = subscriber
        self.account = account
        self.configVersion = configVersion
        self.signal = signal
    }

    /// The `data` field of an entry of `execution_requests`: the members of ``head(id:subscription:configVersion:)``, then `signal`.
    public var json: JSON {
        [
            "id": .string(id.text), "subscription": .string(subscription.text), "subscriber": .string(subscriber.text),
            "account": .string(account.text), "configVersion": .integer(configVersion), "signal": signal.json,
        ]
    }

    /// The request's own members as a JSON object. Fan-out appends the signal's bytes as they came, so that a signal is encoded once
    /// and not once per follower.
    public static func head(id: RequestID, subscription: Subscription, configVersion: Int64) -> [UInt8] {
        let members: JSON = [
            "id": .string(id.text), "subscription": .string(subscription.id.text), "subscriber": .string(subscription.subscriber.text),
            "account": .string(subscription.account.text), "configVersion": .integer(configVersion),
        ]
        return members.bytes()
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            id: RequestID(try json.string("id")), subscription: SubscriptionID(try json.string("subscription")),
            subscriber: SubscriberID(try json.string("subscriber")), account: AccountID(try json.string("account")),
            configVersion: try json.integer("configVersion"), signal: try json.at("signal", Signal.init(json:)))
    }
}
