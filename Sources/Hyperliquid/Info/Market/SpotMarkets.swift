import CopyTrading
import JSON

/// Tokens and the pairs they trade in.
public struct SpotMarkets: Sendable, Equatable {
    public var tokens: [Token]
    public var pairs: [Pair]

    public struct Token: Sendable, Equatable {
        public var name: String
        /// What ``Pair`` refers to; not the position in the list.
        public var index: Int
        /// Decimals of a traded size.
        public var sizeDecimals: Int
        /// Decimals of the token's smallest unit.
        public var weiDecimals: Int
        /// `0x` and 32 digits; a transfer names the token as `NAME:0x…`.
        public var tokenID: String
        public var isCanonical: Bool
    }

    public struct Pair: Sendable, Equatable {
        /// `@107`; only `PURR/USDC` has a name of its own.
        public var coin: Coin
        public var index: Int
        /// Index of the token bought and sold.
        public var base: Int
        /// Index of the token it is paid in.
        public var quote: Int
        public var isCanonical: Bool

        /// The exchange's asset id, used in orders.
        public var asset: Int { 10_000 + index }
    }

    /// The answer of `spotMeta`.
    init(json: JSON) throws(JSONError) {
        tokens = try json.list("tokens", Token.init(json:))
        pairs = try json.list("universe", Pair.init(json:))
    }

    /// Far more than there will be; asset ids are counted up from them.
    static let indices: ClosedRange<Int64> = 0...1_000_000_000

    public func token(_ index: Int) -> Token? { tokens.first { $0.index == index } }

    /// What the exchange demands of orders in `pair`; `nil` when its base token is not listed.
    public func instrument(_ pair: Pair) -> Instrument? {
        token(pair.base).map { Instrument(coin: pair.coin, asset: pair.asset, sizeDecimals: $0.sizeDecimals, maximumLeverage: 1) }
    }
}

extension SpotMarkets.Token {
    init(json: JSON) throws(JSONError) {
        self.init(
            name: try json.string("name"), index: Int(try json.integer("index", SpotMarkets.indices)), sizeDecimals: Int(try json.integer("szDecimals", 0...18)),
            weiDecimals: Int(try json.integer("weiDecimals", 0...18)), tokenID: try json.string("tokenId"), isCanonical: try json.bool("isCanonical"))
    }
}

extension SpotMarkets.Pair {
    init(json: JSON) throws(JSONError) {
        let (base, quote) = try json.at("tokens") { tokens throws(JSONError) in
            try tokens.pair({ index throws(JSONError) in try index.asInteger() }, { index throws(JSONError) in try index.asInteger() })
        }
        self.init(
            coin: Coin(try json.string("name")), index: Int(try json.integer("index", SpotMarkets.indices)), base: Int(base), quote: Int(quote),
            isCanonical: try json.bool("isCanonical"))
    }
}

extension InfoRequest where Answer == SpotMarkets {
    public static func spotMeta() -> Self { Self("spotMeta", decode: SpotMarkets.init(json:)) }
}

/// Prices and activity of one spot pair.
public struct SpotContext: Sendable, Equatable {
    public var coin: Coin
    public var markPrice: Price
    /// `nil` without a book.
    public var midPrice: Price?
    public var previousDayPrice: Price
    /// In the quote token, over 24 hours.
    public var dayNotionalVolume: WideDecimal
    public var circulatingSupply: WideDecimal

    init(json: JSON) throws(JSONError) {
        coin = Coin(try json.string("coin"))
        markPrice = try json.denoisedDecimal("markPx")
        midPrice = try json.denoisedDecimal(ifPresent: "midPx")
        previousDayPrice = try json.denoisedDecimal("prevDayPx")
        dayNotionalVolume = try json.wideDecimal("dayNtlVlm")
        circulatingSupply = try json.wideDecimal("circulatingSupply")
    }
}

/// The spot markets with their contexts, which are matched by coin: their order is not that of the pairs.
public struct SpotSnapshot: Sendable, Equatable {
    public var markets: SpotMarkets
    public var contexts: [Coin: SpotContext]
}

extension InfoRequest where Answer == SpotSnapshot {
    public static func spotMetaAndAssetCtxs() -> Self {
        Self("spotMetaAndAssetCtxs") { answer throws(JSONError) in
            let (markets, contexts) = try answer.pair(
                SpotMarkets.init(json:), { list throws(JSONError) in try list.map(SpotContext.init(json:)) })
            return SpotSnapshot(markets: markets, contexts: Dictionary(contexts.map { ($0.coin, $0) }) { first, _ in first })
        }
    }
}
