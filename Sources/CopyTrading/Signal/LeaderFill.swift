/// One fill of a leader's order, as the exchange reported it: the domain's own input, free of wire details.
public struct LeaderFill: Sendable, Equatable {
    /// Where it was read; the raw value is the tier of signals made of it (R-13).
    public enum Source: Int, Sendable {
        /// The leader's own fills: they say which position they began at and which order they belong to.
        case own = 1
        /// Public trades that name the leader: neither is said.
        case market = 2
    }

    public var source: Source
    public var coin: Coin
    public var price: Price
    /// Coins traded, unsigned.
    public var size: Size
    /// Side of the leader's trade.
    public var side: Side
    /// Exchange time, milliseconds since 1970.
    public var time: Int64
    /// The leader's signed position in the coin right before this fill. For one read from the market it is the one known when the
    /// fill is applied; before that it means nothing.
    public var startPosition: Size
    /// The exchange's description (`Open Long`, `Long > Short`, `Settlement` …). Tells the cause, never the direction (R-02).
    public var dir: String
    /// The order; `nil` when it was not told.
    public var oid: Int64?
    /// True when this fill took liquidity.
    public var crossed: Bool
    /// Identifies the trade; both of its parties see the same one.
    public var tid: Int64
    /// Set when the fill is a slice of a TWAP order.
    public var twapID: Int64?
    /// True when the leader is the one being liquidated, as opposed to the other party of someone's liquidation.
    public var isLiquidationOfLeader: Bool

    public init(
        coin: Coin, price: Price, size: Size, side: Side, time: Int64, startPosition: Size, dir: String, oid: Int64?, crossed: Bool,
        tid: Int64, twapID: Int64? = nil, isLiquidationOfLeader: Bool = false, source: Source = .own
    ) {
        self.source = source
        self.coin = coin
        self.price = price
        self.size = size
        self.side = side
        self.time = time
        self.startPosition = startPosition
        self.dir = dir
        self.oid = oid
        self.crossed = crossed
        self.tid = tid
        self.twapID = twapID
        self.isLiquidationOfLeader = isLiquidationOfLeader
    }

    /// Signed change of the leader's position.
    public var change: Size { Size(e8: side.sign * size.e8) }
    /// The leader's signed position right after this fill.
    public var end: Size { startPosition + change }

    /// Why the position changed. `dir` texts are those of the exchange's `userFills`.
    public var cause: Cause {
        if isLiquidationOfLeader || dir.hasPrefix("Liquidated") { return .liquidation }
        switch dir {
        case "Auto-Deleveraging": return .adl
        case "Settlement": return .settlement
        case "Net Child Vaults": return .vaultNet
        case "Spot Dust Conversion": return .dust
        case "Buy", "Sell": return .spot
        default: return twapID == nil ? .voluntary : .twap
        }
    }

    /// Spot pairs (`@107`, `PURR/USDC`) and outcome tokens (`#12`) share the fill feed with perpetuals.
    var isSpot: Bool { coin.text.hasPrefix("@") || coin.text.hasPrefix("#") || coin.text.contains("/") }

    /// Exchange times that are accepted, up to the year 33658: differences and microseconds of them stay in range.
    static let times: ClosedRange<Int64> = 0...1_000_000_000_000_000

    /// What makes the fill unusable, or `nil`. Guards the arithmetic of everything behind it. To be asked again where a fill read from the
    /// market is given its position.
    var defect: String? {
        if size.e8 <= 0 { return "size \(size) is not positive" }
        if price.e8 <= 0 { return "price \(price) is not positive" }
        guard Self.times.contains(time) else { return "time \(time) is not in milliseconds since 1970" }
        let (end, overflow) = startPosition.e8.addingReportingOverflow(side.sign * size.e8)
        if overflow || end.magnitude > UInt64(Size.limit) { return "position after the fill is out of range" }
        return nil
    }
}
