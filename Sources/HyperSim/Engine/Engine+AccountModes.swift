import JSON

/// userSetAbstraction and its relatives.
extension Engine {
    func set(_ mode: AccountMode, of account: Account, _ context: ActionContext) -> String? {
        let old = account.mode
        account.mode = mode
        guard account.requiredMargin(universe) <= account.collateral(universe) else {
            account.mode = old
            // No recording shows how the exchange words this one.
            return "Account does not have sufficient margin available to change its mode."
        }
        mustCheck(account)
        note("setAbstraction", [.init("user", .string(account.address)), .init("abstraction", .string(mode.rawValue))], context)
        return nil
    }
}
