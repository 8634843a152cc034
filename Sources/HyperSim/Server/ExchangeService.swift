import CopyTrading
import Hyperliquid
import JSON

/// POST /exchange: from a signed request to an answer, checks in the exchange's order.
struct ExchangeService {
    let engine: Engine
    let network: Network

    /// - Parameter now: milliseconds since 1970.
    func answer(_ json: JSON, now: Int64) -> Reply {
        let request: ExchangeRequest
        do { request = try ExchangeRequest(json: json) } catch { return .undecodable }
        guard let (connectionID, address) = request.recover(network: network) else { return refuse("Unable to recover signer.") }
        guard let signer = engine.signer(address) else {
            let replaced = engine.retiredAgent(address).map { "Must deposit before performing actions. User: \($0)" }
            return refuse(replaced ?? "User or API Wallet \(address) does not exist.")
        }
        guard let account = account(of: request, signer) else {
            return refuse("Vault not registered: \(request.vaultAddress ?? "")")
        }
        guard account.isFunded else { return refuse("Must deposit before performing actions. User: \(account.address)") }
        let context = ActionContext(
            signer: signer, account: account, nonce: request.nonce, hash: TradeHash.of(connectionID + address.utf8), now: now)
        if let refusal = refusal(of: request, context) {
            note(refusal.text, request.action, context, burnsNonce: refusal.burnsNonce)
            return refuse(refusal.text)
        }
        return perform(request.action, context)
    }

    /// The signer's own account, or a vault or sub-account of its owner.
    private func account(of request: ExchangeRequest, _ signer: Signer) -> Account? {
        guard let vault = request.vaultAddress else { return signer.account }
        guard let account = engine.account(vault), account.master == signer.account.address else { return nil }
        return account
    }

    /// Expiry, nonce, size of the action, builder.
    private func refusal(of request: ExchangeRequest, _ context: ActionContext) -> (text: String, burnsNonce: Bool)? {
        if let expiry = request.expiresAfter, UInt64(max(0, context.now)) > expiry { return ("Action already expired", false) }
        do throws(NonceWindow.Refusal) { try context.signer.nonces.use(request.nonce, now: context.now) } catch { return (error.text, false) }
        guard request.action.itemCount <= EngineParameters.maximumItems else {
            return ("Signed action over weight limit of \(EngineParameters.maximumItems).", true)
        }
        if case .order(_, hasBuilder: true) = request.action.kind { return ("Builder fee has not been approved", true) }
        return nil
    }

    private func note(_ refusal: String, _ action: RequestedAction, _ context: ActionContext, burnsNonce: Bool) {
        let line = LedgerEntry.Refused(actionType: action.type, cloids: action.cloids, error: refusal, burnsNonce: burnsNonce)
        engine.effects.ledger.append(LedgerEntry(context, .refused(line)))
    }

    private func perform(_ action: RequestedAction, _ context: ActionContext) -> Reply {
        switch action.kind {
        case .order(let tickets, _): return ExchangeReply.orders(engine.order(tickets, context))
        case .cancel(let tickets): return ExchangeReply.cancels(engine.cancel(tickets, context))
        case .noop:
            engine.noop(context)
            return ExchangeReply.done
        case .updateLeverage(let asset, let isCross, let leverage):
            guard let text = engine.updateLeverage(asset: asset, isCross: isCross, leverage: leverage, context) else {
                return ExchangeReply.done
            }
            note(text, action, context, burnsNonce: true)
            return refuse(text)
        }
    }

    private func refuse(_ text: String) -> Reply {
        engine.count { $0.actionsRefused += 1 }
        return ExchangeReply.refused(text)
    }
}
