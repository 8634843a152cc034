import CopyTrading

/// One execution of one user, as `userFills` gives it over REST and WebSocket.
public struct UserFill: Sendable, Equatable {
    public var coin: Coin
    public var price: Price
    /// Coins, unsigned.
    public var size: Size
    /// `.buy` when this user bought.
    public var side: Side
    /// Milliseconds since 1970; fills of equal time come in execution order, which `tid` does not show.
    public var time: Int64
    /// This user's signed position before the fill; consecutive fills of a coin chain exactly.
    public var startPosition: Size
    /// `Open Long`, `Close Short`, `Long > Short`, `Liquidated Cross Long`, `Settlement`, spot's `Buy` and others.
    public var dir: String
    /// Hash of the transaction; all zero for executions the exchange made itself (triggers, TWAP slices, liquidations).
    public var hash: String
    public var oid: Int64
    /// True when this user took liquidity.
    public var crossed: Bool
    /// In `feeToken`, builder's share included; negative is a rebate.
    public var fee: Notional
    public var feeToken: String
    /// Of `fee`: what the order's builder was paid.
    public var builderFee: Notional?
    /// Of `fee`: what the market's deployer was paid (HIP-3).
    public var deployerFee: Notional?
    /// Without fees and funding.
    public var closedPnl: Notional
    /// The trade; both parties' fills carry it. Not ordered.
    public var tid: Int64
    public var cloid: String?
    public var liquidation: Liquidation?
    public var twapID: Int64?

    /// Present in both parties' fills of a liquidation.
    public struct Liquidation: Sendable, Equatable {
        /// Whose position was liquidated; when it is not this fill's user, this user was the counterparty.
        public var liquidatedUser: String
        public var markPx: Price
        /// `market` or `backstop`.
        public var method: String

        public init(liquidatedUser: String, markPx: Price, method: String) {
            self.liquidatedUser = liquidatedUser
            self.markPx = markPx
            self.method = method
        }
    }

    public init(
        coin: Coin, price: Price, size: Size, side: Side, time: Int64, startPosition: Size, dir: String, hash: String, oid: Int64,
        crossed: Bool, fee: Notional, feeToken: String = "USDC", builderFee: Notional? = nil, deployerFee: Notional? = nil,
        closedPnl: Notional, tid: Int64, cloid: String? = nil, liquidation: Liquidation? = nil, twapID: Int64? = nil
    ) {
        self.coin = coin
        self.price = price
        self.size = size
        self.side = side
        self.time = time
        self.startPosition = startPosition
        self.dir = dir
        self.hash = hash
        self.oid = oid
        self.crossed = crossed
        self.fee = fee
        self.feeToken = feeToken
        self.builderFee = builderFee
        self.deployerFee = deployerFee
        self.closedPnl = closedPnl
        self.tid = tid
        self.cloid = cloid
        self.liquidation = liquidation
        self.twapID = twapID
    }

    /// This user's signed position after the fill.
    public var endPosition: Size { startPosition + (side == .buy ? size : -size) }
}
