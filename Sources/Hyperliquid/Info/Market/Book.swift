import CopyTrading
import JSON

/// The best levels (at most 20 a side) of one market.
public struct Book: Sendable, Equatable {
    public var coin: Coin
    /// Milliseconds since 1970.
    public var time: Int64
    /// Best first; empty when that side has no orders.
    public var bids: [Level]
    public var asks: [Level]
    /// Of the fast channel, which shows 5 levels a side.
    public var isFast: Bool

    public struct Level: Sendable, Equatable {
        public var price: Price
        /// Coins, all orders at this price together.
        public var size: Size

        public init(price: Price, size: Size) {
            self.price = price
            self.size = size
        }
    }

    /// How many price levels are put together into one.
    public enum Aggregation: Sendable, Hashable {
        case none
        /// Significant figures of a level's price: 2, 3 or 4.
        case significantFigures(Int)
        /// Five significant figures, in steps of 1, 2 or 5 of the last.
        case fifthFigure(step: Int)
    }

    public init(coin: Coin, time: Int64, bids: [Level], asks: [Level], isFast: Bool = false) {
        self.coin = coin
        self.time = time
        self.bids = bids
        self.asks = asks
        self.isFast = isFast
    }

    /// `{"coin","time","levels":[[{"px","sz","n"},…],[…]]}`, of the fast channel with `"fast":true`; an unknown coin is answered with `null`.
    public init(json: JSON) throws(JSONError) {
        guard json != .null else { throw JSONError(problem: "the exchange knows no such coin") }
        let sides = try json.list("levels") { side throws(JSONError) in
            try side.map { level throws(JSONError) in Level(price: try level.decimal("px"), size: try level.decimal("sz")) }
        }
        guard sides.count == 2 else { throw JSONError(path: "levels", problem: "expected two sides, found \(sides.count)") }
        self.init(coin: Coin(try json.string("coin")), time: try json.milliseconds("time"), bids: sides[0], asks: sides[1],
            isFast: json["fast"] == true)
    }
}

extension InfoRequest where Answer == Book {
    public static func l2Book(_ coin: Coin, aggregation: Book.Aggregation = .none) -> Self {
        let figures: JSON?, mantissa: JSON?
        switch aggregation {
        case .none: (figures, mantissa) = (nil, nil)
        case .significantFigures(let count): (figures, mantissa) = (.integer(count), nil)
        // The exchange refuses a mantissa of 1, which is what it takes when there is none.
        case .fifthFigure(let step): (figures, mantissa) = (5, step == 1 ? nil : .integer(step))
        }
        return Self("l2Book", [("coin", .string(coin.text)), ("nSigFigs", figures), ("mantissa", mantissa)], decode: Book.init(json:))
    }
}

extension ExchangeClient {
    public func book(_ coin: Coin) async throws(InfoError) -> Book { try await read(.l2Book(coin)) }
}
