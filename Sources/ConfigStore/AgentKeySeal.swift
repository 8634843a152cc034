import CopyTrading
import Cryptography

/// Agent keys sealed for the database with AES-256-GCM. A seal is bound to its subscriber: in another's row it does not open.
enum AgentKeySeal {
    static func seal(_ key: AgentKey, of subscriber: SubscriberID, with sealingKey: SealingKey) throws(CryptographyError) -> [UInt8] {
        try AES256GCM.seal(key.bytes, key: sealingKey.bytes, associatedData: Array(subscriber.text.utf8))
    }

    /// - Parameters:
    ///   - address: the stored address of the agent, which the key must belong to.
    ///   - probe: of the key that sealed, to tell a wrong sealing key from a damaged row.
    static func open(
        _ sealed: [UInt8], of subscriber: SubscriberID, address: String, probe: [UInt8]?, with sealingKey: SealingKey
    ) throws(ConfigStoreError) -> SigningKey {
        if let probe, !sealingKey.opens(probe: probe) { throw .wrongSealingKey }
        let key: SigningKey
        do {
            key = try SigningKey(bytes: try AES256GCM.open(sealed, key: sealingKey.bytes, associatedData: Array(subscriber.text.utf8)))
        } catch {
            throw .damagedAgentKey(subscriber)
        }
        guard key.address == address else { throw .damagedAgentKey(subscriber) }
        return key
    }
}
