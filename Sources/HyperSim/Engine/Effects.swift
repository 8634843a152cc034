import CopyTrading
import JSON

/// What an action or a leader's fill caused, in order: the material of the ledger and of the subscriptions.
struct Effects {
    var ledger: [LedgerEntry] = []
    var orderUpdates: [(account: Account, update: OrderUpdate)] = []
    var fills: [(account: Account, fill: Fill)] = []
    var trades: [(market: Market, trade: Trade)] = []
    var fundings: [(account: Account, payment: FundingPayment)] = []
    var ledgerUpdates: [(account: Account, update: LedgerUpdate)] = []
    /// Orders the exchange cancelled by its own rules.
    var nonUserCancels: [(account: Account, order: PlacedOrder)] = []
    /// TWAP orders that began or ended.
    var twaps: [(account: Account, change: TwapHistory.Change)] = []
    /// Accounts liquidated, wholly or in part.
    var liquidations: [(account: Account, liquidation: LiquidationNotice)] = []
    /// Markets whose mid or book is another than before, by index.
    var movedMarkets: Set<Int> = []

    var isEmpty: Bool {
        ledger.isEmpty && orderUpdates.isEmpty && fills.isEmpty && trades.isEmpty && fundings.isEmpty && ledgerUpdates.isEmpty
            && nonUserCancels.isEmpty && twaps.isEmpty && liquidations.isEmpty && movedMarkets.isEmpty
    }
}

/// One settlement of funding for one position.
struct FundingPayment {
    /// Milliseconds since 1970.
    var time: Int64
    var coin: String
    /// Negative when the account paid.
    var amount: Notional
    /// Signed, as of the settlement.
    var position: Size
    /// Per hour.
    var rate: Ratio
    /// Whether the position's own collateral paid.
    var isIsolated = false
}

/// A deposit, transfer or other movement of an account that is neither trade nor funding.
struct LedgerUpdate {
    /// Milliseconds since 1970.
    var time: Int64
    var hash: String
    /// The exchange's object, with its `type`.
    var delta: JSON
}

/// What `userEvents` tells of a liquidation.
struct LiquidationNotice {
    var id: Int64
    var liquidator: String
    var user: String
    var positionValue: Notional
    var accountValue: Notional
}

extension Engine {
    /// Hands over what was caused since the last call.
    func takeEffects() -> Effects {
        defer { effects = Effects() }
        return effects
    }
}
