import JSON

/// Which of the leader's resting orders a subscription has too.
public enum OrderMirroring: String, Sendable, CaseIterable {
    case none
    /// Its stop-losses and take-profits.
    case triggers
    /// Those, and the limit orders that add to a position.
    case all
}

/// The stop-losses, take-profits and limit orders that a leader has at the exchange, as ingest read them.
public struct LeaderOrders: Sendable, Equatable {
    static let schemaVersion: Int64 = 2
    /// Most triggers, and most limit orders, kept of one leader, the oldest first.
    public static let most = 256
    /// A list read longer ago counts as unknown, milliseconds.
    public static let life: Int64 = 60_000
    /// Most triggers mirrored for one sleeve, the oldest first.
    public static let mostMirrored = 8
    /// Most limit orders mirrored for one sleeve, the best prices first.
    public static let mostEntries = 4

    /// A reduce-only order that waits for its price, or a limit order that is not reduce-only.
    public struct Order: Sendable, Equatable {
        public var oid: Int64
        public var coin: Coin
        public var kind: RestingOrder.Kind
        public var side: Side
        public var price: Price
        /// Coins not traded yet; `nil` follows the size of the position.
        public var size: Size?

        public init(oid: Int64, coin: Coin, kind: RestingOrder.Kind, side: Side, price: Price, size: Size?) {
            self.oid = oid
            self.coin = coin
            self.kind = kind
            self.side = side
            self.price = price
            self.size = size
        }
    }

    public var orders: [Order]
    /// When they were asked for, milliseconds since 1970.
    public var readAt: Int64

    public init(orders: [Order], readAt: Int64) {
        let sorted = orders.sorted { $0.oid < $1.oid }
        self.orders = Array(sorted.filter(\.kind.isTrigger).prefix(Self.most) + sorted.filter { !$0.kind.isTrigger }.prefix(Self.most))
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
        public var order: RestingOrder
    }

    /// The leader's triggers that reduce what it holds, each for the same share of the sleeve, in whole lots. What is worth less than the
    /// exchange takes is left out, unless it closes the sleeve.
    /// - Parameter leader: the leader's position in the coin, signed.
    public func mirrored(in coin: Coin, leader: Size, sleeve: Sleeve, instrument: Instrument) -> [Mirrored] {
        let held = sleeve.position.magnitude.roundedDown(to: instrument)
        guard !held.isZero, sleeve.position.sign == leader.sign else { return [] }
        let closing: Side = leader > .zero ? .sell : .buy
        let found = orders.lazy.filter { $0.kind.isTrigger && $0.coin == coin && $0.side == closing }.compactMap { order -> Mirrored? in
            let size = order.size.map { min(sleeve.share(of: $0, in: leader).roundedDown(to: instrument), held) } ?? held
            let isEnough = !size.isZero && MinimumNotional.allows(size, reference: order.price, limit: order.price)
            guard size == held || isEnough else { return nil }
            return Mirrored(oid: order.oid, order: RestingOrder(kind: order.kind, side: closing, size: size, price: order.price))
        }
        return Array(found.prefix(Self.mostMirrored))
    }

