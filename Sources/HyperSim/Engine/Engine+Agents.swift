import JSON

/// Agents: who besides its owner may sign for an account.
extension Engine {
    /// approveAgent: adds, replaces or, with the zero address, revokes.
    /// - Returns: the exchange's text when it refuses.
    func approve(_ address: String, as agentName: AgentName, _ context: ActionContext) -> String? {
        let account = context.account
        let now = context.now
        guard now >= account.agentRemovalUntil else { return "User has pending agent removal" }
        // No recording shows how the exchange words this one.
        guard agentName.name.utf8.count <= Agent.longestName else { return "Extra agent name is longer than \(Agent.longestName) characters." }
        let previous = account.agents.first { $0.name == agentName.name }
        guard address != Agent.nobody else { return revoke(previous, context) }
        let validUntil = agentName.validUntil ?? now + Agent.defaultValidity
        guard validUntil > now, validUntil <= now + Agent.maximumValidity else { return "Agent valid_until already expired." }
        // A key that already signs, for whomever, cannot become an agent.
        guard signer(address).map({ $0.validUntil <= now }) ?? true else { return "Extra agent already used." }
        if !agentName.name.isEmpty, previous == nil {
            let limit = Agent.namedLimit + Agent.namedLimitPerSubAccount * account.subAccounts.count
            guard account.namedAgents(at: now).count < limit else {
                return "Too many extra agents for cumulative volume traded. Current limit is \(limit)"
            }
        }
        if let previous { remove(previous, of: account, isReplaced: true) }
        for expired in account.agents where expired.validUntil <= now { remove(expired, of: account, isReplaced: false) }
        add(Agent(address: address, name: agentName.name, validUntil: validUntil), to: account)
        note("approveAgent", [.init("agent", .string(address)), .init("name", .string(agentName.name)), .init("validUntil", .integer(validUntil))], context)
        return nil
    }

    /// Gives an agent the name and the end that an entry of the accounts file has for it.
    func describe(_ agent: String, of account: Account, _ entry: AccountEntry) throws(HyperSimError) {
        guard let index = account.agents.firstIndex(where: { $0.address == agent }) else { return }
        if !entry.agentName.isEmpty {
            guard !account.agents.contains(where: { $0.name == entry.agentName && $0.address != agent }) else {
                throw .configuration("\(account.address) has an agent \(entry.agentName) already")
            }
            account.agents[index].name = entry.agentName
        }
        guard let end = entry.agentValidUntil else { return }
        account.agents[index].validUntil = end
        signer(agent)?.validUntil = end
    }

    private func revoke(_ agent: Agent?, _ context: ActionContext) -> String? {
        guard let agent else { return "Extra agent not found." }  // The wording is not recorded.
        remove(agent, of: context.account, isReplaced: false)
        context.account.agentRemovalUntil = context.now + Agent.removalPause
        note("revokeAgent", [.init("agent", .string(agent.address)), .init("name", .string(agent.name))], context)
        return nil
    }

    /// A line for what an action did to its account beside orders and money.
    func note(_ action: String, _ details: [JSON.Member], _ context: ActionContext) {
        effects.ledger.append(LedgerEntry(context, .account(LedgerEntry.AccountChange(action: action, details: details))))
    }
}

extension Account {
    /// What extraAgents lists, oldest first.
    func namedAgents(at now: Int64) -> [Agent] { agents.filter { !$0.name.isEmpty && $0.validUntil > now } }
}
