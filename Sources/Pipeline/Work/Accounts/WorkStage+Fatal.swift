import CopyTrading
import Hyperliquid

/// Refusals that nothing the account sends would pass: its entries are paused until a person has seen to it.
extension WorkStage {
    /// Pauses the subscriber's entries, unless they are, and tells people.
    /// - Parameter agent: address of the key that signed; `nil` when the refusal cannot be about it.
    /// - Returns: what the exchange said, and what that means when it is about the signer.
    @discardableResult
    func fatal(_ text: String, _ account: AccountID, _ subscriber: SubscriberID, agent: String?) -> String {
        let refusal = agent.flatMap { SignerRefusal(text: text, agent: $0) }
        if case .signatureMismatch(let recovered, let agent)? = refusal {
            logger.critical("signature.mismatch", metadata: ["account": "\(account)", "agent": "\(agent)", "recovered": "\(recovered)"])
        }
        // what was known of the agent may no longer be true
        if case .agentUnknown? = refusal { for partition in partitions.keys { partitions[partition]?.books[account]?.agent.lookAgain() } }
        let reason = refusal.map { "\(text) \($0)" } ?? text
        let isPaused = latches?.latch(on: .subscriber(subscriber)).map { !$0.level.allowsEntries } ?? false
        if !isPaused, pausing.insert(subscriber).inserted { errandSink.yield(.pause(subscriber, reason: reason)) }
        return reason
    }

    func pause(_ subscriber: SubscriberID, _ reason: String) async {
        defer { pausing.remove(subscriber) }
        logger.critical("subscriber.fatal", metadata: ["subscriber": "\(subscriber)", "reason": "\(reason)"])
        do { try await latches?.tighten(.subscriber(subscriber), to: .pauseEntries, reason: reason, by: "agent") } catch {
            // The next refusal tries again; until then the exchange refuses whatever is sent.
            logger.critical("subscriber.unlatched", metadata: ["subscriber": "\(subscriber)", "error": "\(error)"])
        }
    }
}
