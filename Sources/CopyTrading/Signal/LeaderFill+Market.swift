import Cryptography

extension LeaderFill {
    /// A leader's part in a public trade.
    ///
    /// A trade names no order, so one is made up that is the same whoever makes it up: what one taker order does in a block shares the
    /// hash of its transaction; executions that the exchange makes itself (triggers, TWAP slices, liquidations) have an all-zero hash,
    /// and those of one moment and side are taken together. A resting order meets many takers with a hash each, so all resting orders
    /// of one side of a coin count as one, whose fills drip in.
    ///
    /// - Parameters:
    ///   - side: of the leader, not of the taker.
    ///   - hash: of the transaction, `0x` and 64 digits.
    ///   - crossed: the leader was the taker.
    ///   - tid: the trade's, which the leader's own fill has too.
    public init(
        tradeIn coin: Coin, price: Price, size: Size, side: Side, time: Int64, hash: String, crossed: Bool, tid: Int64
    ) {
        let isAnonymous = hash.utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "x") }
        let order = !crossed ? "resting \(side.letter) \(coin)" : isAnonymous ? "moment \(side.letter) \(time) \(coin)" : "\(hash) \(side.letter) \(coin)"
        self.init(
            coin: coin, price: price, size: size, side: side, time: time, startPosition: .zero, dir: "", oid: Self.madeUpOrder(order),
            crossed: crossed, tid: tid, source: .market)
    }

    /// Negative, which the exchange's order ids never are.
    private static func madeUpOrder(_ name: String) -> Int64 {
        -1 - SHA256.hash(Array(name.utf8)).prefix(8).reduce(Int64(0)) { ($0 << 8 | Int64($1)) & (.max >> 1) }
    }
}
