import ConfigStore
import CopyTrading
import Cryptography

/// An agent key in use. The key lives in this process alone.
struct Signer: Sendable {
    let key: SigningKey
    let address: String
}

/// Agent keys, decrypted once.
actor Signers {
    /// Why a subscriber cannot be signed for; never contains key material.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private let config: ConfigStore
    private let sealingKey: [UInt8]
    private var signers: [SubscriberID: (agent: String, signer: Signer)] = [:]

    init(config: ConfigStore, sealingKey: [UInt8]) {
        self.config = config
        self.sealingKey = sealingKey
    }

    /// A key that is open already; `nil` without a look anywhere else.
    func known(_ subscriber: SubscriberID, agent: String) -> Signer? {
        guard let known = signers[subscriber], known.agent == agent else { return nil }
        return known.signer
    }

    /// - Parameter agent: the address that configuration names now; another one than before means another key.
    func signer(_ subscriber: SubscriberID, agent: String) async throws -> Signer {
        if let known = known(subscriber, agent: agent) { return known }
        let key = try await config.agentKey(of: subscriber, sealingKey: sealingKey)
        let signer = Signer(key: key, address: key.address)
        guard signer.address == agent.lowercased() else {
            throw Fault(description: "the stored key belongs to \(signer.address), the configuration names agent \(agent)")
        }
        signers[subscriber] = (agent, signer)
        return signer
    }
}
