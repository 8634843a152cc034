import CopyTrading
import Hyperliquid
import Logging

/// What leaders have resting at the exchange, for subscriptions that mirror it. Each list replaces the one before; a leader that is not
/// followed live keeps its last one, which goes stale by its own time.
extension Ingestor {
    /// One at a time: reads that trading waits for take turns with it.
    private static let listsAtOnce = 1
    /// One part in so many of the weight is for lists at most: positions have to be verified whatever is mirrored.
    static let weightShare = 2

    /// Begins with what is due, the longest unread first.
    func startReadingOrders() async {
        guard client != nil, marketsReadAt != nil else { return }
        let snapshot = await config.current()
        let moment = now()
        var running = tracks.values.count(where: \.isReadingOrders)
        let due = tracks.values.filter { track in
            track.phase == .live && !track.isReadingOrders && moment - track.ordersTriedAt >= configuration.ordersEvery.microseconds
                && snapshot.subscriptions(of: track.influencer).contains(where: \.mirrorsTriggers)
        }
        for track in due.sorted(by: { $0.ordersTriedAt < $1.ordersTriedAt }) where running < Self.listsAtOnce {
            tracks[track.address]?.isReadingOrders = true
            tracks[track.address]?.ordersTriedAt = moment
            errandSink.yield(.readOrders(address: track.address, generation: track.generation))
            running += 1
        }
    }

    func readOrders(_ address: String, _ generation: Int) async {
        guard let track = tracks[address], track.generation == generation else { return }
        do { try await storeOrders(of: track) } catch {
            logger.warning("leader.orders.unread", metadata: ["influencer": "\(track.influencer)", "error": "\(error)"])
        }
        guard tracks[address]?.generation == generation else { return }
        tracks[address]?.isReadingOrders = false
        await startReadingOrders()
    }

    /// Of every dex on which the leader has been seen to trade: a part of the list is none.
    private func storeOrders(of track: LeaderTrack) async throws {
        guard let client else { return }
        var orders: [LeaderOrders.Order] = []
        var readAt: Int64?
        for dex in knownDexs(of: track) {
            let request = InfoRequest.frontendOpenOrders(track.address, dex: dex.isEmpty ? nil : dex)
            let turn = ordersWeight.book(RequestWeight.info(type: request.type), at: .now)
            if turn > .now { try await Task.sleep(until: turn, clock: .continuous) }
            await spend(for: request.type)
            readAt = readAt ?? now() / 1_000
            orders += try await client.read(request).compactMap(\.leaderOrder)
        }
        guard let readAt, tracks[track.address]?.generation == track.generation, let lease = leases.table.lease(track.partition) else { return }
        let list = LeaderOrders(orders: orders, readAt: readAt)
        if list.orders.count < orders.count {
            logger.warning("leader.orders.left_out", metadata: ["influencer": "\(track.influencer)", "orders": "\(orders.count - list.orders.count)"])
        }
        // Refused under another epoch: the partition's next owner reads them.
        _ = try await publisher.record(
            orders: list.json.bytes(), of: track.influencer.text, partition: track.partition, epoch: lease.epoch)
    }
}

extension OpenOrder {
    /// `nil` for what is neither a stop-loss or take-profit that waits for its price, nor a limit order that may add to a position.
    var leaderOrder: LeaderOrders.Order? { reduceOnly ? leaderTrigger : leaderLimit }

    private var leaderLimit: LeaderOrders.Order? {
        guard let detail, detail.trigger == nil, detail.orderType == "Limit", size > .zero else { return nil }
        return LeaderOrders.Order(oid: oid, coin: coin, kind: .limit, side: side, price: limitPrice, size: size)
    }

    private var leaderTrigger: LeaderOrders.Order? {
        guard let detail, let trigger = detail.trigger, trigger.condition.hasPrefix("Price "), let kind = detail.triggerKind else {
            return nil
        }
        return LeaderOrders.Order(
            oid: oid, coin: coin, kind: kind, side: side, price: trigger.price, size: detail.followsPosition || size <= .zero ? nil : size)
    }
}

extension OpenOrder.Detail {
    fileprivate var triggerKind: RestingOrder.Kind? {
        if orderType.hasPrefix("Stop") { return .stopLoss }
        return orderType.hasPrefix("Take Profit") ? .takeProfit : nil
    }
}
