import ConfigStore
import CopyTrading
import Hyperliquid
import RedisStreams

/// Takes the fills of an account that no order of a job made into its sleeves, one after the other.
struct ForeignFills {
    struct Found {
        var kind: AccountEvent.Kind
        var subscription: SubscriptionID?
        var coin: Coin
        var detail: String
        var tid: Int64
    }

    private(set) var sleeves: [HoldingKey: Sleeve]
    private(set) var record: AccountRecord
    /// Triggers that were cancelled, perhaps too late.
    private let retired: [ClientOrderID: AccountRecord.PlacedOrder]
    private(set) var changed: Set<HoldingKey> = []
    private(set) var found: [Found] = []
    /// Whose position the exchange took.
    private(set) var taken: Set<SubscriptionID> = []
    /// What our resting orders did.
    private var triggered: [ClientOrderID: (placed: AccountRecord.PlacedOrder, before: Sleeve, fills: OrderFills, at: Int64)] = [:]

    var hasTriggered: Bool { !triggered.isEmpty }

    init(sleeves: [HoldingKey: Sleeve], record: AccountRecord, retired: [ClientOrderID: AccountRecord.PlacedOrder]) {
        self.sleeves = sleeves
        self.retired = retired
        self.record = record
    }

    /// Whether the order is a trigger of this sleeve.
    func isTrigger(_ cloid: ClientOrderID, of holding: HoldingKey) -> Bool {
        placed(cloid).map { $0.order.kind.isTrigger && $0.isFor(holding) } ?? false
    }

    private func placed(_ cloid: ClientOrderID) -> AccountRecord.PlacedOrder? {
        record.orders[cloid] ?? triggered[cloid]?.placed ?? retired[cloid]
    }

    mutating func take(_ fill: UserFill, account: AccountID) {
        if let cloid = fill.cloid.map({ ClientOrderID($0) }), let placed = placed(cloid) {
            return take(fill, of: cloid, placed)
        }
        let isOwnLiquidation = fill.liquidation?.liquidatedUser.lowercased() == account.text
        guard let kind = ForeignFill.classify(cloid: fill.cloid, isOurs: false, dir: fill.dir, isLiquidation: isOwnLiquidation) else { return }
        var rest = fill.size
        // A fill that closes is shared out in the order of the subscriptions' names; who holds the other side is not concerned.
        for holding in sleeves.keys.filter({ $0.coin == fill.coin }).sorted(by: { $0.field < $1.field }) where !rest.isZero {
            guard let sleeve = sleeves[holding], sleeve.position.sign == -Int(fill.side.sign) || kind == .manual else { continue }
            let (next, left) = sleeve.applying(foreign: kind, side: fill.side, size: rest, price: fill.price)
            guard next != sleeve else { continue }
            sleeves[holding] = next
            changed.insert(holding)
            let part = rest - left
            rest = left
            if kind != .manual { taken.insert(holding.subscription) }
            found.append(
                Found(
                    kind: kind == .manual ? .manual : .liquidated, subscription: holding.subscription, coin: fill.coin,
                    detail: "\(fill.dir) of \(fill.size) at \(fill.price): \(part) of the sleeve, which holds \(next.position) now", tid: fill.tid))
        }
    }

    private mutating func take(_ fill: UserFill, of cloid: ClientOrderID, _ placed: AccountRecord.PlacedOrder) {
        let holding = HoldingKey(placed.subscription, placed.coin)
        let sleeve = sleeves[holding] ?? .empty
        var entry = triggered[cloid] ?? (placed, sleeve, OrderFills(), fill.time)
        entry.fills.add(size: fill.size, price: fill.price, fee: fill.fee)
        entry.at = fill.time
        triggered[cloid] = entry
        sleeves[holding] =
            if placed.order.kind == .limit {
                sleeve.applyingEntry(side: fill.side, size: fill.size, price: fill.price, lifecycle: placed.lifecycle)
            } else if placed.leaderOrder == nil {
                sleeve.applying(side: fill.side, size: fill.size, price: fill.price, lifecycle: sleeve.lifecycle)
            } else {
                sleeve.applyingMirrored(side: fill.side, size: fill.size, price: fill.price)
            }
        changed.insert(holding)
        record.orders[cloid] = nil
    }

    /// Sleeves that hold more than the exchange does give that up, in the order of the subscriptions' names: it is closed already, by whomever.
    /// - Parameters:
    ///   - rest: what the exchange holds beyond the sleeves, signed.
    ///   - distinct: tells this finding from others.
    /// - Returns: what stays without an explanation.
    mutating func giveUp(_ coin: Coin, _ rest: Size, distinct: Int64) -> Size {
        var rest = rest
        for holding in sleeves.keys.filter({ $0.coin == coin }).sorted(by: { $0.field < $1.field }) where !rest.isZero {
            guard let sleeve = sleeves[holding], sleeve.position.sign == -rest.sign else { continue }
            let next = sleeve.givingUp(rest.magnitude)
            rest += sleeve.position - next.position
            sleeves[holding] = next
            changed.insert(holding)
            found.append(
                Found(
                    kind: .drift, subscription: holding.subscription, coin: coin,
                    detail: "held \(sleeve.position), of which the exchange has \(next.position)", tid: distinct))
        }
        return rest
    }

    /// Resting orders of ours that traded.
    var carriedOut: [ClientOrderID] { Array(triggered.keys) }

    /// What the resting orders did, as results of jobs that the exchange carried out by itself.
    func results(of key: WorkStage.AccountKey, subscriber: SubscriberID, _ config: ConfigSnapshot) -> [ExecutionResult] {
        triggered.sorted { $0.key < $1.key }.map { cloid, entry in
            let holding = HoldingKey(entry.placed.subscription, entry.placed.coin)
            let position = sleeves[holding]?.position ?? .zero
            let isEntry = !entry.placed.order.kind.isTrigger
            var result = ExecutionResult(
                job: isEntry ? .mirror(cloid) : .protection(cloid), request: "", signal: entry.placed.lifecycle ?? entry.before.lifecycle ?? "",
                subscription: entry.placed.subscription,
                subscriber: subscriber, account: key.account, influencer: config.subscriptions[entry.placed.subscription]?.influencer ?? "",
                coin: entry.placed.coin, action: isEntry ? .increase : position.isZero ? .close : .reduce, side: entry.placed.order.side,
                outcome: entry.fills.filled >= entry.placed.order.size ? .filled : .partial,
                detail: entry.placed.text, requestedSize: entry.placed.order.size,
                filledSize: entry.fills.filled, averagePrice: entry.fills.averagePrice, fee: entry.fills.fee, position: position, cloid: cloid,
                attempts: 0, times: ExecutionResult.Times(acknowledged: entry.at * 1_000), origin: isEntry ? .mirror : .protection)
            result.sleeve = (sleeves[holding] ?? .empty).record
            return result
        }
    }
}

extension AccountRecord.PlacedOrder {
    fileprivate var text: String {
        let mirrored = leaderOrder.map { ", mirroring the leader's order \($0)" } ?? ""
        return "\(order.kind.rawValue) at \(order.price)\(mirrored)"
    }
}
