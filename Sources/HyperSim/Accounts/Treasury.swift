/// Whose money is not an account's, in units of 1e-8 USDC. All accounts and ``house`` and ``fees`` together are always ``deposits``.
struct Treasury: Equatable {
    /// Of whoever stands behind the synthetic quotes: what accounts paid to it in trades and funding.
    var house: Int128 = 0
    /// Trading fees, less rebates and what went to builders; fees of withdrawals; reserved requests.
    var fees: Int128 = 0
    /// Deposits less withdrawals.
    var deposits: Int128 = 0
}
