import CopyTrading

/// One account's position in one market, with the exact cost it was built at.
///
/// The exchange shows the entry price truncated to 6 − szDecimals decimals and computes closed PnL from that truncated price, but
/// keeps the exact average: a partial close reduces the cost in proportion.
struct Position: Equatable {
    /// Signed: positive long.
    private(set) var size = Size.zero
    /// Σ price × |size| of what is open, in units of 1e-16.
    private(set) var costE16: Int128 = 0
    /// Collateral minus entry value of an isolated position; `nil` when it is cross.
    var isolatedCash: Notional?

    static let flat = Position()

    /// Out of reach of real money, and far enough from the end of 128 bits for one more trade.
    private static let maximumCostE16 = Int128.max / 2

    /// A position taken over from outside at `price`.
    init(size: Size = .zero, price: Price = .zero, isolatedCash: Notional? = nil) {
        self.size = size
        costE16 = Int128(price.e8) * Int128(size.e8.magnitude)
        self.isolatedCash = isolatedCash
    }

    /// What one trade did to a position.
    struct Change: Equatable {
        var start: Size
        var end: Size
        /// Without fees, at most 6 decimals.
        var closedPnl: Notional
        /// The exchange's word for it, for example `Open Long` or `Long > Short`.
        var direction: String
    }

    /// Applies a trade of `size` (unsigned) at `price`.
    mutating func apply(_ side: Side, size traded: Size, price: Price, grid: PriceGrid) -> Change {
        let start = size
        let end = Money.clamped(start, adding: Size(e8: side.sign * traded.e8))
        let closed = start.sign * Int(side.sign) < 0 ? min(traded, start.magnitude) : .zero
        var closedPnl = Notional.zero
        if !closed.isZero {
            let gain = Int128(price.e8 - entryPrice(grid).e8) * Int128(closed.e8) * Int128(start.sign) / Int128(Price.scale)
            closedPnl = Notional(e8: Int64(clamping: gain)).truncated(decimals: 6)
            costE16 -= Money.share(of: costE16, closed, of: start.magnitude)
        }
        let opened = traded - closed
        if opened.e8 > 0 {
            if !closed.isZero { costE16 = 0 }
            costE16 = min(costE16 + Int128(price.e8) * Int128(opened.e8), Self.maximumCostE16)
        }
        if end.isZero { costE16 = 0 }
        size = end
        return Change(start: start, end: end, closedPnl: closedPnl, direction: Self.direction(start: start, end: end, side: side))
    }

    /// Average entry, truncated to the price decimals; zero when flat.
    func entryPrice(_ grid: PriceGrid) -> Price {
        guard !size.isZero else { return .zero }
        return Price(e8: Int64(clamping: costE16 / Int128(size.e8.magnitude))).truncated(decimals: grid.priceDecimals)
    }

    /// |size| × mark.
    func value(mark: Price) -> Notional { Money.product(mark, size) }

    /// szi × mark.
    func signedValue(mark: Price) -> Notional { size.e8 > 0 ? value(mark: mark) : -value(mark: mark) }

    /// (mark − exact entry) × size, at most 6 decimals.
    func unrealizedPnl(mark: Price) -> Notional {
        let worth = Int128(mark.e8) * Int128(size.e8.magnitude)
        let gain = (worth - costE16) * Int128(size.sign) / Int128(Price.scale)
        return Notional(e8: Int64(clamping: gain)).truncated(decimals: 6)
    }

    static func direction(start: Size, end: Size, side: Side) -> String {
        if start.sign * end.sign < 0 { return start.sign > 0 ? "Long > Short" : "Short > Long" }
        let opens = start.sign * Int(side.sign) >= 0
        return (opens ? "Open " : "Close ") + ((opens ? side == .buy : side == .sell) ? "Long" : "Short")
    }
}

/// Products of money that cannot overflow here: prices and sizes were bounded at the door.
enum Money {
    /// price × |size|, truncated at the eighth decimal and clamped to the largest amount.
    static func product(_ price: Price, _ size: Size) -> Notional {
        let wide = Int128(price.e8) * Int128(size.e8.magnitude) / Int128(Price.scale)
        return Notional(e8: Int64(min(wide, Int128(Notional.limit))))
    }

    /// a + b, kept within the range of the type.
    static func clamped<Value: FixedPoint>(_ a: Value, adding b: Value) -> Value {
        Value(e8: Int64(max(-Int128(Value.limit), min(Int128(Value.limit), Int128(a.e8) + Int128(b.e8)))))
    }

    /// total × part / whole, truncated, with the product in 256 bits.
    /// - Parameter part: not above `whole`, and both positive.
    static func share(of total: Int128, _ part: Size, of whole: Size) -> Int128 {
        let product = total.multipliedFullWidth(by: Int128(part.e8))
        return Int128(whole.e8).dividingFullWidth(product).quotient
    }

    /// The exchange's fee: truncated to 6 decimals.
    static func fee(on value: Notional, rateMillionths: Int) -> Notional {
        Notional(e8: Int64(Int128(value.e8) * Int128(rateMillionths) / 1_000_000)).truncated(decimals: 6)
    }
}
