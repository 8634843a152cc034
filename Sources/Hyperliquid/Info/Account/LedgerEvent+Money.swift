import CopyTrading
import JSON

extension LedgerEvent {
    /// What it brought to the account's equity, USDC; negative for what it took.
    ///
    /// Kinds that are not listed leave it as it is (staking, …), and so does one not known yet: the exchange adds them without notice.
    /// - Parameters:
    ///   - user: the account's lower-case address.
    ///   - collateral: whether spot balances count as equity: then moves between them and the perpetuals are none.
    public func netDeposit(of user: String, collateral: AccountEquity.Collateral) throws(JSONError) -> Notional {
        do { return try amount(of: user, collateral == .shared) } catch { throw error.inside(kind) }
    }

    private static let spot = "spot"

    private func amount(of user: String, _ isShared: Bool) throws(JSONError) -> Notional {
        switch kind {
        case "deposit": try money("usdc")
        case "withdraw": -(try money("usdc") + fee())
        case "accountClassTransfer": try isShared ? .zero : delta.bool("toPerp") ? money("usdc") : -money("usdc")
        case "internalTransfer", "subAccountTransfer": try transferred("usdc", leaves: true, arrives: true, user)
        case "spotTransfer": try isShared ? transferred("usdcValue", leaves: true, arrives: true, user) : .zero
        case "send": try sent(isShared, user)
        case "vaultCreate": -(try money("usdc") + fee())
        // the vault's own ledger has them too
        case "vaultDeposit": try isNamed("vault", user) ? money("usdc") : -money("usdc")
        case "vaultDistribution": try isNamed("vault", user) ? -money("usdc") : money("usdc")
        case "vaultWithdraw": try isNamed("vault", user) ? -money("netWithdrawnUsd") : money("netWithdrawnUsd")
        case "vaultLeaderCommission": try isNamed("user", user) ? money("usdc") : .zero
        default: .zero
        }
    }

    private func sent(_ isShared: Bool, _ user: String) throws(JSONError) -> Notional {
        let (source, destination) = (try delta.string("sourceDex"), try delta.string("destinationDex"))
        return try transferred(
            "usdcValue", leaves: isShared || source != Self.spot, arrives: isShared || destination != Self.spot, user)
    }

    /// From `user` to `destination`, which may be the same.
    private func transferred(_ name: String, leaves: Bool, arrives: Bool, _ user: String) throws(JSONError) -> Notional {
        let amount = try money(name)
        let (isSender, isReceiver) = (try isNamed("user", user), try isNamed("destination", user))
        return (arrives && isReceiver ? amount : .zero) - (leaves && isSender ? amount + (try fee()) : .zero)
    }

    private func isNamed(_ name: String, _ user: String) throws(JSONError) -> Bool { try delta.string(name).lowercased() == user }

    /// Digits past the eighth decimal are noise.
    private func money(_ name: String) throws(JSONError) -> Notional { try delta.decimal(name, lossy: true) }
    private func fee() throws(JSONError) -> Notional { try delta.maybeDecimal("fee", lossy: true) ?? .zero }
}
