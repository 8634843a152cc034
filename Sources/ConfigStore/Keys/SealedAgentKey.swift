import CopyTrading
import Cryptography

/// An agent's key as the database has it: under a data key of its own, and that under a sealing key. Both are bound to subscriber and
/// agent: in another row neither opens. A new sealing key takes over by wrapping the data keys; the agents' keys are not touched.
struct SealedAgentKey: Sendable, Equatable {
    /// AES-256-GCM: nonce (12), ciphertext (32), tag (16).
    var key: [UInt8]
    /// `nil` in the older form: the sealing key itself sealed ``key``, bound to the subscriber alone.
    var wrapping: Wrapping?

    struct Wrapping: Sendable, Equatable {
        /// The data key, sealed.
        var dataKey: [UInt8]
        /// Id of the key that sealed it.
        var sealingKey: String
    }

    /// Whose key it is.
    struct Owner: Sendable, Equatable {
        var subscriber: SubscriberID
        var agent: String

        func label(_ what: String) -> [UInt8] { Array("\(what) \(agent) \(subscriber.text)".utf8) }
    }

    static func seal(_ key: AgentKey, of subscriber: SubscriberID, with sealingKey: SealingKey) throws(ConfigStoreError) -> SealedAgentKey {
        try seal(key.bytes, of: Owner(subscriber: subscriber, agent: key.address), with: sealingKey)
    }

    /// - Parameter probe: what a sealing key once sealed, to tell a wrong one from a damaged row in the older form.
    func open(_ owner: Owner, with keys: SealingKeys, probe: [UInt8]?) throws(ConfigStoreError) -> SigningKey {
        var bytes = try opened(owner, with: keys, probe: probe)
        defer { AES256GCM.erase(&bytes) }
        guard let key = try? SigningKey(bytes: bytes), key.address == owner.agent else { throw .damagedAgentKey(owner.subscriber) }
        return key
    }

    /// The same key with its data key under the current sealing key.
    func rewrapped(_ owner: Owner, with keys: SealingKeys, probe: [UInt8]?) throws(ConfigStoreError) -> SealedAgentKey {
        guard let wrapping else {
            var bytes = try opened(owner, with: keys, probe: probe)
            defer { AES256GCM.erase(&bytes) }
            guard (try? SigningKey(bytes: bytes))?.address == owner.agent else { throw .damagedAgentKey(owner.subscriber) }
            return try Self.seal(bytes, of: owner, with: keys.current)
        }
        var dataKey = try Self.dataKey(wrapping, owner, with: keys)
        defer { AES256GCM.erase(&dataKey) }
        return SealedAgentKey(key: key, wrapping: try Self.wrap(dataKey, owner, with: keys.current))
    }

    // MARK: - The two layers

    private static func seal(_ bytes: [UInt8], of owner: Owner, with sealingKey: SealingKey) throws(ConfigStoreError) -> SealedAgentKey {
        do {
            var dataKey = try AES256GCM.makeKey()
            defer { AES256GCM.erase(&dataKey) }
            let sealed = try AES256GCM.seal(bytes, key: dataKey, associatedData: owner.label("agent key"))
            return SealedAgentKey(key: sealed, wrapping: try wrap(dataKey, owner, with: sealingKey))
        } catch let error as ConfigStoreError { throw error } catch { throw .cannotSeal("\(error)") }
    }

    private static func wrap(_ dataKey: [UInt8], _ owner: Owner, with sealingKey: SealingKey) throws(ConfigStoreError) -> Wrapping {
        do {
            return Wrapping(
                dataKey: try AES256GCM.seal(dataKey, key: sealingKey.bytes, associatedData: owner.label("data key")), sealingKey: sealingKey.id)
        } catch { throw .cannotSeal("\(error)") }
    }

    private static func dataKey(_ wrapping: Wrapping, _ owner: Owner, with keys: SealingKeys) throws(ConfigStoreError) -> [UInt8] {
        guard let sealingKey = keys[wrapping.sealingKey] else { throw .wrongSealingKey(needed: [wrapping.sealingKey]) }
        do { return try AES256GCM.open(wrapping.dataKey, key: sealingKey.bytes, associatedData: owner.label("data key")) } catch {
            throw .damagedAgentKey(owner.subscriber)
        }
    }

    private func opened(_ owner: Owner, with keys: SealingKeys, probe: [UInt8]?) throws(ConfigStoreError) -> [UInt8] {
        guard let wrapping else { return try openedOlderForm(owner, with: keys, probe: probe) }
        var dataKey = try Self.dataKey(wrapping, owner, with: keys)
        defer { AES256GCM.erase(&dataKey) }
        do { return try AES256GCM.open(key, key: dataKey, associatedData: owner.label("agent key")) } catch {
            throw .damagedAgentKey(owner.subscriber)
        }
    }

    private func openedOlderForm(_ owner: Owner, with keys: SealingKeys, probe: [UInt8]?) throws(ConfigStoreError) -> [UInt8] {
        guard let sealingKey = probe.map({ probe in keys.all.first { $0.opens(probe: probe) } }) ?? keys.current else {
            throw .wrongSealingKey(needed: [])
        }
        do { return try AES256GCM.open(key, key: sealingKey.bytes, associatedData: Array(owner.subscriber.text.utf8)) } catch {
            throw .damagedAgentKey(owner.subscriber)
        }
    }
}
