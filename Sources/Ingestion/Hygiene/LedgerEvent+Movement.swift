import CopyTrading
import Hyperliquid
import JSON

extension LedgerEvent {
    /// What the update did to the money in the leader's perpetuals, of all dexes together: what its equity is counted in.
    ///
    /// Kinds that are not listed leave it as it is (spot transfers, staking, …), and so does one not known yet: the exchange adds them
    /// without notice.
    /// - Parameter leader: lower-case address.
    func movement(of leader: String) throws(JSONError) -> LeaderMovement {
        let amount: Notional
        do { amount = try self.amount(of: leader) } catch { throw error.inside(kind) }
        return LeaderMovement(time: time, amount: amount, isLiquidation: kind == "liquidation")
    }

    private func amount(of leader: String) throws(JSONError) -> Notional {
        switch kind {
        case "deposit": try money("usdc")
        case "withdraw": -(try money("usdc") + fee())
        case "accountClassTransfer": try delta.bool("toPerp") ? money("usdc") : -money("usdc")
        case "internalTransfer", "subAccountTransfer": try transferred("usdc", leaves: true, arrives: true, leader)
        case "send":
            try transferred(
                "usdcValue", leaves: delta.string("sourceDex") != Self.spot, arrives: delta.string("destinationDex") != Self.spot, leader)
        case "vaultCreate": -(try money("usdc") + fee())
        // the vault's own ledger has them too
        case "vaultDeposit": try isNamed("vault", leader) ? money("usdc") : -money("usdc")
        case "vaultDistribution": try isNamed("vault", leader) ? -money("usdc") : money("usdc")
        case "vaultWithdraw": try isNamed("vault", leader) ? -money("netWithdrawnUsd") : money("netWithdrawnUsd")
        case "vaultLeaderCommission": try isNamed("user", leader) ? money("usdc") : .zero
        default: .zero
        }
    }

    private static let spot = "spot"

    /// From `user` to `destination`, which may be the same.
    private func transferred(_ name: String, leaves: Bool, arrives: Bool, _ leader: String) throws(JSONError) -> Notional {
        let amount = try money(name)
        let (isSender, isReceiver) = (try isNamed("user", leader), try isNamed("destination", leader))
        return (arrives && isReceiver ? amount : .zero) - (leaves && isSender ? amount + (try fee()) : .zero)
    }

    private func isNamed(_ name: String, _ leader: String) throws(JSONError) -> Bool { try delta.string(name).lowercased() == leader }

    /// Digits past the eighth decimal are noise.
    private func money(_ name: String) throws(JSONError) -> Notional { try delta.decimal(name, lossy: true) }
    private func fee() throws(JSONError) -> Notional { try delta.maybeDecimal("fee", lossy: true) ?? .zero }
}
