import CopyTrading
import Postgres

/// The statements about `agent_keys`, each inside its caller's transaction.
enum AgentKeyTable {
    /// A stored agent with its sealed key.
    struct Row: Sendable {
        var owner: SealedAgentKey.Owner
        var state: AgentKeyState
        var sealed: SealedAgentKey?
        /// Milliseconds since 1970.
        var endedAt: Int64?
        var reason: String?

        /// Why this agent signs for nobody again, to read on after its address; `nil` when it may.
        var ending: String? {
            switch state {
            case .waiting, .active, .removed: nil
            case .retiring, .replaced: "was replaced by another" + detail
            case .revoked: "was revoked" + detail
            }
        }

        private var detail: String { reason.map { " (\($0))" } ?? "" }
    }

    static let columns = """
        agent_address, subscriber, state, key_sealed, data_key_sealed, sealing_key, (extract(epoch FROM ended_at) * 1000)::bigint AS ended_ms, reason
        """

    static func row(_ row: PostgresRow) throws -> Row {
        let agent = try row.text("agent_address")
        guard let state = AgentKeyState(rawValue: try row.text("state")) else {
            throw ConfigStoreError.unreadable(kind: "agent key", id: agent, problem: "its state is \(try row.text("state"))")
        }
        var sealed: SealedAgentKey?
        if let key = try row.maybeBytes("key_sealed") {
            sealed = SealedAgentKey(key: key, wrapping: nil)
            if let dataKey = try row.maybeBytes("data_key_sealed"), let id = try row.maybeText("sealing_key") {
                sealed?.wrapping = SealedAgentKey.Wrapping(dataKey: dataKey, sealingKey: id)
            }
        }
        return Row(
            owner: SealedAgentKey.Owner(subscriber: SubscriberID(try row.text("subscriber")), agent: agent), state: state, sealed: sealed,
            endedAt: try row.maybeInteger("ended_ms"), reason: try row.maybeText("reason"))
    }

    /// By address.
    static func all(on connection: isolated PostgresConnection) throws -> [String: Row] {
        let rows = try connection.query("SELECT \(columns) FROM agent_keys", results: .binary).map(row)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.owner.agent, $0) })
    }

    static func probe(on connection: isolated PostgresConnection) throws -> [UInt8]? {
        try connection.query("SELECT probe FROM config_sealing", results: .binary).first?.bytes("probe")
    }

    /// Stores keys; one that is there already gets this state and seal.
    static func store(
        _ keys: [(owner: SealedAgentKey.Owner, name: String, sealed: SealedAgentKey)], as state: AgentKeyState,
        on connection: isolated PostgresConnection
    ) throws {
        guard !keys.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO agent_keys (agent_address, subscriber, name, state, key_sealed, data_key_sealed, sealing_key)
            SELECT agent, subscriber, name, $7::text, key, data_key, sealing_key
            FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[]) AS given (agent, subscriber, name, key, data_key, sealing_key)
            ON CONFLICT (agent_address) DO UPDATE SET subscriber = excluded.subscriber, state = excluded.state, key_sealed = excluded.key_sealed,
                data_key_sealed = excluded.data_key_sealed, sealing_key = excluded.sealing_key, ended_at = NULL, reason = NULL
            """,
            [
                .texts(keys.map(\.owner.agent)), .texts(keys.map(\.owner.subscriber.text)), .texts(keys.map(\.name)),
                .byteStrings(keys.map(\.sealed.key)), .byteStrings(keys.map { $0.sealed.wrapping?.dataKey ?? [] }),
                .texts(keys.map { $0.sealed.wrapping?.sealingKey ?? "" }), .text(state.rawValue),
            ])
    }

    /// Brings the states in line with who signs now: those in `signing` are active; one that was and is not, retires, or is destroyed
    /// with its subscriber.
    /// - Parameters:
    ///   - signing: addresses.
    ///   - subscribers: all that are configured.
    ///   - lost: addresses whose keys nothing opens any more; they are destroyed unless they sign.
    static func settle(
        signing: [String], subscribers: [String], lost: [String] = [], on connection: isolated PostgresConnection
    ) throws {
        try connection.execute(
            "UPDATE agent_keys SET state = 'active' WHERE state = 'waiting' AND agent_address = ANY ($1::text[])", [.texts(signing)])
        try connection.execute(
            """
            UPDATE agent_keys SET state = 'retiring', ended_at = now()
            WHERE state = 'active' AND agent_address <> ALL ($1::text[]) AND subscriber = ANY ($2::text[])
            """, [.texts(signing), .texts(subscribers)])
        try connection.execute(
            """
            UPDATE agent_keys SET state = CASE state WHEN 'active' THEN 'removed' ELSE 'replaced' END, ended_at = now(),
                key_sealed = NULL, data_key_sealed = NULL, sealing_key = NULL
            WHERE state IN ('active', 'retiring') AND agent_address <> ALL ($1::text[]) AND subscriber <> ALL ($2::text[])
            """, [.texts(signing), .texts(subscribers)])
        try connection.execute(
            """
            UPDATE agent_keys SET state = CASE state WHEN 'retiring' THEN 'replaced' ELSE 'removed' END, ended_at = coalesce(ended_at, now()),
                key_sealed = NULL, data_key_sealed = NULL, sealing_key = NULL, reason = 'its sealing key was lost'
            WHERE state IN ('waiting', 'retiring') AND agent_address = ANY ($1::text[])
            """, [.texts(lost)])
        try forgetOlderForm(on: connection)
    }

    /// Where the older form is superseded nothing of it stays.
    static func forgetOlderForm(on connection: isolated PostgresConnection) throws {
        try connection.execute(
            """
            UPDATE subscribers SET agent_key_sealed = NULL WHERE agent_key_sealed IS NOT NULL AND NOT EXISTS (
                SELECT FROM agent_keys WHERE agent_keys.agent_address = subscribers.agent_address AND key_sealed IS NOT NULL AND sealing_key IS NULL)
            """)
        try connection.execute(
            "DELETE FROM config_sealing WHERE NOT EXISTS (SELECT FROM agent_keys WHERE key_sealed IS NOT NULL AND sealing_key IS NULL)")
    }
}

extension SealingKeys {
    /// - Throws: ``ConfigStoreError/wrongSealingKey(needed:)`` when something stored is sealed with none of these.
    func check(sealingKeys stored: some Collection<String>, probe: [UInt8]?) throws(ConfigStoreError) {
        let needed = Set(stored.filter { self[$0] == nil })
        guard needed.isEmpty else { throw .wrongSealingKey(needed: needed.sorted()) }
        if let probe, !opens(probe) { throw .wrongSealingKey(needed: []) }
    }

    /// Whether a stored key is sealed with one of these.
    func haveSealed(_ key: SealedAgentKey, probe: [UInt8]?) -> Bool {
        key.wrapping.map { self[$0.sealingKey] != nil } ?? probe.map(opens) ?? true
    }

    private func opens(_ probe: [UInt8]) -> Bool { all.contains { $0.opens(probe: probe) } }
}
