import CopyTrading

/// What the exchange reports of an account beside its trades: each member is empty or the exchange's own default until something sets it.
struct AccountReport {
    var fundings = BoundedHistory<FundingPayment>(limit: historyLimit)
    /// Movements that are neither trade nor funding.
    var ledgerUpdates = BoundedHistory<LedgerUpdate>(limit: historyLimit)
    /// Equity over time, oldest first.
    var equity = BoundedHistory<EquitySample>(limit: historyLimit)
    /// Named agents, in the order of their approval.
    var namedAgents: [NamedAgent] = []
    var mode = AccountMode.standard
    /// USDC outside the perpetuals' accounts, and how much of it is held for orders.
    var spotBalance = Notional.zero
    var spotHold = Notional.zero
    /// Largest approved fee by builder, in tenths of a basis point.
    var builderFees: [String: Int] = [:]
    /// Requests bought beyond the budget that comes from volume.
    var reservedRequests = 0

    static let historyLimit = 10_000
}

/// An agent that was approved under a name.
struct NamedAgent: Equatable {
    var name: String
    var address: String
    /// Milliseconds since 1970.
    var validUntil: Int64
}

/// How an account's collateral is shared, by the exchange's words of `userAbstraction`.
enum AccountMode: String {
    case standard = "default"
    case disabled, unifiedAccount, portfolioMargin
}

/// What an account was worth at one time.
struct EquitySample: Equatable {
    /// Milliseconds since 1970.
    var time: Int64
    var value: Notional
    /// Made since the account was opened.
    var profit: Notional
}

/// One hour's funding rate of one market.
struct FundingRate: Equatable {
    /// Milliseconds since 1970.
    var time: Int64
    /// Per hour.
    var rate: Ratio
    var premium: Ratio
}
