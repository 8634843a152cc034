/// What of an account's USDC backs its perpetuals. The raw value is the exchange's word in `userAbstraction`.
enum AccountMode: String {
    /// Never set.
    case standard = "default"
    case disabled
    /// The spot balance is collateral too.
    case unified = "unifiedAccount"
    case portfolio = "portfolioMargin"

    var countsSpot: Bool { self == .unified || self == .portfolio }

    /// The letter agentSetAbstraction uses.
    init?(letter: String) {
        switch letter {
        case "i": self = .disabled
        case "u": self = .unified
        case "p": self = .portfolio
        default: return nil
        }
    }
}
