import CopyTrading
import JSON

/// Transfers between accounts and between an account's own purses. Each returns the exchange's text when it refuses.
extension Engine {
    static let withdrawalFee = Notional(1)
    static let insufficientForWithdrawal = "Insufficient balance for withdrawal"
    static let insufficientForTransfer = "Insufficient balance for token transfer"
    static let invalidSend = "Invalid send"

    /// The most that may leave a purse.
    func movable(_ purse: Purse) -> Notional {
        switch purse.kind {
        case .perpetuals: purse.account.movableCash(universe)
        case .spot: purse.account.movableSpot(universe)
        case .isolated: .zero
        }
    }

    /// The account of `address`, which is opened when it is nobody's. `nil` when it can receive nothing: leaders' equity is held fixed.
    func receiver(_ address: String) -> Account? {
        guard let known = account(address) else { return signer(address) == nil ? openFollower(address) : nil }
        return known.kind == .follower ? known : nil
    }

    /// Keeps sums far from the end of 64 bits.
    private func fits(_ amount: Notional, _ account: Account) -> Bool {
        amount <= AccountEntry.maximumBalance && (account.cash + account.spot).magnitude <= Notional(20_000_000_000)
    }

    func sendUSD(_ amount: Notional, to destination: String, _ context: ActionContext) -> String? {
        let source = Purse.perpetuals(context.account)
        guard movable(source) >= amount else { return Self.insufficientForWithdrawal }
        guard let target = receiver(destination), fits(amount, target) else { return Self.invalidSend }
        move(amount, .usdSend, from: source, to: .perpetuals(target), now: context.now, context: context)
        let delta: JSON = [
            "type": "internalTransfer", "usdc": .money(amount), "user": .string(context.account.address), "destination": .string(destination),
            "fee": .money(Notional.zero),
        ]
        tell([context.account, target], delta, context)
        return nil
    }

    func sendSpot(_ amount: Notional, from account: Account, to destination: String, _ context: ActionContext) -> String? {
        guard movable(.spot(account)) >= amount else { return Self.insufficientForTransfer }
        guard let target = receiver(destination), fits(amount, target) else { return Self.invalidSend }
        move(amount, .spotSend, from: .spot(account), to: .spot(target), now: context.now, context: context)
        let delta: JSON = [
            "type": "spotTransfer", "token": "USDC", "amount": .money(amount), "usdcValue": .money(amount), "user": .string(account.address),
            "destination": .string(destination), "fee": "0.0", "nativeTokenFee": "0.0", "nonce": .integer(context.nonce), "feeToken": "",
        ]
        tell([account, target], delta, context)
        return nil
    }

    /// Dexes share one balance of an account, so that only spot and perpetuals are two.
    func sendAsset(_ send: SendAsset, _ context: ActionContext) -> String? {
        guard let source = ownAccount(send.fromSubAccount, context.account), let from = purse(send.sourceDex, source) else { return Self.invalidSend }
        guard movable(from) >= send.amount else { return Self.insufficientForTransfer }
        guard let account = receiver(send.destination), fits(send.amount, account), let to = purse(send.destinationDex, account) else {
            return Self.invalidSend
        }
        move(send.amount, .sendAsset, from: from, to: to, now: context.now, context: context)
        let delta: JSON = [
            "type": "send", "user": .string(source.address), "destination": .string(send.destination), "sourceDex": .string(send.sourceDex),
            "destinationDex": .string(send.destinationDex), "token": "USDC", "amount": .money(send.amount), "usdcValue": .money(send.amount),
            "fee": "0.0", "nativeTokenFee": "0.0", "nonce": .integer(context.nonce), "feeToken": "",
        ]
        tell([source, account], delta, context)
        return nil
    }

    private func purse(_ dex: String, _ account: Account) -> Purse? {
        if dex == "spot" { return .spot(account) }
        return universe.index(ofDex: dex) == nil ? nil : .perpetuals(account)
    }

    /// The account itself for "", or one of its sub-accounts.
    func ownAccount(_ address: String, _ account: Account) -> Account? {
        guard !address.isEmpty, address != account.address else { return account }
        return self.account(address).flatMap { $0.master == account.address ? $0 : nil }
    }

    func transferBetweenClasses(_ amount: Notional, toPerpetuals: Bool, of account: Account, _ context: ActionContext) -> String? {
        let (from, to) = toPerpetuals ? (Purse.spot(account), Purse.perpetuals(account)) : (Purse.perpetuals(account), Purse.spot(account))
        guard movable(from) >= amount else { return Self.insufficientForWithdrawal }
        move(amount, .usdClassTransfer, from: from, to: to, now: context.now, context: context)
        tell([account], ["type": "accountClassTransfer", "usdc": .money(amount), "toPerp": .bool(toPerpetuals)], context)
        return nil
    }

    /// The fee is part of `amount`.
    func withdraw(_ amount: Notional, _ context: ActionContext) -> String? {
        let source = Purse.perpetuals(context.account)
        guard amount > Self.withdrawalFee, movable(source) >= amount else { return Self.insufficientForWithdrawal }
        move(amount, .withdraw, from: source, to: nil, fee: Self.withdrawalFee, now: context.now, context: context)
        let delta: JSON = [
            "type": "withdraw", "usdc": .money(amount - Self.withdrawalFee), "nonce": .integer(context.nonce), "fee": .money(Self.withdrawalFee),
        ]
        tell([context.account], delta, context)
        return nil
    }

    /// Between an account and its sub-account or vault.
    func transfer(_ amount: Notional, isDeposit: Bool, with other: Account, inSpot: Bool, delta: JSON, _ context: ActionContext) -> String? {
        let (from, to) = isDeposit ? (context.account, other) : (other, context.account)
        let source = inSpot ? Purse.spot(from) : .perpetuals(from)
        guard movable(source) >= amount else { return inSpot ? Self.insufficientForTransfer : Self.insufficientForWithdrawal }
        guard fits(amount, to) else { return Self.invalidSend }
        move(amount, .subAccountTransfer, from: source, to: inSpot ? .spot(to) : .perpetuals(to), now: context.now, context: context)
        tell([context.account, other], delta, context)
        return nil
    }

    /// Buys requests for the address budget.
    func reserveRequests(_ count: Int64, _ context: ActionContext) -> String? {
        let account = context.account
        let price = Notional(e8: RequestBudget.reservationPrice.e8 * count)
        guard movable(.perpetuals(account)) >= price else { return Self.insufficientForWithdrawal }
        move(price, .reserveRequestWeight, from: .perpetuals(account), to: nil, fee: price, now: context.now, context: context)
        account.budget.reserved += count
        return nil
    }
}
