import CopyTrading
import Cryptography
import Postgres

/// Puts a configuration file in force: one transaction, one new version, or nothing.
///
/// The file says everything. What it does not have is removed, and with a subscriber its agent keys are destroyed; a subscriber whose key the
/// file does not give keeps the stored one. A file that says what is in force already makes no version. Applies, and changes of single
/// keys (``AgentKeyKeeper``), wait for each other.
public struct ConfigApply: Sendable {
    private let connection: PostgresConnection
    private let sealingKeys: SealingKeys

    public init(_ connection: PostgresConnection, sealingKeys: SealingKeys) {
        self.connection = connection
        self.sealingKeys = sealingKeys
    }

    public init(_ connection: PostgresConnection, sealingKey: SealingKey) {
        self.init(connection, sealingKeys: SealingKeys(current: sealingKey))
    }

    /// - Parameters:
    ///   - isDryRun: find out and report, write nothing.
    ///   - reseal: seal all agent keys with this sealing key, whatever they are sealed with; the file must have all of them. Others that
    ///     none of the sealing keys opens are destroyed.
    /// - Throws: `.faults` for subscribers without a key, with another's, with an account's own, or with one that may not come back; for ids that
    ///   are to stand for somebody else.
    public func apply(_ file: ConfigFile, isDryRun: Bool = false, reseal: Bool = false) async throws(ConfigStoreError) -> ConfigChange {
        try await ConfigTransaction.run(connection) { [sealingKeys] connection in
            let stored = try ConfigTransaction.snapshot(on: connection)
            let keys = try AgentKeyTable.all(on: connection)
            let probe = try AgentKeyTable.probe(on: connection)
            if !reseal { try sealingKeys.check(sealingKeys: keys.values.compactMap(\.sealed?.wrapping?.sealingKey), probe: probe) }
            let identities = try ConfigIdentities(on: connection)
            let subscribers = try resolve(file, stored, identities, keys, reseal: reseal)
            var change = ConfigChange(
                version: stored.version, isDryRun: isDryRun,
                influencers: .init(from: stored.influencers.values, to: file.influencers),
                subscribers: .init(from: stored.subscribers.values, to: subscribers),
                subscriptions: .init(from: stored.subscriptions.values, to: file.subscriptions),
                scopes: .init(from: stored.scopes.map { ScopeState(scope: $0.key, state: $0.value) }, to: file.scopes), isResealed: reseal)
            if !change.isEmpty { change.version += 1 }
            change.destroyedKeys = destroyed(keys, subscribers)
            let lost = reseal ? lost(keys, file, subscribers, probe) : []
            change.lostKeys = lost.count
            if isDryRun { return change }

            if !change.isEmpty { try ConfigWriter(change: change).write(file, subscribers, on: connection) }
            try AgentKeyTable.store(try seals(file.agentKeys, keys, probe, reseal: reseal), as: .active, on: connection)
            try AgentKeyTable.settle(
                signing: subscribers.filter { !$0.isAgentRevoked }.map(\.agentAddress), subscribers: subscribers.map(\.key), lost: lost, on: connection)
            return change
        }
    }

    /// Subscribers with the address of the agent that signs for them: of the key in the file, else of the stored one.
    private func resolve(
        _ file: ConfigFile, _ stored: ConfigSnapshot, _ identities: ConfigIdentities, _ keys: [String: AgentKeyTable.Row], reseal: Bool
    ) throws(ConfigStoreError) -> [Subscriber] {
        let faults = FaultList()
        identities.check(file, faults)
        let waiting = Dictionary(
            keys.values.filter { $0.state == .waiting }.map { ($0.owner.subscriber, $0.owner.agent) }, uniquingKeysWith: { first, _ in first })
        let accounts = Set(file.subscribers.map(\.account.text))
        var subscribers: [Subscriber] = []
        var owners: [String: SubscriberID] = [:]
        for subscriber in file.subscribers {
            let key = file.agentKeys[subscriber.id]
            if key == nil, reseal, stored.subscribers[subscriber.id]?.isAgentRevoked != true {
                faults.add(subscriber.place, value: subscriber.id.text, "has no agent key here; sealing anew needs them all")
            }
            let known = stored.subscribers[subscriber.id]
            guard let agent = key?.address ?? known?.agentAddress ?? waiting[subscriber.id] else {
                if !reseal {
                    faults.add(
                        subscriber.place, value: subscriber.id.text,
                        "has no agent key, here or stored: add agent_key_file, agent_key_env or a line in the agent_keys file, or `vibe keys add` it")
                }
                continue
            }
            let keyPlace = file.agentKeyPlaces[subscriber.id] ?? subscriber.place
            if accounts.contains(agent) {
                faults.add(keyPlace, value: subscriber.id.text, "has the own key of account \(agent), which could withdraw: give an agent's")
            }
            if key != nil, let problem = keys[agent].flatMap({ problem(with: $0, of: subscriber.id) }) {
                faults.add(keyPlace, value: subscriber.id.text, problem)
            }
            if let owner = owners[agent] {
                faults.add(subscriber.place, value: subscriber.id.text, "has the agent key of \(owner): each needs its own")
            }
            owners[agent] = subscriber.id
            subscribers.append(
                Subscriber(
                    id: subscriber.id, account: subscriber.account, vaultAddress: subscriber.vaultAddress, agentAddress: agent,
                    isAgentRevoked: key == nil && known?.isAgentRevoked ?? false, settings: subscriber.settings))
        }
        guard faults.faults.isEmpty else { throw .faults(ConfigFaults(faults.sorted)) }
        return subscribers
    }

