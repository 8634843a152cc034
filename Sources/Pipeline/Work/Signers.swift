import ConfigStore
import CopyTrading
import Cryptography
import Hyperliquid

/// An agent key in use. It lives in this process alone, and signs a worker's actions alone.
struct Signer: Sendable {
    let address: String
    private let key: SigningKey

    init(_ key: SigningKey) {
        self.key = key
        address = key.address
    }

    func sign(
        _ action: WorkerAction, nonce: Int64, vaultAddress: String?, expiresAfter: Int64?, network: Network
    ) throws(SigningError) -> SignedAction {
        try SignedAction.sign(
            action: action.json, nonce: UInt64(nonce), vaultAddress: vaultAddress, expiresAfter: expiresAfter.map { UInt64($0) }, network: network,
            key: key)
    }
}

/// Agent keys, decrypted once.
actor Signers {
    private let config: ConfigStore
    private let sealingKeys: SealingKeys
    private var signers: [String: Signer] = [:]

    init(config: ConfigStore, sealingKeys: SealingKeys) {
        self.config = config
        self.sealingKeys = sealingKeys
    }

    /// A key that is open already; `nil` without a look anywhere else.
    func known(_ agent: String) -> Signer? { signers[agent] }

    /// - Parameter agent: the address that configuration names now, or that signed what is to be settled.
    func signer(_ subscriber: SubscriberID, agent: String) async throws -> Signer {
        if let known = signers[agent] { return known }
        let signer = Signer(try await config.agentKey(of: subscriber, agent: agent, sealingKeys: sealingKeys))
        signers[agent] = signer
        return signer
    }

    /// Drops the keys of all others from memory.
    func keep(only agents: Set<String>) { signers = signers.filter { agents.contains($0.key) } }
}
