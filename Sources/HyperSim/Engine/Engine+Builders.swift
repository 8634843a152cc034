import CopyTrading
import JSON

/// Builders: programs that send orders for others and are paid for it, as far as each user has approved.
extension Engine {
    /// Why an order may not carry `builder`; `nil` when it may.
    func refusal(of builder: BuilderCode, _ account: Account) -> String? {
        let approved = min(account.builderApprovals[builder.address] ?? 0, BuilderCode.maximumFee)
        return builder.fee > approved ? "Builder fee has not been approved" : nil
    }

    /// - Parameter rate: in tenths of a basis point; 0 revokes.
    func approve(builder: String, rate: Int, _ context: ActionContext) -> String? {
        let account = context.account
        if rate == 0 {
            account.builderApprovals[builder] = nil
        } else {
            // No recording shows how the exchange words these two.
            guard let owner = self.account(builder), owner.crossValue(universe) >= BuilderCode.minimumEquity else {
                return "Builder has insufficient balance to be approved."
            }
            let isNew = account.builderApprovals[builder] == nil
            guard !isNew || account.builderApprovals.count < BuilderCode.maximumApprovals else {
                return "Too many builder approvals. Limit is \(BuilderCode.maximumApprovals)."
            }
            account.builderApprovals[builder] = rate
        }
        note("approveBuilderFee", [.init("builder", .string(builder)), .init("maxFee", .integer(rate))], context)
        return nil
    }

    /// To the builder's account when there is one.
    /// - Parameter payer: who sent the order.
    func pay(_ fee: Notional, toBuilder address: String, by payer: Account, now: Int64) {
        guard let builder = account(address), !builder.isLeader else {
            treasury.fees += Int128(fee.e8)
            return
        }
        builder.cash += fee
        mustCheck(builder)
        let change = LedgerEntry.AccountChange(action: "builderFee", details: [.init("usdc", .money(fee)), .init("user", .string(payer.address))])
        effects.ledger.append(LedgerEntry(time: now, account: address, .account(change)))
    }
}
