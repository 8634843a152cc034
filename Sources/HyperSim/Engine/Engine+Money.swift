import CopyTrading
import JSON

/// Where an account's USDC can lie.
struct Purse {
    enum Kind: Equatable {
        case perpetuals
        case spot
        /// Held by the isolated position in this market.
        case isolated(coin: String)
    }

    var account: Account
    var kind: Kind

    static func perpetuals(_ account: Account) -> Purse { Purse(account: account, kind: .perpetuals) }
    static func spot(_ account: Account) -> Purse { Purse(account: account, kind: .spot) }
}

/// Why money moves outside of trades and funding.
enum Movement: String {
    case deposit, withdraw, usdSend, spotSend, sendAsset, usdClassTransfer, subAccountTransfer, updateIsolatedMargin, reserveRequestWeight
    case liquidation

    /// Whether it is put in or taken out, rather than won or lost.
    var isCapital: Bool { self != .reserveRequestWeight && self != .liquidation }
}

/// Movements of money outside of trades and funding. All of them pass ``move(_:_:from:to:fee:hash:now:)``.
extension Engine {
    /// Takes `amount` from one purse and puts it, less the fee, into another; `nil` is the world outside. Both ends were judged before.
    func move(
        _ amount: Notional, _ reason: Movement, from source: Purse?, to target: Purse?, fee: Notional = .zero, now: Int64,
        context: ActionContext? = nil
    ) {
        if let source { change(source, by: -amount) } else { treasury.deposits += Int128(amount.e8) }
        let arriving = amount - fee
        if let target { change(target, by: arriving) } else { treasury.deposits -= Int128(arriving.e8) }
        treasury.fees += Int128(fee.e8)
        if reason.isCapital, source?.account !== target?.account {
            if let account = source?.account { account.netDeposits -= amount }
            if let account = target?.account { account.netDeposits += arriving }
        }
        let line = LedgerEntry.Transfer(reason: reason, amount: amount, fee: fee, source: source, target: target)
        guard let owner = (source ?? target)?.account else { preconditionFailure("\(reason) moves nothing of anybody") }
        var entry = context.map { LedgerEntry($0, .transfer(line)) } ?? LedgerEntry(time: now, account: owner.address, .transfer(line))
        entry.account = owner.address
        effects.ledger.append(entry)
    }

    private func change(_ purse: Purse, by amount: Notional) {
        switch purse.kind {
        case .perpetuals: purse.account.cash += amount
        case .spot: purse.account.spot += amount
        case .isolated(let coin):
            guard let market = universe.market(coin: coin) else { preconditionFailure("\(coin) is not listed") }
            var position = purse.account.position(in: market)
            guard let held = position.isolatedCash else { preconditionFailure("no isolated position in \(coin)") }
            position.isolatedCash = held + amount
            purse.account.set(position, in: market)
        }
        mustCheck(purse.account)
    }

    /// Money that arrives from outside.
    func deposit(_ amount: Notional, to account: Account, toSpot: Bool = false, now: Int64) {
        guard !amount.isZero else { return }
        move(amount, .deposit, from: nil, to: toSpot ? .spot(account) : .perpetuals(account), now: now)
        tell(account, ["type": "deposit", "usdc": .money(amount)], hash: Fill.zeroHash, now: now)
    }

    /// Puts an update into the account's history and before its subscribers.
    func tell(_ account: Account, _ delta: JSON, hash: String, now: Int64) {
        let update = LedgerUpdate(time: now, hash: hash, delta: delta)
        account.ledgerUpdates.append(update)
        effects.ledgerUpdates.append((account, update))
    }

    func tell(_ accounts: [Account], _ delta: JSON, _ context: ActionContext) {
        var told: [Account] = []
        for account in accounts where !told.contains(where: { $0 === account }) {
            told.append(account)
            tell(account, delta, hash: context.hash, now: context.now)
        }
    }

    func open(_ entry: AccountEntry, at now: Int64) throws(HyperSimError) {
        let isNew = account(entry.account) == nil
        try open(entry.account, agent: entry.agent, agentName: entry.agentName, master: entry.master, balance: entry.balance, at: now)
        if let agent = entry.agent, let account = account(entry.account) { try describe(agent, of: account, entry) }
        guard isNew, let account = account(entry.account) else { return }
        deposit(entry.spotBalance, to: account, toSpot: true, now: now)
        if let mode = entry.mode { account.mode = mode }
    }
}

extension JSON {
    /// A decimal string with at least one digit after the point, as the exchange writes money: `"1.0"`.
    static func money(_ value: some FixedPoint) -> JSON {
        let text = value.description
        return .string(text.contains(".") ? text : text + ".0")
    }
}
