import CopyTrading
import JSON

/// What the exchange derives for one market (channels `activeAssetCtx` and `activeSpotAssetCtx`).
public struct MarketContext: Sendable, Equatable {
    public var coin: Coin
    public var mark: Price
    /// `nil` without a book.
    public var mid: Price?
    /// `nil` for spot pairs, as everything below.
    public var oracle: Price?
    /// The running estimate for the current hour.
    public var funding: Ratio?
    public var premium: Ratio?
    /// Coins, one side counted.
    public var openInterest: Size?
    /// USDC traded within a day; `nil` when it is beyond what ``Notional`` holds.
    public var dayVolume: Notional?

    public init(
        coin: Coin, mark: Price, mid: Price?, oracle: Price? = nil, funding: Ratio? = nil, premium: Ratio? = nil, openInterest: Size? = nil,
        dayVolume: Notional? = nil
    ) {
        self.coin = coin
        self.mark = mark
        self.mid = mid
        self.oracle = oracle
        self.funding = funding
        self.premium = premium
        self.openInterest = openInterest
        self.dayVolume = dayVolume
    }

    /// `{"coin","ctx":{"markPx","midPx",…}}`
    public init(json: JSON) throws(JSONError) {
        let coin = Coin(try json.string("coin"))
        self = try json.at("ctx") { context throws(JSONError) in
            MarketContext(
                coin: coin, mark: try context.denoisedDecimal("markPx"), mid: try context.derived("midPx"),
                oracle: try context.derived("oraclePx"), funding: try context.rate("funding"), premium: try context.rate("premium"),
                openInterest: try context.derived("openInterest"), dayVolume: try context.derived("dayNtlVlm"))
        }
    }
}
