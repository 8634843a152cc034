import CopyTrading

/// Limits of one market that the world may change while it trades. What is `nil` does not limit.
struct MarketRules: Equatable {
    /// USDC at mark. At the cap nothing opens a position, and nothing rests farther than ``cappedDistancePercent`` beyond the oracle; below
    /// it no single order may pass it.
    var openInterestCap: Notional?
    /// A limit farther than this from the oracle price is refused.
    var oracleDistancePercent: Int?

    /// At the open interest cap.
    static let cappedDistancePercent = 1
    static let distanceRange = 1...1_000
}

extension Market {
    /// What one market order may be worth, by the market's maximum leverage, as the exchange's documentation gives it; `/info`
    /// `maxMarketOrderNtls` has the same table.
    static let marketOrderLimits: [(leverage: Int, value: Notional)] = [
        (25, Notional(15_000_000)), (20, Notional(5_000_000)), (10, Notional(2_000_000)), (1, Notional(500_000)),
    ]

    var maximumMarketOrder: Notional {
        Self.marketOrderLimits.first { maximumLeverage >= $0.leverage }?.value ?? Self.marketOrderLimits[Self.marketOrderLimits.count - 1].value
    }

    /// `percent` of `price`, rounded down.
    static func share(_ percent: Int, of price: Price) -> Price { Price(e8: Int64(Int128(price.e8) * Int128(percent) / 100)) }
}
