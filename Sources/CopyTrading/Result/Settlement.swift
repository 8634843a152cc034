extension Outcome {
    /// How a job ended that was sent and is not tried again.
    /// - Parameters:
    ///   - asked: coins of the order; for an exit in several attempts, of the first.
    ///   - filled: coins of all attempts together.
    public static func settled(asked: Size, filled: Size, isSnapClose: Bool = false) -> Outcome {
        if filled.isZero { return .noLiquidity }
        if filled < asked { return .partial }
        return isSnapClose ? .snapClose : .filled
    }
}

extension ExecutionResult {
    /// The answer for a job, whether it was traded or skipped by the worker.
    /// - Parameters:
    ///   - fills: `nil` when nothing was sent.
    ///   - position: the subscription's signed position after it.
    public init(
        job: ExecutionJob, outcome: Outcome, detail: String? = nil, requestedSize: Size, fills: OrderFills? = nil, position: Size? = nil,
        cloid: ClientOrderID? = nil, attempts: Int = 0, times: Times
    ) {
        self.init(
            job: job.id, request: job.request, signal: job.signal, subscription: job.subscription, subscriber: job.subscriber,
            account: job.account, influencer: job.influencer, coin: job.coin, action: job.action, side: job.side, outcome: outcome,
            detail: detail, clips: job.clips, requestedSize: requestedSize, filledSize: fills?.filled ?? .zero, averagePrice: fills?.averagePrice,
            fee: fills.flatMap { $0.filled.isZero ? nil : $0.fee }, position: position, cloid: cloid, attempts: attempts, times: times,
            origin: job.origin, place: job.place)
    }

    /// The answer for a leg that the planner skipped.
    /// - Parameter now: when it was planned, microseconds since 1970.
    public init(skipping leg: SkippedLeg, of request: ExecutionRequest, at now: Int64) {
        let signal = request.signal
        self.init(
            job: leg.job, request: request.id, signal: signal.id, subscription: request.subscription, subscriber: request.subscriber,
            account: request.account, influencer: signal.influencer, coin: signal.coin, action: leg.action, side: leg.side,
            outcome: leg.outcome, detail: leg.detail, clips: leg.clips, requestedSize: leg.requestedSize,
            times: Times(leaderFillMilliseconds: signal.lastFillTime, received: signal.receivedAt, planned: now), place: request.place)
    }

    /// From the leader's last fill to the exchange's answer that ours was filled, microseconds, by the exchange's clock and ours; `nil` when
    /// nothing was filled, the answer was lost, or no leader's trade led to it.
    public var copyLag: Int64? {
        guard origin == nil, !filledSize.isZero, times.acknowledged > 0, times.leaderFillMilliseconds > 0 else { return nil }
        return times.acknowledged - times.leaderFillMilliseconds * 1_000
    }
}

extension ExecutionJob {
    /// Times known from the job, to be completed as it is carried out.
    public func times(planned: Int64 = 0) -> ExecutionResult.Times {
        ExecutionResult.Times(leaderFillMilliseconds: leaderFillTime, received: receivedAt, planned: planned)
    }
}
