/// What a signal carries beside its fills: whose it is and what is known of the leader at the moment.
struct SignalContext: Sendable {
    let network: String
    let influencer: InfluencerID
    let leaderEquity: Notional?
    let leaderLeverages: [Coin: Int]
    /// False: the leader's positions are not verified, so what adds risk is left out.
    let allowsEntries: Bool
    let configuration: SignalBuilder.Configuration

    /// The signal of a chain's legs, and what is told beside it; no signal when no leg may be traded.
    func events(of chain: FillChain) -> [SignalEvent] {
        let legs = Leg.legs(from: chain.start, to: chain.end)
        let entries = legs.filter(\.action.isEntry)
        guard !allowsEntries, !entries.isEmpty else { return [.signal(signal(of: chain, doing: legs, copying: legs))] }
        let exits = legs.filter { !$0.action.isEntry }
        let dropped = SignalEvent.entriesDropped(
            coin: chain.coin, legs: entries, signal: id(of: chain, doing: legs), from: chain.time, to: chain.time)
        return exits.isEmpty ? [dropped] : [.signal(signal(of: chain, doing: legs, copying: exits)), dropped]
    }

    /// The id is that of all that was done, also when a part is not to be copied: whether entries are allowed may be another the next time that
    /// the fills are read, and it is the same signal.
    private func signal(of chain: FillChain, doing all: [Leg], copying legs: [Leg]) -> Signal {
        Signal(
            id: id(of: chain, doing: all), network: network, influencer: influencer, coin: chain.coin, legs: legs, start: legs[0].start, end: legs[legs.count - 1].end,
            averagePrice: chain.averagePrice, size: chain.size, fillCount: chain.count, firstFill: chain.firstFill,
            lastFill: chain.lastFill, firstFillTime: chain.time, lastFillTime: chain.time, receivedAt: chain.receivedAt,
            crossed: chain.crossed, cause: chain.cause, leaderEquity: leaderEquity, leaderLeverage: leaderLeverages[chain.coin],
            tier: chain.source.rawValue)
    }

    private func id(of chain: FillChain, doing legs: [Leg]) -> SignalID {
        SignalID(network: network, influencer: influencer, coin: chain.coin, firstFill: chain.firstFill, lastFill: chain.lastFill, legs: legs)
    }

    /// An exit that happened between two known positions without its fills being seen. Its price is that of the fill that revealed
    /// it, a reference for slippage only.
    func signal(
        ofUnseen leg: Leg, coin: Coin, price: Price, tid: Int64, time: Int64, receivedAt: Int64, source: LeaderFill.Source
    ) -> Signal {
        Signal(
            id: SignalID(network: network, influencer: influencer, coin: coin, firstFill: tid, lastFill: tid, legs: [leg]),
            network: network, influencer: influencer, coin: coin, legs: [leg], start: leg.start, end: leg.end, averagePrice: price,
            size: leg.change.magnitude, fillCount: 0, firstFill: tid, lastFill: tid, firstFillTime: time, lastFillTime: time,
            receivedAt: receivedAt, crossed: false, cause: .resync, leaderEquity: leaderEquity, leaderLeverage: leaderLeverages[coin], tier: source.rawValue)
    }

    /// By which one subscription opens a copy of what the leader holds already. No fill tells of it: the last one before it stands for it,
    /// or the time of the position.
    func signal(of join: Signal.Join, coin: Coin, mark: LeaderCursor.Mark, price: Price, time: Int64, receivedAt: Int64) -> Signal {
        let last = mark.tids.last ?? mark.time
        return Signal(
            id: SignalID(
                network: network, influencer: influencer, coin: coin, joining: join.subscription, configVersion: join.configVersion),
            network: network, influencer: influencer, coin: coin, legs: Leg.legs(from: .zero, to: mark.position), start: .zero,
            end: mark.position, averagePrice: price, size: mark.position.magnitude, fillCount: 0, firstFill: last, lastFill: last,
            firstFillTime: time, lastFillTime: time, receivedAt: receivedAt,
            // the whole position at once is no drip, to be accumulated
            crossed: true, cause: .join, leaderEquity: leaderEquity, leaderLeverage: leaderLeverages[coin],
            tier: LeaderFill.Source.own.rawValue, join: join)
    }
}
