extension LeaderFill {
    /// A leader's part in a public trade, which names no order and no position.
    ///
    /// - Parameters:
    ///   - side: of the leader, not of the taker.
    ///   - crossed: the leader was the taker.
    ///   - tid: the trade's, which the leader's own fill has too.
    public init(tradeIn coin: Coin, price: Price, size: Size, side: Side, time: Int64, crossed: Bool, tid: Int64) {
        self.init(
            coin: coin, price: price, size: size, side: side, time: time, startPosition: .zero, dir: "", oid: nil, crossed: crossed,
            tid: tid, source: .market)
    }
}
