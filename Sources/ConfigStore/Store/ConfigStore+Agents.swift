import CopyTrading
import Cryptography
import Postgres

/// What processes that sign, and check who signs, read and write of agents.
extension ConfigStore {
    /// Whether everything stored can be opened; a worker asks at its start rather than at the first order.
    /// - Throws: ``ConfigStoreError/wrongSealingKey(needed:)``; nothing while no key is stored.
    public func check(_ sealingKeys: SealingKeys) async throws(ConfigStoreError) {
        let ids = try await read("SELECT DISTINCT sealing_key FROM agent_keys WHERE sealing_key IS NOT NULL") { try $0.text("sealing_key") }
        let probe = try await read("SELECT probe FROM config_sealing", results: .binary) { try $0.bytes("probe") }
        try sealingKeys.check(sealingKeys: ids, probe: probe.first)
    }

    /// Opens an agent's key. Nothing of it is kept here.
    /// - Parameter agent: its address; whoever a subscriber's agent is, its key is bound to both.
    /// - Throws: ``ConfigStoreError/agentKeyGone(agent:state:reason:)`` when there is none any more.
    public func agentKey(of subscriber: SubscriberID, agent: String, sealingKeys: SealingKeys) async throws(ConfigStoreError) -> SigningKey {
        let found = try await read(
            "SELECT \(AgentKeyTable.columns), (SELECT probe FROM config_sealing) AS probe FROM agent_keys WHERE agent_address = $1",
            [.text(agent)], results: .binary
        ) { (try AgentKeyTable.row($0), try $0.maybeBytes("probe")) }
        guard let (row, probe) = found.first else { throw .agentKeyGone(agent: agent, state: nil, reason: nil) }
        guard let sealed = row.sealed else { throw .agentKeyGone(agent: agent, state: row.state, reason: row.reason) }
        return try sealed.open(SealedAgentKey.Owner(subscriber: subscriber, agent: agent), with: sealingKeys, probe: probe)
    }

    // MARK: - What the exchange says of agents

    public func agentChecks(_ agents: [String]) async throws(ConfigStoreError) -> [AgentCheck] {
        try await read(
            "SELECT agent_address, account, checked_ms, problem, approved_name, valid_until_ms FROM agent_checks WHERE agent_address = ANY ($1::text[])",
            [.texts(agents)]
        ) { row in
            AgentCheck(
                agent: try row.text("agent_address"), account: AccountID(try row.text("account")), checkedAt: try row.integer("checked_ms"),
                problem: try row.maybeText("problem"), name: try row.maybeText("approved_name"), validUntil: try row.maybeInteger("valid_until_ms"))
        }
    }

    /// An older one does not replace a newer one.
    public func store(_ check: AgentCheck) async throws(ConfigStoreError) {
        _ = try await read(
            """
            INSERT INTO agent_checks (agent_address, account, checked_ms, problem, approved_name, valid_until_ms)
            VALUES ($1, $2, $3::bigint, $4, $5, $6::bigint)
            ON CONFLICT (agent_address) DO UPDATE SET account = excluded.account, checked_ms = excluded.checked_ms, problem = excluded.problem,
                approved_name = excluded.approved_name, valid_until_ms = excluded.valid_until_ms
            WHERE excluded.checked_ms >= agent_checks.checked_ms
            """,
            [
                .text(check.agent), .text(check.account.text), .integer(check.checkedAt), .text(orNull: check.problem), .text(orNull: check.name),
                .integer(orNull: check.validUntil),
            ]
        ) { _ in () }
    }

    // MARK: - Agents that others have replaced

    /// Those whose keys are still kept, and have been for so long, so that every process knows of the new one.
    public func retiringAgents(since grace: Duration) async throws(ConfigStoreError) -> [(agent: String, subscriber: SubscriberID)] {
        try await read(
            "SELECT agent_address, subscriber FROM agent_keys WHERE state = 'retiring' AND ended_at < now() - $1::bigint * interval '1 second'",
            [.integer(grace.components.seconds)]
        ) { (try $0.text("agent_address"), SubscriberID(try $0.text("subscriber"))) }
    }

    /// Nothing signed by it can be open any more.
    public func destroyRetiring(_ agent: String) async throws(ConfigStoreError) {
        _ = try await read(
            """
            UPDATE agent_keys SET state = 'replaced', key_sealed = NULL, data_key_sealed = NULL, sealing_key = NULL
            WHERE agent_address = $1 AND state = 'retiring'
            """, [.text(agent)]) { _ in () }
    }

    private func read<Value: Sendable>(
        _ sql: String, _ parameters: [PostgresParameter] = [], results: PostgresFormat = .text, _ decode: (PostgresRow) throws -> Value
    ) async throws(ConfigStoreError) -> [Value] {
        do {
            return try await connection.query(sql, parameters, results: results).map(decode)
        } catch let error as ConfigStoreError { throw error } catch let error as PostgresError { throw .postgres(error) } catch {
            preconditionFailure("nothing else is thrown above: \(error)")
        }
    }
}
