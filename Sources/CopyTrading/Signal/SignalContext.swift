/// What a signal carries beside its fills: whose it is and what is known of the leader at the moment.
struct SignalContext: Sendable {
    let network: String
    let influencer: InfluencerID
    let leaderEquity: Notional?
    let configuration: SignalBuilder.Configuration

    func signal(of chain: FillChain, legs: [Leg]) -> Signal {
        Signal(
            id: SignalID(
                network: network, influencer: influencer, coin: chain.coin, firstFill: chain.firstFill, lastFill: chain.lastFill,
                legs: legs),
            network: network, influencer: influencer, coin: chain.coin, legs: legs, start: chain.start, end: chain.end,
            averagePrice: chain.averagePrice, size: chain.size, fillCount: chain.count, firstFill: chain.firstFill,
            lastFill: chain.lastFill, firstFillTime: chain.firstTime, lastFillTime: chain.lastTime, receivedAt: chain.firstReceived,
            crossed: chain.crossed, cause: chain.cause, leaderEquity: leaderEquity, tier: 1)
    }

    /// An exit that happened between two known positions without its fills being seen. Its price is that of the fill that revealed
    /// it, a reference for slippage only.
    func signal(ofUnseen leg: Leg, coin: Coin, price: Price, tid: Int64, time: Int64, receivedAt: Int64) -> Signal {
        Signal(
            id: SignalID(network: network, influencer: influencer, coin: coin, firstFill: tid, lastFill: tid, legs: [leg]),
            network: network, influencer: influencer, coin: coin, legs: [leg], start: leg.start, end: leg.end, averagePrice: price,
            size: leg.change.magnitude, fillCount: 0, firstFill: tid, lastFill: tid, firstFillTime: time, lastFillTime: time,
            receivedAt: receivedAt, crossed: false, cause: .resync, leaderEquity: leaderEquity, tier: 1)
    }
}
