/// Prices and sizes the exchange accepts: at most 5 significant figures and at most `6 − szDecimals` decimals for a
/// perpetual, `8 − szDecimals` for a spot pair; whole numbers are always legal.
public enum TickRounding {
    public enum Direction: Sendable { case down, up }

    /// What a limit is for. An entry's cap is never exceeded; an exit may pay up to one tick more, within its step of the ladder.
    public enum Purpose: Sendable { case entry, exit }

    public static let significantFigures = 5
    /// Decimals of a price and a size together.
    public static let perpetualDecimals = 6
    public static let spotDecimals = 8

    /// The nearest legal price in the direction given; `nil` when there is no positive one or it leaves the range.
    /// - Parameter maximumDecimals: ``perpetualDecimals`` or ``spotDecimals``; so everywhere here.
    public static func price(
        _ price: Price, sizeDecimals: Int, maximumDecimals: Int = perpetualDecimals, toward direction: Direction
    ) -> Price? {
        rounded(
            e12: Int128(price.e8) * 10_000, decimals: decimals(of: price, sizeDecimals: sizeDecimals, maximumDecimals: maximumDecimals),
            direction)
    }

    /// The limit of an order that may pay `basisPoints` beyond `reference`: above it for a buy, below it for a sell.
    /// `nil` when no legal positive price is left.
    public static func limit(
        reference: Price, basisPoints: Int, side: Side, purpose: Purpose, sizeDecimals: Int, maximumDecimals: Int = perpetualDecimals
    ) -> Price? {
        let exact = Int128(reference.e8) * (10_000 + Int128(side.sign) * Int128(basisPoints))
        guard exact > 0, let near = Int64(exactly: exact / 10_000) else { return nil }
        let direction: Direction = (side == .buy) == (purpose == .entry) ? .down : .up
        return rounded(
            e12: exact, decimals: decimals(of: Price(e8: near), sizeDecimals: sizeDecimals, maximumDecimals: maximumDecimals), direction)
    }

    public static func isLegal(_ price: Price, sizeDecimals: Int, maximumDecimals: Int = perpetualDecimals) -> Bool {
        price.e8 > 0
            && price.truncated(decimals: decimals(of: price, sizeDecimals: sizeDecimals, maximumDecimals: maximumDecimals)) == price
    }

    /// Decimals a price of this magnitude may have.
    static func decimals(of price: Price, sizeDecimals: Int, maximumDecimals: Int) -> Int {
        // Position of the first significant digit: 1 for 1…9, 2 for 10…99, 0 for 0.1…0.9, −1 for 0.01….
        var leading = -8
        var rest = price.e8.magnitude
        while rest > 0 { rest /= 10; leading += 1 }
        return min(max(0, significantFigures - leading), max(0, maximumDecimals - sizeDecimals))
    }

    /// - Parameter e12: the exact value in units of 1e-12.
    private static func rounded(e12 value: Int128, decimals: Int, _ direction: Direction) -> Price? {
        let unit = Int128(Power.ten(12 - decimals))
        var ticks = value / unit
        if direction == .up, value % unit != 0 { ticks += 1 }
        guard ticks > 0 else { return nil }
        return try? Price(e8: ticks * Int128(Power.ten(8 - decimals)))
    }
}

extension Size {
    /// Rounded toward zero to the market's lot.
    public func roundedDown(to instrument: Instrument) -> Size { truncated(decimals: min(max(instrument.sizeDecimals, 0), 8)) }
}
