import CopyTrading
import RedisStreams

/// Jobs that no leader's trade led to. They go through the stream as every job does, so that they are journalled, audited and answered alike.
extension WorkStage {
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
        let now = WallClock.milliseconds
        return ExecutionJob(
            id: .drift(kind, subscription: holding.subscription, coin: holding.coin, sleeveRevision: sleeve.revision), request: "",
            signal: sleeve.lifecycle ?? "", subscription: holding.subscription, subscriber: subscription.subscriber, account: subscription.account,
            influencer: subscription.influencer, coin: holding.coin, action: .increase, side: side, quantity: .size(size), limit: limit,
            referencePrice: price, expiresAt: now + subscription.limits.entryExpiryMilliseconds,
            maximumPositionNotional: subscription.limits.maximumPositionNotional, leaderFillTime: now, receivedAt: WallClock.microseconds,
            lifecycle: sleeve.lifecycle,
            terms: EntryTerms(
                leaderStart: leader.size, leaderEnd: leader.size, followsLeader: false, belowMinimum: .skip,
                maximumOrderNotional: subscription.limits.maximumOrderNotional, bookSlippageBasisPoints: caps.book,
                maximumSpreadBasisPoints: subscription.limits.maximumSpreadBasisPoints),
            sharing: config.current().subscribers[subscription.subscriber]?.settings.sharing ?? .lock, detail: detail, origin: .drift)
    }
}
