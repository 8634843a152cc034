import CopyTrading
import JSON

/// An account's tokens. Of a unified or portfolio-margin account they back the perpetuals too.
public struct SpotState: Sendable, Equatable {
    public var balances: [Balance]
    public var hasPortfolioMargin: Bool

    public struct Balance: Sendable, Equatable {
        public var coin: Coin
        /// Token index.
        public var token: Int
        public var total: WideDecimal
        /// Of `total`: bound by resting orders, or as margin.
        public var hold: WideDecimal
        /// What the balance cost, USDC.
        public var cost: WideDecimal
    }

    /// The answer of `spotClearinghouseState`.
    public init(json: JSON) throws(JSONError) {
        balances = try json.list("balances", Balance.init(json:))
        hasPortfolioMargin = try json.flag("portfolioMarginEnabled")
    }

    /// Zero when the account holds none.
    public func total(of coin: Coin) -> WideDecimal { balances.first { $0.coin == coin }?.total ?? .zero }
}

extension SpotState.Balance {
    /// `{"coin":"USDC","token":0,"total":"11.38693826","hold":"0.0","entryNtl":"0.0"}`
    init(json: JSON) throws(JSONError) {
        self.init(
            coin: Coin(try json.string("coin")), token: Int(try json.integer("token")), total: try json.wideDecimal("total"),
            hold: try json.wideDecimal("hold"), cost: try json.wideDecimal("entryNtl"))
    }
}

extension InfoRequest where Answer == SpotState {
    public static func spotClearinghouseState(_ user: String) -> Self {
        Self("spotClearinghouseState", [("user", .string(user))], decode: SpotState.init(json:))
    }
}
