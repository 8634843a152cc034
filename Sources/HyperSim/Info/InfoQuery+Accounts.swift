import CopyTrading
import JSON

/// What an account holds and how it is set. An address without an account is an empty one.
extension InfoQuery {
    func clearinghouseState(to writer: inout WireWriter) throws(JSONError) {
        engine.writeState(of: try account(), dex: try dex(), now: now, to: &writer)
    }

    func spotState(to writer: inout WireWriter) throws(JSONError) { writer.json((try account()).spotState(universe)) }

    func abstraction(to writer: inout WireWriter) throws(JSONError) {
        writer.plain((try account())?.mode.rawValue ?? AccountMode.standard.rawValue)
    }

    /// Whether collateral moves between dexes by itself; `null` where it was never set.
    func dexAbstraction(to writer: inout WireWriter) throws(JSONError) {
        _ = try user()
        writer.raw("null")
    }

    func activeAssetData(to writer: inout WireWriter) throws(JSONError) {
        let user = try user()
        guard let market = try market() else { throw JSONError(path: "coin", problem: "is unknown") }
        engine.writeActiveAssetData(user, market, now: now, to: &writer)
    }

    func portfolio(to writer: inout WireWriter) throws(JSONError) {
        let account = try account()
        writer.array(Portfolio.Window.allCases) { writer, window in
            let portfolio = account.map { Portfolio($0, window, engine, now: now) } ?? Portfolio()
            writer.json([.string(window.rawValue), portfolio.json])
        }
    }

    func rateLimit(to writer: inout WireWriter) throws(JSONError) {
        let account = try account()
        let volume = account?.tradedVolume ?? .zero
        let budget = account?.budget ?? RequestBudget()
        writer.json([
            "cumVlm": .decimal(volume.truncated(decimals: 2)), "nRequestsUsed": .integer(budget.used),
            "nRequestsCap": .integer(budget.limit(initial: engine.parameters.initialRequests, volume: volume)), "nRequestsSurplus": 0,
        ])
    }
}

/// Who acts for whom.
extension InfoQuery {
    func role(to writer: inout WireWriter) throws(JSONError) {
        let user = try user()
        if let account = engine.account(user) {
            writer.json(account.master.map { ["role": "subAccount", "data": ["master": .string($0)]] } ?? ["role": "user"])
        } else if let signer = engine.signer(user), signer.validUntil > now {
            writer.json(["role": "agent", "data": ["user": .string(signer.account.address)]])
        } else {
            writer.json(["role": "missing"])
        }
    }

    /// Agents without a name are not listed.
    func extraAgents(to writer: inout WireWriter) throws(JSONError) {
        writer.array((try account())?.agents.filter { !$0.name.isEmpty && $0.validUntil > now } ?? []) { writer, agent in
            writer.json(["name": .string(agent.name), "address": .string(agent.address), "validUntil": .integer(agent.validUntil)])
        }
    }

    func subAccounts(to writer: inout WireWriter) throws(JSONError) {
        try writeSubAccounts(to: &writer) { account, writer in
            writer.raw(#","clearinghouseState":"#)
            engine.writeState(of: account, dex: 0, now: now, to: &writer)
        }
    }

    func subAccountsByDex(to writer: inout WireWriter) throws(JSONError) {
        try writeSubAccounts(to: &writer) { account, writer in
            writer.raw(#","dexToClearinghouseState":"#)
            engine.writeStates(of: account, now: now, to: &writer)
        }
    }

    /// `null` for an account without any.
    private func writeSubAccounts(to writer: inout WireWriter, _ writeState: (Account, inout WireWriter) -> Void) throws(JSONError) {
        let master = try user()
        let accounts = engine.account(master)?.subAccounts ?? []
        guard !accounts.isEmpty else { return writer.raw("null") }
        writer.array(accounts) { writer, account in
            writer.raw(#"{"name":"#)
            writer.string(account.name ?? account.address)
            writer.raw(#","subAccountUser":"#)
            writer.plain(account.address)
            writer.raw(#","master":"#)
            writer.plain(master)
            writeState(account, &writer)
            writer.raw(#","spotState":"#)
            writer.json(Optional(account).spotState(universe))
            writer.raw("}")
        }
    }
}

/// What the simulator has none of, in the exchange's empty shapes.
extension InfoQuery {
    func nothing(to writer: inout WireWriter) throws(JSONError) {
        _ = try user()
        writer.raw("null")
    }

    func vaultDetails(to writer: inout WireWriter) throws(JSONError) {
        _ = try json.at("vaultAddress", Address.init(json:))
        writer.raw("null")
    }

    func emptyList(to writer: inout WireWriter) throws(JSONError) {
        _ = try user()
        writer.raw("[]")
    }

    func noItems(to writer: inout WireWriter) throws(JSONError) -> Int {
        _ = try user()
        return none(&writer)
    }

    func stakingSummary(to writer: inout WireWriter) throws(JSONError) {
        _ = try user()
        writer.json(["delegated": "0.0", "undelegated": "0.0", "totalPendingWithdrawal": "0.0", "nPendingWithdrawals": 0])
    }
}
