import CopyTrading
import JSON

/// One trader of the exchange's leaderboard.
public struct LeaderboardRow: Sendable, Equatable {
    /// Lower case.
    public var address: String
    public var accountValue: Notional
    public var displayName: String?
    public var performance: [Portfolio.Period: Performance]

    public struct Performance: Sendable, Equatable {
        public var profit: Notional
        /// Fraction of the account's value; 0.5 is a gain of one half.
        public var returnOnInvestment: Ratio
        /// USDC traded.
        public var volume: WideDecimal
    }

    /// `{"ethAddress","accountValue","windowPerformances":[["day",{"pnl","roi","vlm"}],…],"prize","displayName"}`; a window not known
    /// here is left out.
    init(json: JSON) throws(JSONError) {
        address = try json.string("ethAddress").lowercased()
        accountValue = try json.denoisedDecimal("accountValue")
        displayName = try json.string(ifPresent: "displayName")
        let windows = try json.list("windowPerformances") { window throws(JSONError) in
            try window.pair({ name throws(JSONError) in try name.asString() }, Performance.init(json:))
        }
        performance = [:]
        for (name, window) in windows { if let period = Portfolio.Period(rawValue: name) { performance[period] = window } }
    }
}

extension LeaderboardRow.Performance {
    init(json: JSON) throws(JSONError) {
        self.init(
            profit: try json.denoisedDecimal("pnl"), returnOnInvestment: try json.ratio("roi"), volume: try json.wideDecimal("vlm"))
    }
}
