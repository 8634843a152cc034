import CopyTrading
import JSON

/// Prices and activity of one perpetual market.
public struct AssetContext: Sendable, Equatable {
    public var markPrice: Price
    public var oraclePrice: Price
    /// `nil` without a book.
    public var midPrice: Price?
    /// 24 hours ago.
    public var previousDayPrice: Price
    /// Running estimate for this hour, a fraction of the position's value an hour.
    public var funding: Ratio
    /// Of the impact price over the oracle's; `nil` without a book.
    public var premium: Ratio?
    /// Coins.
    public var openInterest: WideDecimal
    /// USDC traded in 24 hours.
    public var dayNotionalVolume: WideDecimal
    /// Coins traded in 24 hours; `nil` in recordings before 2024.
    public var dayCoinVolume: WideDecimal?
    /// What the exchange's impact notional would trade at; `nil` without a book.
    public var impactPrices: ImpactPrices?

    public struct ImpactPrices: Sendable, Equatable {
        public var bid: Price
        public var ask: Price
    }

    /// `{"funding","openInterest","prevDayPx","dayNtlVlm","premium","oraclePx","markPx","midPx","impactPxs","dayBaseVlm"}`
    public init(json: JSON) throws(JSONError) {
        markPrice = try json.denoisedDecimal("markPx")
        oraclePrice = try json.denoisedDecimal("oraclePx")
        midPrice = try json.denoisedDecimal(ifPresent: "midPx")
        previousDayPrice = try json.denoisedDecimal("prevDayPx")
        funding = try json.ratio("funding")
        premium = json["premium"] == nil ? nil : try json.ratio("premium")
        openInterest = try json.wideDecimal("openInterest")
        dayNotionalVolume = try json.wideDecimal("dayNtlVlm")
        dayCoinVolume = json["dayBaseVlm"] == nil ? nil : try json.wideDecimal("dayBaseVlm")
        impactPrices = try json.maybe("impactPxs") { pair throws(JSONError) in
            let (bid, ask): (Price, Price) = try pair.pair(
                { value throws(JSONError) in try value.asDenoisedDecimal() }, { value throws(JSONError) in try value.asDenoisedDecimal() })
            return ImpactPrices(bid: bid, ask: ask)
        }
    }
}

/// The perpetual markets of one dex, each with its context.
public struct PerpetualSnapshot: Sendable, Equatable {
    public var markets: PerpetualMarkets
    public var contexts: [Coin: AssetContext]

    /// `[meta, contexts]`: the contexts stand in the order of the markets.
    init(json: JSON, dex: PerpetualDex?) throws(JSONError) {
        let (markets, list) = try json.pair(
            { meta throws(JSONError) in try PerpetualMarkets(json: meta, dex: dex) },
            { contexts throws(JSONError) in try contexts.map(AssetContext.init(json:)) })
        guard list.count == markets.instruments.count else {
            throw JSONError(path: "[1]", problem: "expected \(markets.instruments.count) contexts, found \(list.count)")
        }
        self.markets = markets
        contexts = Dictionary(zip(markets.instruments.map(\.coin), list)) { first, _ in first }
    }
}

extension InfoRequest where Answer == PerpetualSnapshot {
    /// - Parameter dex: a builder dex; `nil` is the exchange's own.
    public static func metaAndAssetCtxs(dex: PerpetualDex? = nil) -> Self {
        Self("metaAndAssetCtxs", [("dex", .string(orNone: dex?.name))]) { answer throws(JSONError) in
            try PerpetualSnapshot(json: answer, dex: dex)
        }
    }
}
