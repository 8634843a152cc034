/// The book of one market as the exchange last showed it: so many of its best levels, at most 20 a side.
public struct MarketDepth: Sendable, Equatable {
    public struct Level: Sendable, Equatable {
        public var price: Price
        /// Coins, all orders at this price together.
        public var size: Size

        public init(price: Price, size: Size) {
            self.price = price
            self.size = size
        }
    }

    /// The exchange shows 20 levels about every 5.4 s; a picture of it is good until the next is due, milliseconds.
    public static let period: Int64 = 6_000

    /// Best first.
    public var bids: [Level]
    public var asks: [Level]
    /// When it was received, milliseconds since 1970.
    public var heardAt: Int64

    public init(bids: [Level], asks: [Level], heardAt: Int64) {
        self.bids = bids
        self.asks = asks
        self.heardAt = heardAt
    }

    /// Coins that an order of this side can trade with at its limit or better.
    ///
    /// A book is some seconds old and its prices move with the market, while how much lies how far behind the best price changes slowly. So
    /// with `best`, the best price of now, each level counts as far behind it as it was behind the best price then.
    public func visible(to side: Side, within limit: Price, best: Price? = nil) -> Size {
        let levels = side == .buy ? asks : bids
        guard let then = levels.first?.price else { return .zero }
        let reach = Int128(limit.e8) * Int128(then.e8)
        let within = levels.prefix { level in
            let price = Int128(level.price.e8) * Int128((best ?? then).e8)
            return side == .buy ? price <= reach : price >= reach
        }
        return Size(e8: Int64(clamping: within.reduce(Int128(0)) { $0 + Int128($1.size.e8) }))
    }
}

extension MarketDepth {
    /// `<heardAt> <bids> <asks>`, each side `price:size,…` and best first, `-` for an empty one:
    /// `1795240482390 49990:1.2,49989:3 50010:0.7`.
    public var text: String {
        func side(_ levels: [Level]) -> String { levels.isEmpty ? "-" : levels.map { "\($0.price):\($0.size)" }.joined(separator: ",") }
        return "\(heardAt) \(side(bids)) \(side(asks))"
    }

    /// Reads ``text``; a price, size or time that is not positive is malformed.
    public init(text: String) throws(MoneyError) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let heardAt = Int64(parts[0]), heardAt > 0 else { throw .malformed(text) }
        func side(_ part: Substring) throws(MoneyError) -> [Level] {
            guard part != "-" else { return [] }
            var levels: [Level] = []
            for item in part.split(separator: ",", omittingEmptySubsequences: false) {
                let pair = item.split(separator: ":", omittingEmptySubsequences: false)
                guard pair.count == 2 else { throw .malformed(text) }
                let level = Level(price: try Price(parsing: pair[0]), size: try Size(parsing: pair[1]))
                guard level.price > .zero, level.size > .zero else { throw .malformed(text) }
                levels.append(level)
            }
            return levels
        }
        self.init(bids: try side(parts[1]), asks: try side(parts[2]), heardAt: heardAt)
    }
}
