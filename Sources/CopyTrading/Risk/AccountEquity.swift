/// Equity by the account's mode: what is not known is never taken for zero.
public enum AccountEquity {
    /// Where the collateral of an account's perpetuals lies.
    public enum Collateral: String, Sendable, CaseIterable {
        /// In the perpetuals' own balance.
        case separate
        /// In the spot balances too: unified and portfolio-margin accounts.
        case shared
    }

    /// - Parameters:
    ///   - collateral: `nil` for a mode that is not known.
    ///   - perpetuals: account values of every dex, USDC.
    ///   - spot: USDC of the spot balances; needed for ``Collateral/shared`` only.
    /// - Returns: `nil` when it cannot be told.
    public static func total(collateral: Collateral?, perpetuals: [Notional], spot: Notional?) -> Notional? {
        let own = perpetuals.reduce(Notional.zero, +)
        switch collateral {
        case nil: return nil
        case .separate: return own
        case .shared: return spot.map { own + $0 }
        }
    }
}
