import CopyTrading
import JSON

/// An account's perpetuals on one dex, as the exchange holds them.
public struct AccountState: Sendable, Equatable {
    /// All positions.
    public var margin: MarginSummary
    /// The same without isolated positions.
    public var crossMargin: MarginSummary
    /// What the cross positions need, below which they are liquidated.
    public var crossMaintenanceMargin: Notional
    public var withdrawable: Notional
    /// In the exchange's order.
    public var perpetuals: [PerpetualPosition]
    /// Milliseconds since 1970.
    public var time: Int64

    public struct MarginSummary: Sendable, Equatable {
        /// Cash and unrealised profit. Not the trader's equity when the account is unified with spot (``AccountAbstraction``).
        public var accountValue: Notional
        /// Sum of the positions' values.
        public var positionValue: Notional
        /// Cash, less what the positions cost: account value = cash + Σ signed size × mark.
        public var cash: Notional
        public var marginUsed: Notional

        public init(accountValue: Notional, positionValue: Notional, cash: Notional, marginUsed: Notional) {
            self.accountValue = accountValue
            self.positionValue = positionValue
            self.cash = cash
            self.marginUsed = marginUsed
        }
    }

    public init(
        margin: MarginSummary, crossMargin: MarginSummary, crossMaintenanceMargin: Notional, withdrawable: Notional,
        perpetuals: [PerpetualPosition], time: Int64
    ) {
        self.margin = margin
        self.crossMargin = crossMargin
        self.crossMaintenanceMargin = crossMaintenanceMargin
        self.withdrawable = withdrawable
        self.perpetuals = perpetuals
        self.time = time
    }

    /// Signed size by coin; a coin that is not here is flat.
    public var positions: [Coin: Size] { Dictionary(perpetuals.map { ($0.coin, $0.size) }) { first, _ in first } }

    public var accountValue: Notional { margin.accountValue }

    /// The answer of `clearinghouseState`.
    public init(json: JSON) throws(JSONError) {
        perpetuals = try json.list("assetPositions") { entry throws(JSONError) in
            try entry.at("position", PerpetualPosition.init(json:))
        }
        margin = try json.at("marginSummary", MarginSummary.init(json:))
        crossMargin = try json.at("crossMarginSummary", MarginSummary.init(json:))
        crossMaintenanceMargin = try json.denoisedDecimal("crossMaintenanceMarginUsed")
        withdrawable = try json.denoisedDecimal("withdrawable")
        time = try json.milliseconds("time")
        var coins: Set<Coin> = []
        for position in perpetuals where !coins.insert(position.coin).inserted {
            throw JSONError(path: "assetPositions", problem: "\(position.coin) is listed twice")
        }
    }
}

extension AccountState.MarginSummary {
    /// `{"accountValue","totalNtlPos","totalRawUsd","totalMarginUsed"}`
    init(json: JSON) throws(JSONError) {
        self.init(
            accountValue: try json.denoisedDecimal("accountValue"), positionValue: try json.denoisedDecimal("totalNtlPos"),
            cash: try json.denoisedDecimal("totalRawUsd"), marginUsed: try json.denoisedDecimal("totalMarginUsed"))
    }
}

extension InfoRequest where Answer == AccountState {
    /// - Parameters:
    ///   - user: the account's address. An agent's address gives an empty state, not an error.
    ///   - dex: a builder dex; `nil` is the exchange's own.
    public static func clearinghouseState(_ user: String, dex: String? = nil) -> Self {
        Self("clearinghouseState", [("user", .string(user)), ("dex", .string(orNone: dex))], decode: AccountState.init(json:))
    }
}

extension ExchangeClient {
    /// See ``InfoRequest/clearinghouseState(_:dex:)``.
    public func accountState(_ user: String, dex: String? = nil) async throws(InfoError) -> AccountState {
        try await read(.clearinghouseState(user, dex: dex))
    }
}
