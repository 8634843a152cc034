import CopyTrading

/// What an action or a leader's fill caused, in order: the material of the ledger and of the subscriptions.
struct Effects {
    var ledger: [LedgerEntry] = []
    var orderUpdates: [(account: Account, update: OrderUpdate)] = []
    var fills: [(account: Account, fill: Fill)] = []
    var trades: [(market: Market, trade: Trade)] = []
    /// Markets whose mid or book is another than before, by index.
    var movedMarkets: Set<Int> = []

    var isEmpty: Bool {
        ledger.isEmpty && orderUpdates.isEmpty && fills.isEmpty && trades.isEmpty && movedMarkets.isEmpty
    }
}

extension Engine {
    /// Hands over what was caused since the last call.
    func takeEffects() -> Effects {
        defer { effects = Effects() }
        return effects
    }
}
