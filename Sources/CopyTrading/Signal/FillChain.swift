/// Contiguous fills that become one signal: what a leader did to a position in one moment, in one direction and manner.
///
/// The exchange executes in blocks, and all fills of a block have one time, which every source of them tells: live frames, history and
/// public trades give the same signals, whenever and however often they are read; only public trades that came in another order, or by a
/// cause that they do not tell, may not. That is what makes a signal that was lost with Redis
/// and is read again the same signal, with the same orders. Waiting for more fills of a resting order would make fewer signals, which
/// ones would depend on when they arrived; small sizes are gathered where they matter, by each follower.
struct FillChain: Sendable {
    let coin: Coin
    let side: Side
    let cause: Cause
    let crossed: Bool
    /// The less informative one of its fills' sources.
    private(set) var source: LeaderFill.Source
    let start: Size
    private(set) var end: Size
    /// Σ price × size in units of 1e-16.
    private var weight: Int128
    private(set) var count = 1
    let firstFill: Int64
    private(set) var lastFill: Int64
    /// Exchange time, milliseconds.
    let time: Int64
    /// Receive time of the first fill, microseconds.
    let receivedAt: Int64

    init(_ fill: LeaderFill, receivedAt: Int64) {
        coin = fill.coin
        side = fill.side
        cause = fill.cause
        crossed = fill.crossed
        source = fill.source
        start = fill.startPosition
        end = fill.end
        weight = Self.weight(fill)
        firstFill = fill.tid
        lastFill = fill.tid
        time = fill.time
        self.receivedAt = receivedAt
    }

    func accepts(_ fill: LeaderFill) -> Bool {
        fill.time == time && fill.side == side && fill.crossed == crossed && fill.cause == cause && fill.startPosition == end
    }

    mutating func append(_ fill: LeaderFill) {
        end = fill.end
        weight += Self.weight(fill)
        count += 1
        if fill.source == .market { source = .market }
        lastFill = fill.tid
    }

    /// Unsigned; all fills are on one side.
    var size: Size { (end - start).magnitude }

    var averagePrice: Price {
        // An average of accepted prices lies between them, so it is in range.
        Price(e8: Int64(weight / Int128(size.e8)))
    }

    private static func weight(_ fill: LeaderFill) -> Int128 { Int128(fill.price.e8) * Int128(fill.size.e8) }
}
