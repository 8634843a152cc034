import CopyTrading
import JSON

/// One fill of one account: an own fill of a follower, or one replayed for a leader.
struct Fill {
    var market: Market
    var price: Price
    var size: Size
    var side: Side
    /// Milliseconds since 1970.
    var time: Int64
    /// Signed position before the fill.
    var startPosition: Size
    var direction: String
    var closedPnl: Notional
    /// 0x and 64 digits; all zero for what is not the work of one action.
    var hash: String
    var oid: Int64
    /// True for the taker.
    var crossed: Bool
    /// Negative for a rebate; includes a builder's fee.
    var fee: Notional
    var tid: Int64
    var cloid: String?
    var feeToken = "USDC"
    /// Members of a recorded fill that mean nothing to the simulator and are passed on as they are: `builderFee`, `liquidation` …
    var extras: [JSON.Member] = []
    var twapID: Int64?

    static let zeroHash = "0x" + String(repeating: "0", count: 64)

    /// Signed position after the fill.
    var endPosition: Size { Size(e8: startPosition.e8 + side.sign * size.e8) }
    /// The side that took liquidity.
    var aggressor: Side { crossed ? side : side.opposite }

    func trade(of user: String) -> Trade {
        Trade(
            side: aggressor, price: price, size: size, time: time, hash: hash, tid: tid,
            buyer: side == .buy ? user : LeaderAddress.book, seller: side == .sell ? user : LeaderAddress.book)
    }
}
