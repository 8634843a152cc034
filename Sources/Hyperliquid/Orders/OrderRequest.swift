import CopyTrading
import JSON

/// How long an order lives.
public enum TimeInForce: String, Sendable, CaseIterable {
    /// Immediate or cancel: what does not match at once is dropped.
    case ioc = "Ioc"
    /// Good until cancelled.
    case gtc = "Gtc"
    /// Add liquidity only: refused when it would match at once.
    case alo = "Alo"
}

/// One limit order of an `order` action.
public struct OrderRequest: Sendable, Equatable {
    /// The exchange's asset id, ``CopyTrading/Instrument/asset``.
    public var asset: Int
    public var isBuy: Bool
    /// Limit price; at most 5 significant digits unless whole, and at most 6 − size decimals (perpetuals).
    public var price: Price
    /// Coins, unsigned; at most the instrument's size decimals.
    public var size: Size
    public var reduceOnly: Bool
    public var timeInForce: TimeInForce
    /// Client order id: `0x` and 32 lower-case digits.
    public var cloid: String?

    public init(asset: Int, isBuy: Bool, price: Price, size: Size, reduceOnly: Bool, timeInForce: TimeInForce, cloid: String?) {
        self.asset = asset
        self.isBuy = isBuy
        self.price = price
        self.size = size
        self.reduceOnly = reduceOnly
        self.timeInForce = timeInForce
        self.cloid = cloid
    }

    /// Members in the order in which they are hashed: `a b p s r t c`; `c` is left out, not null, when there is none.
    public var json: JSON {
        var members: [JSON.Member] = [
            .init("a", .integer(asset)), .init("b", .bool(isBuy)), .init("p", .string(price.description)),
            .init("s", .string(size.description)), .init("r", .bool(reduceOnly)),
            .init("t", ["limit": ["tif": .string(timeInForce.rawValue)]]),
        ]
        if let cloid { members.append(.init("c", .string(cloid))) }
        return .object(members)
    }
}
