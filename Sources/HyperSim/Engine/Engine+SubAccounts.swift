import CopyTrading
import JSON

/// Sub-accounts: accounts of their own margin, which their master's signers act for.
extension Engine {
    static let subAccountVolume = Notional(100_000)
    static let subAccountLimit = 50

    /// - Returns: the new account's address.
    func createSubAccount(_ name: String, _ context: ActionContext) -> ActionResult {
        let master = context.account
        guard master.tradedVolume >= Self.subAccountVolume else {
            return .refused(
                "Cannot create sub-accounts until enough volume traded. Required: $\(Self.subAccountVolume). "
                    + "Traded: $\(master.tradedVolume.truncated(decimals: 2)).")
        }
        // No recording shows how the exchange words these two.
        guard master.subAccounts.count < Self.subAccountLimit else { return .refused("Too many sub-accounts. Limit is \(Self.subAccountLimit).") }
        let address = SubAccountAddress.of(master.address, number: master.subAccounts.count + 1)
        guard account(address) == nil, master.master == nil else { return .refused("A sub-account has no sub-accounts.") }
        _ = openFollower(address, master: master.address, name: name)
        note("createSubAccount", [.init("subAccount", .string(address)), .init("name", .string(name))], context)
        return .data(type: "createSubAccount", .string(address))
    }

    func transferToSubAccount(_ amount: Notional, isDeposit: Bool, _ address: String, inSpot: Bool, _ context: ActionContext) -> String? {
        let master = context.account
        let (from, to) = isDeposit ? (master.address, address) : (address, master.address)
        guard let sub = account(address), sub.master == master.address else { return "Invalid sub-account transfer from \(from) to \(to)" }
        let delta: JSON = [
            "type": "subAccountTransfer", "usdc": .money(amount), "user": .string(from), "destination": .string(to),
        ]
        return transfer(amount, isDeposit: isDeposit, with: sub, inSpot: inSpot, delta: delta, context)
    }

    /// Only an owner puts money into his vault: shares of others are not kept.
    func transferToVault(_ amount: Notional, isDeposit: Bool, _ address: String, _ context: ActionContext) -> String? {
        guard let vault = account(address), vault.master == context.account.address else { return "Vault not registered: \(address)" }
        let delta: JSON = ["type": isDeposit ? "vaultDeposit" : "vaultWithdraw", "vault": .string(address), "usdc": .money(amount)]
        return transfer(amount, isDeposit: isDeposit, with: vault, inSpot: false, delta: delta, context)
    }
}
