import CopyTrading

/// Why one order is refused: the exchange's own text and the status it gives the order.
enum Refusal: Error, Equatable {
    case unknownAsset
    case invalidSize
    case tick
    case minimumValue
    case reduceOnly
    case margin
    case marginTier
    case postOnly(bid: Price?, ask: Price?)
    case noMatch
    case noLiquidity
    case tooManyOpenOrders
    case trigger
    case delisted
    case marketOrderValue(maximum: Notional)
    /// - isFlip: the order would close a position and open another.
    case openInterestCap(isFlip: Bool)
    case openInterestCapPrice
    case openInterestIncrease
    case oracleDistance

    /// Without the ` asset=<id>` the answer carries.
    var text: String {
        switch self {
        // No recording shows how the exchange words this one.
        case .unknownAsset: "Order has invalid asset."
        case .invalidSize: "Order has invalid size."
        case .tick: "Price must be divisible by tick size."
        case .minimumValue: "Order must have minimum value of $10."
        case .reduceOnly: "Reduce only order would increase position."
        case .margin: "Insufficient margin to place order."
        case .marginTier: "Order would cause position to exceed margin tier limit at current leverage"
        case .postOnly(let bid, let ask):
            "Post only order would have immediately matched, bbo was \(bid?.description ?? "none")@\(ask?.description ?? "none")."
        case .noMatch: "Order could not immediately match against any resting orders."
        case .noLiquidity: "No liquidity available for market order."
        case .tooManyOpenOrders: "Too many open orders"
        case .trigger: "Invalid TP/SL price."
        // No recording shows how the exchange words these two.
        case .delisted: "Asset is delisted."
        case .marketOrderValue(let maximum): "Market order value too large. Max is $\(maximum)."
        case .openInterestCap: "Order would increase open interest while open interest is capped"
        case .openInterestCapPrice: "Order rejected due to price more aggressive than oracle while at open interest cap"
        case .openInterestIncrease: "Order would increase open interest too quickly"
        case .oracleDistance: "Order price too far from oracle"
        }
    }

    var status: OrderStatus {
        switch self {
        case .unknownAsset, .invalidSize, .delisted, .marketOrderValue: .rejected
        case .noLiquidity: .marketOrderNoLiquidityRejected
        case .tick: .tickRejected
        case .minimumValue: .minTradeNtlRejected
        case .reduceOnly: .reduceOnlyRejected
        case .margin: .perpMarginRejected
        case .marginTier: .perpMaxPositionRejected
        case .postOnly: .badAloPxRejected
        case .noMatch: .iocCancelRejected
        case .tooManyOpenOrders: .tooManyOpenOrdersRejected
        case .trigger: .badTriggerPxRejected
        case .openInterestCap(let isFlip): isFlip ? .positionFlipAtOpenInterestCapRejected : .positionIncreaseAtOpenInterestCapRejected
        case .openInterestCapPrice: .tooAggressiveAtOpenInterestCapRejected
        case .openInterestIncrease: .openInterestIncreaseRejected
        case .oracleDistance: .oracleRejected
        }
    }
}

/// The exchange's answer to one order.
enum OrderAnswer: Equatable {
    case filled(totalSize: Size, averagePrice: Price, oid: Int64, cloid: String?)
    /// Also when it was filled in part at once and the rest rests: no recording shows what the exchange answers then.
    case resting(oid: Int64, cloid: String?)
    /// A trigger order was accepted, or one that waits for its parent; neither answer has an oid.
    case waitingForTrigger
    case waitingForFill
    /// The text as it goes out.
    case error(String)
}

/// Who asks, and under which nonce: the same for every item of one action.
struct ActionContext {
    var signer: Signer
    /// The account acted for: the signer's, or a vault of its owner.
    var account: Account
    var nonce: UInt64
    /// Of the fills the action causes: 0x and 64 digits.
    var hash: String
    /// Milliseconds since 1970.
    var now: Int64
}
