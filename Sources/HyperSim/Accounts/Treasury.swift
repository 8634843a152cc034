import CopyTrading

/// Whose money is not an account's. What all accounts have together, less what came in from outside, is always minus this.
struct Treasury: Equatable {
    /// Of whoever stands behind the synthetic quotes: what accounts paid to it in trades and funding.
    var house = Notional.zero
    /// Trading fees, less rebates and what went to builders; fees of withdrawals; reserved requests.
    var fees = Notional.zero
    /// Deposits less withdrawals.
    var deposits = Notional.zero
}