    /// Why a key in the file cannot be a subscriber's; `nil` when it can.
    private func problem(with row: AgentKeyTable.Row, of subscriber: SubscriberID) -> String? {
        if let ending = row.ending {
            return "has the key of agent \(row.owner.agent), which \(ending): an agent never comes back; let the account approve another and give its "
                + "key, or leave the key out"
        }
        guard row.owner.subscriber != subscriber else { return nil }
        switch row.state {
        case .waiting: return "has the key of agent \(row.owner.agent), which waits for subscriber \(row.owner.subscriber)"
        // What it signed for the other may still have to be settled, under the other's name.
        case .active:
            return "has the key of agent \(row.owner.agent), which signs for subscriber \(row.owner.subscriber): let the account approve another and "
                + "give its key"
        case .retiring, .replaced, .revoked, .removed: return nil
        }
    }

    /// Subscribers that go, and their keys with them.
    private func destroyed(_ keys: [String: AgentKeyTable.Row], _ subscribers: [Subscriber]) -> [String] {
        let configured = Set(subscribers.map(\.id))
        let gone = keys.values.filter { $0.sealed != nil && $0.state != .waiting && !configured.contains($0.owner.subscriber) }
        return Set(gone.map(\.owner.subscriber.text)).sorted()
    }

    /// Agents that wait or retire with a key that none of the sealing keys opens.
    private func lost(
        _ keys: [String: AgentKeyTable.Row], _ file: ConfigFile, _ subscribers: [Subscriber], _ probe: [UInt8]?
    ) -> [String] {
        let given = Set(file.agentKeys.values.map(\.address))
        let configured = Set(subscribers.map(\.id))
        return keys.values.filter { row in
            guard let sealed = row.sealed, !given.contains(row.owner.agent) else { return false }
            return (row.state == .waiting || configured.contains(row.owner.subscriber)) && !sealingKeys.haveSealed(sealed, probe: probe)
        }.map(\.owner.agent)
    }

    /// Of the keys in the file those that are not stored as they should be.
    private func seals(
        _ keys: [SubscriberID: AgentKey], _ stored: [String: AgentKeyTable.Row], _ probe: [UInt8]?, reseal: Bool
    ) throws(ConfigStoreError) -> [(owner: SealedAgentKey.Owner, name: String, sealed: SealedAgentKey)] {
        var seals: [(owner: SealedAgentKey.Owner, name: String, sealed: SealedAgentKey)] = []
        for (subscriber, key) in keys {
            let owner = SealedAgentKey.Owner(subscriber: subscriber, agent: key.address)
            if !reseal, let row = stored[key.address], row.owner == owner, let sealed = row.sealed,
                (try? sealed.open(owner, with: sealingKeys, probe: probe)) != nil
            {
                continue
            }
            seals.append((owner, subscriber.text, try SealedAgentKey.seal(key, of: subscriber, with: sealingKeys.current)))
        }
        return seals
    }
}

/// One change of the configuration at a time.
enum ConfigTransaction {
    /// Held in the transaction; the number is arbitrary but fixed.
    private static let lockKey: Int64 = 0x7669_6265_0002

    static func run<Value: Sendable>(
        _ connection: PostgresConnection, _ body: @Sendable (isolated PostgresConnection) throws -> Value
    ) async throws(ConfigStoreError) -> Value {
        do {
            return try await connection.transaction { connection in
                try connection.execute("SELECT pg_advisory_xact_lock($1::bigint)", [.integer(lockKey)])
                return try body(connection)
            }
        } catch let error as ConfigStoreError {
            throw error
        } catch let error as PostgresError {
            throw .postgres(error)
        } catch { preconditionFailure("nothing else is thrown above: \(error)") }
    }

    static func snapshot(on connection: isolated PostgresConnection) throws -> ConfigSnapshot {
        guard let stored = try ConfigTables.snapshot(try connection.query(ConfigTables.current)) else {
            preconditionFailure("the statement always gives a version")
        }
        return stored
    }
}
