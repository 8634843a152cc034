import CopyTrading

/// Books and trades from outside: what a recording or the real exchange shows of one market.
struct BookChange: Equatable {
    var coin: String
    /// Best first, replacing the house's quotes until the next book; `nil`: the house quotes by itself again.
    var levels: Levels?

    struct Levels: Equatable {
        var bids: [BookLevel]
        var asks: [BookLevel]

        /// Between the best two, or the better known of them; `nil` without any.
        var mid: Price? {
            guard let bid = bids.first?.price, let ask = asks.first?.price else { return bids.first?.price ?? asks.first?.price }
            return Price(e8: bid.e8 + (ask.e8 - bid.e8) / 2)
        }
    }
}

/// A trade between others.
struct PublicTrade: Equatable {
    var coin: String
    /// The aggressor's.
    var side: Side
    var price: Price
    var size: Size
    /// As published; what is `nil` the engine makes up: the house on both sides, no hash, a new id.
    var buyer: String?
    var seller: String?
    var hash: String?
    var tid: Int64?
}

extension Engine {
    func set(_ change: BookChange, now: Int64) throws(HyperSimError) {
        guard let market = universe.market(coin: change.coin) else { throw .configuration("\(change.coin) is not listed") }
        if let levels = change.levels {
            market.house.give(bids: levels.bids, asks: levels.asks)
            if let mid = levels.mid { market.move(to: mid) }
        } else {
            market.house.release()
        }
        effects.movedMarkets.insert(market.index)
        pricesMoved(in: market, hash: Fill.zeroHash, now: now)
    }

    /// Publishes the trade and fills the users' orders it went through. It moves the mid, unless books from outside do.
    func publish(_ given: PublicTrade, now: Int64) throws(HyperSimError) {
        guard let market = universe.market(coin: given.coin) else { throw .configuration("\(given.coin) is not listed") }
        let trade = Trade(
            side: given.side, price: given.price, size: given.size, time: now, hash: given.hash ?? Fill.zeroHash, tid: given.tid ?? nextTid(),
            buyer: given.buyer ?? LeaderAddress.book, seller: given.seller ?? LeaderAddress.book)
        publish(trade, in: market)
        traded(trade, in: market, now: now)
    }

    /// What a trade between others does to a market.
    func traded(_ trade: Trade, in market: Market, now: Int64) {
        fillTradedThrough(in: market, aggressor: trade.side, price: trade.price, size: trade.size, hash: trade.hash, now: now)
        guard !market.house.isGiven, market.move(to: trade.price) else { return }
        effects.movedMarkets.insert(market.index)
        pricesMoved(in: market, hash: trade.hash, now: now)
    }
}
