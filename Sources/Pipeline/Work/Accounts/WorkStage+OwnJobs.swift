import CopyTrading
import Hyperliquid
import RedisStreams

/// Jobs that no leader's trade led to. They go through the stream as every job does, so that they are journalled, audited and answered alike.
extension WorkStage {
    /// Between two exits of a sleeve that keep coming to nothing.
    private static let longestExitPause = Duration.seconds(600)

    /// An exit of a sleeve: as large as `reducing`, or all of it.
    func ownJob(
        _ origin: JobOrigin, _ id: JobID, _ holding: HoldingKey, _ sleeve: Sleeve, _ subscription: Subscription, reducing size: Size? = nil,
        price: Price, detail: String
    ) -> ExecutionJob {
        let all = size.map { $0 >= sleeve.position.magnitude } ?? true
        // What is owed is given up with it and is not asked for twice.
        let part = max((size ?? .zero) - sleeve.owed, Size(e8: 1))
        return ExecutionJob(
            id: id, request: "", signal: sleeve.lifecycle ?? "", subscription: holding.subscription, subscriber: subscription.subscriber,
            account: subscription.account, influencer: subscription.influencer, coin: holding.coin, action: all ? .close : .reduce,
            side: sleeve.position > .zero ? .sell : .buy, quantity: all ? .share(.one) : .size(part), limit: nil, referencePrice: price,
            expiresAt: nil, maximumPositionNotional: nil, leaderFillTime: WallClock.milliseconds, receivedAt: WallClock.microseconds,
            lifecycle: sleeve.lifecycle, sharing: config.current().subscribers[subscription.subscriber]?.settings.sharing ?? .lock,
            closesManual: origin == .flatten || subscription.closesManual, detail: detail, origin: origin)
    }

    /// The job that led to an order of before Redis was started anew: what is not on record of it is as it may have been.
    func restoredJob(
        _ origin: JobOrigin, _ id: JobID, _ order: OpenOrder, _ holding: HoldingKey, _ sleeve: Sleeve, _ subscription: Subscription
    ) -> ExecutionJob {
        let size = order.originalSize ?? order.size
        var job =
            if sleeve.position.sign == Int(order.side.sign) {
                ownEntry(origin, id, order.side, size, limit: order.limitPrice, reference: order.limitPrice, holding, sleeve, subscription)
            } else {
                ownJob(origin, id, holding, sleeve, subscription, reducing: size, price: order.limitPrice, detail: "")
            }
        job.detail = "its order is known to the exchange, it itself was lost with Redis"
        job.leaderFillTime = order.placedAt
        return job
    }

    /// Whether an exit of the sleeve may be asked for now. After exits that came to nothing the next ones come more and more seldom; none is
    /// asked for while nothing can be signed.
    func mayExit(_ holding: HoldingKey, _ sleeve: Sleeve, _ key: AccountKey) -> Bool {
        if sleeve.fruitlessExits > 0 {
            if subscriber(of: key)?.isAgentRevoked == true { return false }
            let doublings = min(sleeve.fruitlessExits - 1, 16)
            let pause = min(configuration.accounts.readEvery * (1 << doublings), Self.longestExitPause)
            if let last = partitions[key.partition]?.books[key.account]?.exitsAskedAt[holding], .now - last < pause { return false }
        }
        partitions[key.partition]?.books[key.account, default: AccountBook()].exitsAskedAt[holding] = .now
        return true
    }

    /// An entry that brings an undersized sleeve to what it should hold, at the leader's own price and its cap; `nil` when there is
    /// no legal price.
    func topUp(
        _ size: Size, _ holding: HoldingKey, _ sleeve: Sleeve, _ subscription: Subscription, _ leader: LeaderPosition, _ kind: DriftCheck.Kind,
        detail: String
    ) -> ExecutionJob? {
        let side: Side = sleeve.position > .zero ? .buy : .sell
        let caps = subscription.limits.priceCaps(for: holding.coin)
        guard let price = leader.price, let instrument = knownInstruments[holding.coin],
            let limit = caps.limit(side: side, leaderPrice: price, quote: nil, markPrice: nil, sizeDecimals: instrument.sizeDecimals)
        else { return nil }
        var job = ownEntry(
            .drift, .drift(kind, subscription: holding.subscription, coin: holding.coin, sleeve: sleeve), side, size, limit: limit,
            reference: price, holding, sleeve, subscription)
        job.terms?.leaderStart = leader.size
        job.terms?.leaderEnd = leader.size
        job.terms?.bookSlippageBasisPoints = caps.book
        job.terms?.maximumSpreadBasisPoints = subscription.limits.maximumSpreadBasisPoints
        job.detail = detail
        return job
    }

    /// A limit order that is to rest, as an entry whose gates and caps are asked; it goes through no stream.
    func restingEntry(_ order: RestingOrder, _ holding: HoldingKey, _ sleeve: Sleeve, _ subscription: Subscription) -> ExecutionJob {
        ownEntry(.mirror, "", order.side, order.size, limit: order.price, reference: order.price, holding, sleeve, subscription)
    }

    /// An increase of a sleeve's position by so many coins, under the caps of its settings.
    private func ownEntry(
        _ origin: JobOrigin, _ id: JobID, _ side: Side, _ size: Size, limit: Price, reference: Price, _ holding: HoldingKey, _ sleeve: Sleeve,
        _ subscription: Subscription
    ) -> ExecutionJob {
        let now = WallClock.milliseconds
        let settings = config.current().subscribers[subscription.subscriber]?.settings
        return ExecutionJob(
            id: id, request: "", signal: sleeve.lifecycle ?? "", subscription: holding.subscription, subscriber: subscription.subscriber,
            account: subscription.account, influencer: subscription.influencer, coin: holding.coin, action: .increase, side: side,
            quantity: .size(size), limit: limit, referencePrice: reference, expiresAt: now + subscription.limits.entryExpiryMilliseconds,
            maximumPositionNotional: subscription.limits.maximumPositionNotional, leaderFillTime: now, receivedAt: WallClock.microseconds,
            lifecycle: sleeve.lifecycle,
            terms: EntryTerms(
                leaderStart: .zero, leaderEnd: .zero, followsLeader: false, belowMinimum: .skip,
                maximumOrderNotional: subscription.limits.maximumOrderNotional, maximumCoinNotional: settings?.limits.maximumCoinNotional),
            sharing: settings?.sharing ?? .lock, origin: origin)
    }
}
