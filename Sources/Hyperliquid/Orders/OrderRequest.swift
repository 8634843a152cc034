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

/// When an order is placed.
public enum OrderType: Sendable, Equatable {
    case limit(TimeInForce)
    case trigger(OrderTrigger)
}

/// An order that waits until the mark price reaches `price`.
public struct OrderTrigger: Sendable, Equatable {
    public var price: Price
    public var purpose: Purpose
    /// Executes at the market with 10 % tolerance; else rests at the order's limit.
    public var isMarket: Bool

    public enum Purpose: String, Sendable, CaseIterable {
        case takeProfit = "tp", stopLoss = "sl"
    }

    public init(price: Price, purpose: Purpose, isMarket: Bool) {
        self.price = price
        self.purpose = purpose
        self.isMarket = isMarket
    }
}

/// One order of an `order` action.
public struct OrderRequest: Sendable, Equatable {
    /// The exchange's asset id, ``CopyTrading/Instrument/asset``.
    public var asset: Int
    public var isBuy: Bool
    /// Limit price; at most 5 significant digits unless whole, and at most 6 − size decimals (perpetuals) or 8 − size decimals (spot).
    public var price: Price
    /// Coins, unsigned; at most the instrument's size decimals. Zero means the whole position, for ``OrderGrouping/positionTpsl`` only.
    public var size: Size
    public var reduceOnly: Bool
    public var type: OrderType
    /// Client order id: `0x` and 32 digits; sent in lower case, in which the exchange hashes it.
    public var cloid: String?

    public init(asset: Int, isBuy: Bool, price: Price, size: Size, reduceOnly: Bool, type: OrderType, cloid: String?) {
        self.asset = asset
        self.isBuy = isBuy
        self.price = price
        self.size = size
        self.reduceOnly = reduceOnly
        self.type = type
        self.cloid = cloid
    }

    public init(asset: Int, isBuy: Bool, price: Price, size: Size, reduceOnly: Bool, timeInForce: TimeInForce, cloid: String?) {
        self.init(asset: asset, isBuy: isBuy, price: price, size: size, reduceOnly: reduceOnly, type: .limit(timeInForce), cloid: cloid)
    }

    /// Members in the order in which they are hashed: `a b p s r t c`; `c` is left out, not null, when there is none.
    public var json: JSON {
        var members: [JSON.Member] = [
            .init("a", .integer(asset)), .init("b", .bool(isBuy)), .init("p", .string(price.description)),
            .init("s", .string(size.description)), .init("r", .bool(reduceOnly)), .init("t", type.json),
        ]
        if let cloid { members.append(.init("c", .string(cloid.lowercased()))) }
        return .object(members)
    }
}

extension OrderType {
    /// Members in the order in which they are hashed.
    var json: JSON {
        switch self {
        case .limit(let timeInForce): ["limit": ["tif": .string(timeInForce.rawValue)]]
        case .trigger(let trigger):
            [
                "trigger": [
                    "isMarket": .bool(trigger.isMarket), "triggerPx": .string(trigger.price.description),
                    "tpsl": .string(trigger.purpose.rawValue),
                ]
            ]
        }
    }
}

/// How the orders of one action belong together.
public enum OrderGrouping: Sendable, Equatable {
    /// Not at all.
    case none
    /// The first is the parent, the following take-profits and stop-losses close what it opened.
    case normalTpsl
    /// Take-profits and stop-losses that follow the size of the position.
    case positionTpsl
    /// Pays this fee, in 1e-8 of the traded value, for an earlier place in the block; only immediate-or-cancel orders, or only
    /// add-liquidity orders that open.
    case priority(rate: Int)

    var json: JSON {
        switch self {
        case .none: "na"
        case .normalTpsl: "normalTpsl"
        case .positionTpsl: "positionTpsl"
        case .priority(let rate): ["p": .integer(rate)]
        }
    }
}

/// Who is paid for having built an order. The account must have approved at least this fee (`approveBuilderFee`).
public struct BuilderFee: Sendable, Equatable {
    /// `0x` and 40 digits; sent in lower case.
    public var builder: String
    /// Tenths of a basis point (10 = 0.01 %): at most 100 for perpetuals, 1000 for spot.
    public var fee: Int

    public init(builder: String, fee: Int) {
        self.builder = builder
        self.fee = fee
    }

    var json: JSON { ["b": .string(builder.lowercased()), "f": .integer(fee)] }
}
