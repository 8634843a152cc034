import CopyTrading
import Cryptography
import Postgres

/// Puts a configuration file in force: one transaction, one new version, or nothing.
///
/// The file says everything. What it does not have is removed, except agent keys, which stay as stored. A file that says what is in
/// force already makes no version. Applies wait for each other.
public struct ConfigApply: Sendable {
    /// Held in the transaction; the number is arbitrary but fixed.
    private static let lockKey: Int64 = 0x7669_6265_0002

    private let connection: PostgresConnection
    private let sealingKey: SealingKey

    public init(_ connection: PostgresConnection, sealingKey: SealingKey) {
        self.connection = connection
        self.sealingKey = sealingKey
    }

    /// - Parameters:
    ///   - isDryRun: find out and report, write nothing.
    ///   - reseal: seal all agent keys with this sealing key, whatever they are sealed with; the file must have all of them.
    /// - Throws: `.faults` for subscribers without a key, or with another's.
    public func apply(_ file: ConfigFile, isDryRun: Bool = false, reseal: Bool = false) async throws(ConfigStoreError) -> ConfigChange {
        do {
            return try await connection.transaction { [sealingKey] connection in
                try connection.execute("SELECT pg_advisory_xact_lock($1::bigint)", [.integer(Self.lockKey)])
                guard let stored = try ConfigTables.snapshot(try connection.query(ConfigTables.current)) else {
                    preconditionFailure("the statement always gives a version")
                }
                let probe = try connection.query("SELECT probe FROM config_sealing").first?.bytes("probe")
                if let probe, !reseal, !sealingKey.opens(probe: probe) { throw ConfigStoreError.wrongSealingKey }
                let subscribers = try resolve(file, stored, reseal: reseal)
                var change = ConfigChange(
                    version: stored.version, isDryRun: isDryRun,
                    influencers: .init(from: stored.influencers.values, to: file.influencers),
                    subscribers: .init(from: stored.subscribers.values, to: subscribers),
                    subscriptions: .init(from: stored.subscriptions.values, to: file.subscriptions),
                    scopes: .init(from: stored.scopes.map { ScopeState(scope: $0.key, state: $0.value) }, to: file.scopes), isResealed: reseal)
                if !change.isEmpty { change.version += 1 }
                if isDryRun { return change }

                if probe == nil || reseal { try storeProbe(on: connection) }
                let intact = reseal ? [] : try intactSeals(of: file.agentKeys, on: connection)
                let keys = try seal(file.agentKeys.filter { !intact.contains($0.key) })
                if !change.isEmpty || !keys.isEmpty {
                    try ConfigWriter(change: change, keys: keys).write(file, subscribers, on: connection)
                }
                return change
            }
        } catch let error as ConfigStoreError {
            throw error
        } catch let error as PostgresError {
            throw .postgres(error)
        } catch { preconditionFailure("nothing else is thrown above: \(error)") }
    }

    /// Subscribers with the address of the agent that signs for them: of the key in the file, else of the stored one.
    private func resolve(_ file: ConfigFile, _ stored: ConfigSnapshot, reseal: Bool) throws(ConfigStoreError) -> [Subscriber] {
        let faults = FaultList()
        var subscribers: [Subscriber] = []
        var owners: [String: SubscriberID] = [:]
        for subscriber in file.subscribers {
            let key = file.agentKeys[subscriber.id]
            if key == nil, reseal {
                faults.add(subscriber.place, value: subscriber.id.text, "has no agent key here; sealing anew needs them all")
            }
            guard let agent = key?.address ?? stored.subscribers[subscriber.id]?.agentAddress else {
                if !reseal {
                    faults.add(
                        subscriber.place, value: subscriber.id.text,
                        "has no agent key, here or stored: add agent_key_file, agent_key_env or a line in the agent_keys file")
                }
                continue
            }
            if let owner = owners[agent] {
                faults.add(subscriber.place, value: subscriber.id.text, "has the agent key of \(owner): each needs its own")
            }
            owners[agent] = subscriber.id
            subscribers.append(
                Subscriber(
                    id: subscriber.id, account: subscriber.account, vaultAddress: subscriber.vaultAddress, agentAddress: agent,
                    settings: subscriber.settings))
        }
        guard faults.faults.isEmpty else { throw .faults(ConfigFaults(faults.sorted)) }
        return subscribers
    }

    /// Those whose stored seal opens and is of the same key, so that it can stay.
    private func intactSeals(
        of keys: [SubscriberID: AgentKey], on connection: isolated PostgresConnection
    ) throws -> Set<SubscriberID> {
        let rows = try connection.query(
            "SELECT id, agent_key_sealed FROM subscribers WHERE id = ANY ($1::text[])", [.texts(keys.keys.map(\.text))], results: .binary)
        var intact: Set<SubscriberID> = []
        for row in rows {
            let id = SubscriberID(try row.text("id"))
            let sealed = try row.bytes("agent_key_sealed")
            let key = try? AgentKeySeal.open(sealed, of: id, address: keys[id]!.address, probe: nil, with: sealingKey)
            if key != nil { intact.insert(id) }
        }
        return intact
    }

    private func seal(_ keys: [SubscriberID: AgentKey]) throws(ConfigStoreError) -> [String: [UInt8]] {
        var sealed: [String: [UInt8]] = [:]
        for (subscriber, key) in keys {
            do { sealed[subscriber.text] = try AgentKeySeal.seal(key, of: subscriber, with: sealingKey) } catch {
                throw .cannotSeal("\(error)")
            }
        }
        return sealed
    }

    private func storeProbe(on connection: isolated PostgresConnection) throws {
        let probe: [UInt8]
        do { probe = try sealingKey.sealedProbe() } catch { throw ConfigStoreError.cannotSeal("\(error)") }
        try connection.execute(
            "INSERT INTO config_sealing (probe) VALUES ($1::bytea) ON CONFLICT (only_row) DO UPDATE SET probe = excluded.probe",
            [.bytes(probe)])
    }
}
