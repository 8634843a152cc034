import CopyTrading
import Hyperliquid
import JSON

/// POST /exchange up to the engine: decoding, and whose signature it is. What follows is the engine's alone.
struct ExchangeService {
    let engine: Engine
    let network: Network

    enum Judgement {
        /// Nothing happened: not readable, or signed by nobody known.
        case answered(Reply)
        /// For the engine.
        case action(SignedInput)
    }

    func judge(_ json: JSON) -> Judgement {
        let request: ExchangeRequest
        do { request = try ExchangeRequest(json: json) } catch { return .answered(.undecodable) }
        guard let (digest, address) = request.recover(network: network) else { return refuse("Unable to recover signer.") }
        if let operation = request.operation as? any UserSignedOperation {
            guard request.action["hyperliquidChain"] == .string(network.chainName) else {
                return refuse("Mainnet and testnet require different signature.")
            }
            guard operation.nonce == request.nonce else { return refuse("Nonce mismatch.") }
        }
        guard let signer = engine.signer(address) else {
            if request.operation is any UserSignedOperation { return refuse("Must deposit before performing actions. User: \(address)") }
            let replaced = engine.retiredAgent(address).map { "Must deposit before performing actions. User: \($0)" }
            return refuse(replaced ?? "User or API Wallet \(address) does not exist.")
        }
        if request.operation is any UserSignedOperation, signer.isAgent {
            // An agent has no funds of its own, and these actions are always the signer's own.
            return refuse("Must deposit before performing actions. User: \(address)")
        }
        return .action(
            SignedInput(
                signer: address, vaultAddress: request.vaultAddress, nonce: request.nonce, expiresAfter: request.expiresAfter,
                hash: TradeHash.of(digest + address.utf8), operation: request.operation))
    }

    private func refuse(_ text: String) -> Judgement {
        engine.count { $0.actionsRefused += 1 }
        return .answered(ExchangeReply.refused(text))
    }
}
