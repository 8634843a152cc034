import CopyTrading

/// The one way in: whatever happens to the engine comes through ``apply(_:at:)``.
extension Engine {
    /// What an input comes to.
    enum Outcome {
        case done
        case action(ActionResult)
        case fills([Fill])
    }

    /// Brings time to `now`, with everything that was due before, then carries out `input`.
    /// - Parameter now: milliseconds since 1970, never less than the time before.
    /// - Throws: an account, leader or coin that cannot be; nothing has changed then but the time.
    @discardableResult
    func apply(_ input: EngineInput, at now: Int64) throws(HyperSimError) -> Outcome {
        beginFunding(at: now)
        fireTimers(until: now)
        switch input {
        case .accounts(let entries): for entry in entries { try open(entry, at: now) }
        case .leaders(let addresses): for address in addresses { try openLeader(address, name: address, equity: parameters.leaderEquity) }
        case .fills(let address, let fills, let replayed):
            guard let leader = account(address), leader.isLeader else { throw .configuration("\(address) is no leader") }
            self.replayed = max(self.replayed, replayed)
            return .fills(publish(fills, of: leader, now: now))
        case .action(let signed): return .action(perform(signed, now: now))
        case .prices(let change): try set(change, now: now)
        case .revokedAgent(let agent): try revoke(agent: agent)
        case .book(let change): try set(change, now: now)
        case .publicTrade(let trade): try publish(trade, now: now)
        case .time: break
        }
        return .done
    }

    /// Checks in the exchange's order, then the action itself.
    private func perform(_ signed: SignedInput, now: Int64) -> ActionResult {
        guard let signer = signer(signed.signer), signer.validUntil > now else { return refuse("User or API Wallet \(signed.signer) does not exist.") }
        guard let account = account(of: signed, signer) else { return refuse("Vault not registered: \(signed.vaultAddress ?? "")") }
        guard account.isFunded else { return refuse("Must deposit before performing actions. User: \(account.address)") }
        let context = ActionContext(signer: signer, account: account, nonce: signed.nonce, hash: signed.hash, now: now)
        if let refusal = refusal(of: signed, context) {
            note(refusal.text, signed.operation, context, burnsNonce: refusal.burnsNonce)
            return refuse(refusal.text)
        }
        let result = signed.operation.perform(on: self, context)
        if case .refused(let text) = result {
            note(text, signed.operation, context, burnsNonce: true)
            return refuse(text)
        }
        return result
    }

    /// The signer's own account, or a vault or sub-account of its owner. What a user signs is always about himself.
    private func account(of signed: SignedInput, _ signer: Signer) -> Account? {
        guard let vault = signed.vaultAddress, !(signed.operation is any UserSignedOperation) else { return signer.account }
        guard let account = account(vault), account.master == signer.account.address else { return nil }
        return account
    }

    /// Expiry, nonce, number of items, request budget.
    private func refusal(of signed: SignedInput, _ context: ActionContext) -> (text: String, burnsNonce: Bool)? {
        let account = context.account
        if let expiry = signed.expiresAfter, UInt64(max(0, context.now)) > expiry {
            account.budget.charge(RequestBudget.expiredCost)
            return ("Action already expired", false)
        }
        do throws(NonceWindow.Refusal) { try context.signer.nonces.use(signed.nonce, now: context.now) } catch { return (error.text, false) }
        let items = signed.operation.itemCount
        guard items <= EngineParameters.maximumItems else {
            return ("Signed action over weight limit of \(EngineParameters.maximumItems).", true)
        }
        let exhausted = account.budget.use(
            items, isCancel: signed.operation.isCancel, initial: parameters.initialRequests, volume: account.tradedVolume, now: context.now)
        return exhausted.map { ($0, true) }
    }

    private func note(_ refusal: String, _ operation: any Operation, _ context: ActionContext, burnsNonce: Bool) {
        let type = (try? operation.canonical.string("type")) ?? ""
        let line = LedgerEntry.Refused(actionType: type, cloids: operation.cloids, error: refusal, burnsNonce: burnsNonce)
        effects.ledger.append(LedgerEntry(context, .refused(line)))
    }

    private func refuse(_ text: String) -> ActionResult {
        count { $0.actionsRefused += 1 }
        return .refused(text)
    }
}
