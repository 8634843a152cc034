import JSON

/// Which of the leader's resting orders a subscription has too.
public enum OrderMirroring: String, Sendable, CaseIterable {
    case none
    /// Its stop-losses and take-profits.
    case triggers
}

/// The stop-losses and take-profits that a leader has at the exchange, as ingest read them.
public struct LeaderOrders: Sendable, Equatable {
    static let schemaVersion: Int64 = 1
    /// Most triggers kept of one leader, the oldest first.
    public static let most = 256
    /// A list read longer ago counts as unknown, milliseconds.
    public static let life: Int64 = 60_000
    /// Most triggers mirrored for one sleeve, the oldest first.
    public static let mostMirrored = 8

    /// A reduce-only order that waits for its price.
    public struct Trigger: Sendable, Equatable {
        public var oid: Int64
        public var coin: Coin
        public var kind: Protection.Kind
        public var side: Side
        public var price: Price
        /// Coins; `nil` follows the size of the position.
        public var size: Size?

        public init(oid: Int64, coin: Coin, kind: Protection.Kind, side: Side, price: Price, size: Size?) {
            self.oid = oid
            self.coin = coin
            self.kind = kind
            self.side = side
            self.price = price
            self.size = size
        }
    }

    public var triggers: [Trigger]
    /// When they were asked for, milliseconds since 1970.
    public var readAt: Int64

    public init(triggers: [Trigger], readAt: Int64) {
        self.triggers = Array(triggers.sorted { $0.oid < $1.oid }.prefix(Self.most))
        self.readAt = readAt
    }

    /// A list counts for a position only when that had not changed for so long before it was read: a trigger that was carried out
    /// meanwhile would be placed once more. Covers what two clocks differ by, milliseconds.
    public static let settling: Int64 = 1_000

    /// - Parameter now: milliseconds since 1970.
    public func isKnown(at now: Int64) -> Bool { now - readAt <= Self.life }

    /// Whether the list was read after the leader's position was what it is since `change`, exchange time in milliseconds.
    public func isNewer(than change: Int64) -> Bool { readAt - change >= Self.settling }

    public struct Mirrored: Sendable, Equatable {
        /// Of the leader's order.
        public var oid: Int64
        public var trigger: Protection.Trigger
    }

    /// The leader's triggers that reduce what it holds, each for the same share of the sleeve, in whole lots. What is worth less than the
    /// exchange takes is left out, unless it closes the sleeve.
    /// - Parameter leader: the leader's position in the coin, signed.
    public func mirrored(in coin: Coin, leader: Size, sleeve: Sleeve, instrument: Instrument) -> [Mirrored] {
        let held = sleeve.position.magnitude.roundedDown(to: instrument)
        guard !held.isZero, sleeve.position.sign == leader.sign else { return [] }
        let closing: Side = leader > .zero ? .sell : .buy
        let found = triggers.lazy.filter { $0.coin == coin && $0.side == closing }.compactMap { order -> Mirrored? in
            let size = order.size.map { min(sleeve.share(of: $0, in: leader).roundedDown(to: instrument), held) } ?? held
            let isEnough = !size.isZero && MinimumNotional.allows(size, reference: order.price, limit: order.price)
            guard size == held || isEnough else { return nil }
            return Mirrored(oid: order.oid, trigger: Protection.Trigger(kind: order.kind, side: closing, size: size, price: order.price))
        }
        return Array(found.prefix(Self.mostMirrored))
    }
}

extension Sleeve {
    /// What the sleeve holds for so many of the leader's coins; all of it for as many as the leader has.
    fileprivate func share(of size: Size, in leader: Size) -> Size {
        let whole = position.magnitude + ahead
        guard size < leader.magnitude else { return position.magnitude }
        // Exact, cannot overflow, and less than the whole.
        return Size(e8: Int64(Int128(whole.e8) * Int128(size.magnitude.e8) / Int128(leader.magnitude.e8)))
    }
}

extension ClientOrderID {
    /// Of a trigger that mirrors the leader's: another when the leader's order, its share or the sleeve has changed.
    public static func mirrored(
        _ mirrored: LeaderOrders.Mirrored, subscription: SubscriptionID, coin: Coin, sleeveRevision: Int64
    ) -> ClientOrderID {
        let trigger = mirrored.trigger
        return ClientOrderID(
            "0x" + Fingerprint.of([
                "mirrored", trigger.kind.rawValue, subscription.text, coin.text, "\(sleeveRevision)", "\(mirrored.oid)", "\(trigger.size)",
                "\(trigger.price)",
            ]))
    }
}

extension LeaderOrders {
    public var json: JSON {
        ["v": .integer(Self.schemaVersion), "readMs": .integer(readAt), "triggers": .array(triggers.map(\.json))]
    }

    public init(json: JSON) throws(JSONError) {
        let version = try json.integer("v")
        guard version == Self.schemaVersion else {
            throw JSONError(path: "v", problem: "orders schema \(version) is not \(Self.schemaVersion)")
        }
        self.init(triggers: try json.list("triggers", Trigger.init(json:)), readAt: try json.integer("readMs"))
    }
}

extension LeaderOrders.Trigger {
    fileprivate var json: JSON {
        [
            "oid": .integer(oid), "coin": .string(coin.text), "kind": .string(kind.rawValue), "side": .string(side.rawValue),
            "px": .string("\(price)"), "sz": .string(orNull: size?.description),
        ]
    }

    fileprivate init(json: JSON) throws(JSONError) {
        self.init(
            oid: try json.integer("oid"), coin: Coin(try json.string("coin")), kind: try json.choice("kind"), side: try json.choice("side"),
            price: try json.decimal("px"), size: try json.maybeDecimal("sz"))
    }
}
