import CopyTrading
import JSON

extension LedgerEvent {
    /// What it brought to the account's equity (negative: took from it), USDC; zero for what moves nothing in or out, and for kinds
    /// that are not known.
    /// - Parameters:
    ///   - user: the account's address.
    ///   - isShared: whether spot balances count as equity too: then moves between them and the perpetuals are none.
    public func netDeposit(of user: String, isShared: Bool = false) -> Notional {
        let amount = money("usdc") ?? money("usdcValue") ?? money("amount") ?? .zero
        let fee = money("fee") ?? .zero
        let arrives = text("destination")?.lowercased() == user.lowercased()
        switch kind {
        case "deposit", "vaultWithdraw", "vaultDistribution": return amount
        case "withdraw": return -(amount + fee)
        case "vaultDeposit", "vaultCreate": return -amount
        case "internalTransfer", "subAccountTransfer": return arrives ? amount : -(amount + fee)
        case "accountClassTransfer": return isShared ? .zero : delta["toPerp"] == true ? amount : -amount
        case "spotTransfer": return !isShared ? .zero : arrives ? amount : -(amount + fee)
        case "send":
            let leaves = text("user")?.lowercased() == user.lowercased()
            let gained = arrives && (isShared || text("destinationDex") == "") ? amount : .zero
            let lost = leaves && (isShared || text("sourceDex") == "") ? amount + fee : .zero
            return gained - lost
        default: return .zero
        }
    }

    private func text(_ name: String) -> String? { delta[name].flatMap { try? $0.asString() } }
    private func money(_ name: String) -> Notional? { text(name).flatMap { try? Notional(parsing: $0) } }
}
