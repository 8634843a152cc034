/// What the exchange demands of orders in one market.
public struct Instrument: Sendable, Equatable {
    public var coin: Coin
    /// The exchange's asset id, used in orders.
    public var asset: Int
    /// Decimals of a size.
    public var sizeDecimals: Int
    public var maximumLeverage: Int
    public var onlyIsolated: Bool
    public var isDelisted: Bool

    public init(coin: Coin, asset: Int, sizeDecimals: Int, maximumLeverage: Int, onlyIsolated: Bool = false, isDelisted: Bool = false) {
        self.coin = coin
        self.asset = asset
        self.sizeDecimals = sizeDecimals
        self.maximumLeverage = maximumLeverage
        self.onlyIsolated = onlyIsolated
        self.isDelisted = isDelisted
    }
}
