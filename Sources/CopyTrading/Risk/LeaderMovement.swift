/// Money that came to a leader's account or left it, or a liquidation, as the exchange's ledger has it.
public struct LeaderMovement: Sendable, Equatable {
    /// Exchange time, milliseconds since 1970.
    public var time: Int64
    /// USDC; negative for what left. Zero for what stayed within the account.
    public var amount: Notional
    public var isLiquidation: Bool

    public init(time: Int64, amount: Notional, isLiquidation: Bool = false) {
        self.time = time
        self.amount = amount
        self.isLiquidation = isLiquidation
    }
}