    /// The leader's limit orders that add to what it holds, each for the sleeve's share of what is left of it, the best prices first. What the
    /// sleeve holds beyond its share has been bought before the leader's were filled, the best prices first: it is not bought again.
    ///
    /// None for a sleeve that was not copied, or that the subscriber trades by hand: opening is left to the leader's fills.
    /// - Parameters:
    ///   - leader: the leader's position in the coin, signed.
    ///   - admitted: what the gates of an entry leave of an order, coins in whole lots, asked in this order; `nil` is nothing.
    public func mirroredEntries(
        in coin: Coin, leader: Size, sleeve: Sleeve, instrument: Instrument, admitted: (RestingOrder) -> Size?
    ) -> [Mirrored] {
        guard !sleeve.position.isZero, sleeve.position.sign == leader.sign, !sleeve.isManual, let k = sleeve.k,
            var bought = sleeve.excess(over: leader)
        else { return [] }
        let adding: Side = leader > .zero ? .buy : .sell
        let adds = orders.filter { $0.kind == .limit && $0.coin == coin && $0.side == adding }
        var found: [Mirrored] = []
        for order in adds.sorted(by: { ($0.price.e8 * -adding.sign, $0.oid) < ($1.price.e8 * -adding.sign, $1.oid) }) {
            guard found.count < Self.mostEntries else { break }
            guard let left = order.size, let share = try? k * left.magnitude else { continue }
            let met = min(share, bought)
            bought -= met
            guard
                let price = TickRounding.limit(
                    reference: order.price, basisPoints: 0, side: adding, purpose: .entry, sizeDecimals: instrument.sizeDecimals)
            else { continue }
            let wanted = RestingOrder(kind: .limit, side: adding, size: (share - met).roundedDown(to: instrument), price: price)
            guard !wanted.size.isZero, let size = admitted(wanted), !size.isZero else { continue }
            found.append(Mirrored(oid: order.oid, order: RestingOrder(kind: .limit, side: adding, size: min(size, wanted.size), price: price)))
        }
        return found
    }

    /// Coins that the leader's limit orders would still add to what it holds.
    /// - Parameter leader: the leader's position in the coin, signed.
    public func adding(in coin: Coin, to leader: Size) -> Size {
        let side: Side = leader > .zero ? .buy : .sell
        return orders.reduce(.zero) { $1.kind == .limit && $1.coin == coin && $1.side == side ? $0 + ($1.size ?? .zero).magnitude : $0 }
    }
}

extension Sleeve {
    /// What the sleeve holds for so many of the leader's coins; all of it for as many as the leader has.
    fileprivate func share(of size: Size, in leader: Size) -> Size {
        let whole = position.magnitude + ahead
        guard size.magnitude < leader.magnitude else { return position.magnitude }
        // Exact, cannot overflow, and less than the whole.
        return Size(e8: Int64(Int128(whole.e8) * Int128(size.magnitude.e8) / Int128(leader.magnitude.e8)))
    }
}

extension ClientOrderID {
    /// Of a trigger that mirrors the leader's: another when the leader's order, its share or the sleeve has changed.
    public static func mirrored(
        _ mirrored: LeaderOrders.Mirrored, subscription: SubscriptionID, coin: Coin, sleeve: Sleeve
    ) -> ClientOrderID {
        let trigger = mirrored.order
        return ClientOrderID(
            "0x" + Fingerprint.of([
                "mirrored", trigger.kind.rawValue, subscription.text, coin.text, sleeve.version, "\(mirrored.oid)", "\(trigger.size)",
                "\(trigger.price)",
            ]))
    }

    /// Of a limit order that mirrors the leader's: another whenever it is placed, so that it can never be taken for one that was cancelled.
    /// - Parameter placedAt: milliseconds since 1970.
    public static func mirrored(
        _ mirrored: LeaderOrders.Mirrored, subscription: SubscriptionID, coin: Coin, placedAt: Int64
    ) -> ClientOrderID {
        ClientOrderID("0x" + Fingerprint.of(["mirrored", "limit", subscription.text, coin.text, "\(mirrored.oid)", "\(placedAt)"]))
    }
}

extension LeaderOrders {
    public var json: JSON {
        ["v": .integer(Self.schemaVersion), "readMs": .integer(readAt), "orders": .array(orders.map(\.json))]
    }

    public init(json: JSON) throws(JSONError) {
        let version = try json.integer("v")
        guard version == Self.schemaVersion else {
            throw JSONError(path: "v", problem: "orders schema \(version) is not \(Self.schemaVersion)")
        }
        self.init(orders: try json.list("orders", Order.init(json:)), readAt: try json.milliseconds("readMs"))
    }
}

extension LeaderOrders.Order {
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
