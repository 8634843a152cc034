/// Contiguous fills of one order that are being gathered into one signal.
struct FillChain: Sendable {
    let coin: Coin
    let oid: Int64
    let side: Side
    let cause: Cause
    let crossed: Bool
    let isDrip: Bool
    /// The less informative one of its fills' sources.
    private(set) var source: LeaderFill.Source
    let start: Size
    private(set) var end: Size
    /// Σ price × size in units of 1e-16.
    private(set) var weight: Int128
    private(set) var count = 1
    let firstFill: Int64
    private(set) var lastFill: Int64
    /// Exchange times, milliseconds.
    let firstTime: Int64
    private(set) var lastTime: Int64
    /// Receive times, microseconds.
    let firstReceived: Int64
    private(set) var lastReceived: Int64

    init(_ fill: LeaderFill, receivedAt: Int64) {
        coin = fill.coin
        oid = fill.oid
        side = fill.side
        cause = fill.cause
        crossed = fill.crossed
        isDrip = fill.isDrip
        source = fill.source
        start = fill.startPosition
        end = fill.end
        weight = Self.weight(fill)
        firstFill = fill.tid
        lastFill = fill.tid
        firstTime = fill.time
        lastTime = fill.time
        firstReceived = receivedAt
        lastReceived = receivedAt
    }

    /// Whether the fill continues this chain. A taker order executes in one block; drips may pause for less than the debounce and
    /// last less than the longest hold, both measured by the exchange's clock here, so that the same fills delivered faster (a
    /// backfill, a replay) give the same signals.
    func accepts(_ fill: LeaderFill, _ configuration: SignalBuilder.Configuration) -> Bool {
        guard fill.oid == oid, fill.side == side, fill.crossed == crossed, fill.isDrip == isDrip, fill.cause == cause,
            fill.startPosition == end, fill.time >= lastTime
        else { return false }
        guard isDrip else { return fill.time == lastTime }
        return fill.time == lastTime
            || ((fill.time - lastTime) * 1_000 < configuration.debounce && (fill.time - firstTime) * 1_000 < configuration.maximumHold)
    }

    mutating func append(_ fill: LeaderFill, receivedAt: Int64) {
        end = fill.end
        weight += Self.weight(fill)
        count += 1
        if fill.source == .market { source = .market }
        lastFill = fill.tid
        lastTime = fill.time
        lastReceived = max(lastReceived, receivedAt)
    }

    /// Nothing is gained by waiting: a taker order is complete with its block, a closed position should be copied now, and a drip
    /// that is worth an order is one.
    func isDue(_ configuration: SignalBuilder.Configuration) -> Bool {
        !isDrip || end.isZero || weight >= Int128(configuration.flushNotional.e8) * Int128(Notional.scale)
    }

    /// Receive time at which a waiting chain is emitted, microseconds.
    func deadline(_ configuration: SignalBuilder.Configuration) -> Int64 {
        min(lastReceived + configuration.debounce, firstReceived + configuration.maximumHold)
    }

    /// Unsigned; all fills are on one side.
    var size: Size { (end - start).magnitude }

    var averagePrice: Price {
        // An average of accepted prices lies between them, so it is in range.
        Price(e8: Int64(weight / Int128(size.e8)))
    }

    private static func weight(_ fill: LeaderFill) -> Int128 { Int128(fill.price.e8) * Int128(fill.size.e8) }
}
