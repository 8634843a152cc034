import JSON

/// What is known of an account beside its sleeves, kept across restarts and changes of owner.
public struct AccountRecord: Sendable, Equatable {
    /// What was lost so far; `nil` before the first equity is seen, and for accounts without loss limits.
    public var losses: LossState?
    /// Leverage and margin mode as last set or seen at the exchange.
    public var leverages: [Coin: LeverageState]
    /// Coins in which the account holds something that no subscription accounts for: nothing is opened there.
    public var frozen: [Coin: Frozen]
    /// Orders of ours that should rest at the exchange, and mirrored limit orders until it is known what they traded.
    public var orders: [ClientOrderID: PlacedOrder]

    public init(
        losses: LossState? = nil, leverages: [Coin: LeverageState] = [:], frozen: [Coin: Frozen] = [:],
        orders: [ClientOrderID: PlacedOrder] = [:]
    ) {
        self.losses = losses
        self.leverages = leverages
        self.frozen = frozen
        self.orders = orders
    }

    public struct Frozen: Sendable, Equatable {
        /// What the exchange holds beyond the sleeves, signed.
        public var rest: Size
        /// For people.
        public var reason: String

        public init(rest: Size, reason: String) {
            self.rest = rest
            self.reason = reason
        }
    }

    public struct PlacedOrder: Sendable, Equatable {
        public var subscription: SubscriptionID
        public var coin: Coin
        public var order: RestingOrder
        /// The order of the leader's that it mirrors; `nil` of the subscription's own protection.
        public var leaderOrder: Int64?
        /// Of a limit order: the life of the sleeve that it adds to.
        public var lifecycle: SignalID?
        /// Of a limit order, milliseconds since 1970.
        public var placedAt: Int64?

        public init(
            subscription: SubscriptionID, coin: Coin, order: RestingOrder, leaderOrder: Int64? = nil, lifecycle: SignalID? = nil,
            placedAt: Int64? = nil
        ) {
            self.subscription = subscription
            self.coin = coin
            self.order = order
            self.leaderOrder = leaderOrder
            self.lifecycle = lifecycle
            self.placedAt = placedAt
        }
    }
}

extension AccountRecord {
    public var json: JSON {
        [
            "losses": losses?.json ?? .null,
            "leverages": .object(leverages.sorted { $0.key < $1.key }.map { JSON.Member($0.key.text, $0.value.json) }),
            "frozen": .object(frozen.sorted { $0.key < $1.key }.map { JSON.Member($0.key.text, $0.value.json) }),
            "orders": .object(orders.sorted { $0.key < $1.key }.map { JSON.Member($0.key.text, $0.value.json) }),
        ]
    }

    public init(json: JSON) throws(JSONError) {
        losses = try json.maybe("losses", LossState.init(json:))
        leverages = try Self.keyed(json.entries("leverages", LeverageState.init(json:))) { Coin($0) }
        frozen = try Self.keyed(json.entries("frozen", Frozen.init(json:))) { Coin($0) }
        // Records of before limit orders were mirrored have triggers alone.
        let orders = json["orders"] == nil ? "triggers" : "orders"
        self.orders = try Self.keyed(json.entries(orders, PlacedOrder.init(json:))) { ClientOrderID($0) }
    }

    private static func keyed<Key, Value>(_ entries: [(name: String, value: Value)], _ key: (String) -> Key) -> [Key: Value] {
        Dictionary(entries.map { (key($0.name), $0.value) }, uniquingKeysWith: { _, last in last })
    }
}

extension LeverageState {
    public var json: JSON { ["leverage": .integer(leverage), "mode": .string(mode.rawValue)] }

    public init(json: JSON) throws(JSONError) {
        self.init(leverage: Int(try json.integer("leverage")), mode: try json.choice("mode"))
    }
}

extension AccountRecord.Frozen {
    public var json: JSON { ["sz": .string("\(rest)"), "reason": .string(reason)] }

    public init(json: JSON) throws(JSONError) { self.init(rest: try json.decimal("sz"), reason: try json.string("reason")) }
}

extension AccountRecord.PlacedOrder {
    public var json: JSON {
        [
            "subscription": .string(subscription.text), "coin": .string(coin.text), "kind": .string(order.kind.rawValue),
            "side": .string(order.side.rawValue), "sz": .string("\(order.size)"), "px": .string("\(order.price)"),
            "leaderOid": leaderOrder.map { .integer($0) } ?? .null, "lifecycle": .string(orNull: lifecycle?.text),
            "placedMs": placedAt.map { .integer($0) } ?? .null,
        ]
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            subscription: SubscriptionID(try json.string("subscription")), coin: Coin(try json.string("coin")),
            order: RestingOrder(
                kind: try json.choice("kind"), side: try json.choice("side"), size: try json.decimal("sz"), price: try json.decimal("px")),
            leaderOrder: try json.maybe("leaderOid") { value throws(JSONError) in try value.asInteger() },
            lifecycle: try json.maybe("lifecycle") { value throws(JSONError) in SignalID(try value.asString()) },
            placedAt: try json.maybeMilliseconds("placedMs"))
    }
}

/// Something that happened to an account outside the copying of a signal: one entry of `account_events`.
public struct AccountEvent: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case leverageSet = "LEVERAGE_SET"
        case drift = "DRIFT"
        /// The subscriber traded by hand.
        case manual = "MANUAL"
        /// The exchange took the position, or a part of it.
        case liquidated = "LIQUIDATED"
        case frozen = "COIN_FROZEN"
        case unfrozen = "COIN_UNFROZEN"
        /// A loss limit stops entries, or closes everything; and its end.
        case lossStop = "LOSS_STOP"
        case lossResumed = "LOSS_RESUMED"
        case triggersPlaced = "TRIGGERS_PLACED"
        case triggersRefused = "TRIGGERS_REFUSED"
        /// Limit orders that mirror the leader's rest, or do not.
        case ordersPlaced = "ORDERS_PLACED"
        case ordersRefused = "ORDERS_REFUSED"
        case orphanCancelled = "ORPHAN_CANCELLED"
    }

    /// A function of what was found, so that it is emitted once.
    public var id: String
    public var kind: Kind
    public var account: AccountID
    public var subscriber: SubscriberID
    public var subscription: SubscriptionID?
    public var coin: Coin?
    /// The numbers, for people.
    public var detail: String
    /// Milliseconds since 1970.
    public var at: Int64
    /// As ``ExecutionResult/sleeve``, of an event that changed it.
    public var sleeve: JSON?

    /// - Parameter distinct: what tells this event from another of the same kind.
    public init(
        _ kind: Kind, account: AccountID, subscriber: SubscriberID, subscription: SubscriptionID? = nil, coin: Coin? = nil, detail: String,
        at: Int64, distinct: String
    ) {
        id = Fingerprint.of(["event", kind.rawValue, account.text, subscription?.text ?? "", coin?.text ?? "", distinct])
        self.kind = kind
        self.account = account
        self.subscriber = subscriber
        self.subscription = subscription
        self.coin = coin
        self.detail = detail
        self.at = at
    }

    /// The `data` field of the entry.
    public var json: JSON {
        let members: [(String, JSON)] = [
            ("id", .string(id)), ("kind", .string(kind.rawValue)), ("account", .string(account.text)), ("subscriber", .string(subscriber.text)),
            ("subscription", .string(orNull: subscription?.text)), ("coin", .string(orNull: coin?.text)), ("detail", .string(detail)),
            ("atMs", .integer(at)),
        ]
        return (members + (sleeve.map { [("sleeve", $0)] } ?? [])).asObject
    }
}
