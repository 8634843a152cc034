/// The exchange refuses orders worth less than 10 USDC, except one that closes the whole position.
public enum MinimumNotional {
    public static let exchange = Notional(10)
    /// What an order is planned to be worth at least: the price can move 3 % before it is executed.
    public static let planned = Notional(e8: 1_030_000_000)

    /// Whether an order of `size` is large enough: with the buffer at `reference`, and still at its own limit.
    public static func allows(_ size: Size, reference: Price, limit: Price) -> Bool {
        isReached(by: size, at: reference, planned) && isReached(by: size, at: limit, exchange)
    }

    /// Whether what remains of a position is too small to be reduced later.
    public static func isDust(_ size: Size, at price: Price) -> Bool { !isReached(by: size, at: price, planned) }

    /// Whether the exchange takes an order of `size` while the price is this.
    public static func isTaken(_ size: Size, at price: Price) -> Bool { isReached(by: size, at: price, exchange) }

    private static func isReached(by size: Size, at price: Price, _ minimum: Notional) -> Bool {
        // Exact, and cannot overflow: both factors are below 2^63.
        Int128(price.e8) * Int128(size.magnitude.e8) >= Int128(minimum.e8) * Int128(Notional.scale)
    }
}
