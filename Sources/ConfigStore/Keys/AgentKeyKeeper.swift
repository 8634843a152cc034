import CopyTrading
import Postgres

/// Single agents' keys, beside whole configurations (R-92): a change is one transaction and a version of the configuration of its own, so
/// that running processes notice it as they notice any other.
public struct AgentKeyKeeper: Sendable {
    private let connection: PostgresConnection

    public init(_ connection: PostgresConnection) { self.connection = connection }

    /// What a change did.
    public struct Change: Sendable, Equatable {
        public var subscriber: SubscriberID
        /// The agent that it is about.
        public var agent: String
        public var state: AgentKeyState
        /// The agent before it, when one was.
        public var previous: String?
        /// The configuration in force; `nil` when the subscriber is not in it yet.
        public var version: Int64?
    }

    /// Every agent there is or was, by subscriber, the one that signs first.
    public func list(subscriber: SubscriberID? = nil) async throws(ConfigStoreError) -> [AgentKeyRecord] {
        do {
            return try await connection.query(Self.listing, [.text(orNull: subscriber?.text)]).map(Self.record)
        } catch let error as ConfigStoreError { throw error } catch let error as PostgresError { throw .postgres(error) } catch {
            preconditionFailure("nothing else is thrown above: \(error)")
        }
    }

    /// A key for a subscriber that has none: not configured yet, or its agent was revoked.
    public func add(
        _ key: AgentKey, for subscriber: SubscriberID, name: String?, sealingKeys: SealingKeys
    ) async throws(ConfigStoreError) -> Change {
        if case .failure(let problem) = ValueParsing.name(subscriber.text) {
            throw .agentKeyRefused("\"\(subscriber)\" can be no subscriber: it \(problem.text)")
        }
        return try await put(key, for: subscriber, name: name, sealingKeys) { known throws(ConfigStoreError) in
            guard let known, !known.isAgentRevoked else { return }
            throw .agentKeyRefused("\(subscriber) has an agent already, \(known.agentAddress): `vibe keys rotate` puts another in its place")
        }
    }

    /// Another key for a subscriber: its agent signs whatever is sent from now on.
    public func rotate(
        _ key: AgentKey, for subscriber: SubscriberID, name: String?, sealingKeys: SealingKeys
    ) async throws(ConfigStoreError) -> Change {
        try await put(key, for: subscriber, name: name, sealingKeys) { known throws(ConfigStoreError) in
            guard let known else { throw .unknownSubscriber(subscriber) }
            if known.isAgentRevoked { throw .agentKeyRefused("the agent of \(subscriber) is revoked: `vibe keys add` gives it another") }
        }
    }

    private func put(
        _ key: AgentKey, for subscriber: SubscriberID, name: String?, _ sealingKeys: SealingKeys,
        _ check: @Sendable (Subscriber?) throws(ConfigStoreError) -> Void
    ) async throws(ConfigStoreError) -> Change {
        try await ConfigTransaction.run(connection) { connection in
            let stored = try ConfigTransaction.snapshot(on: connection)
            let keys = try AgentKeyTable.all(on: connection)
            try sealingKeys.check(
                sealingKeys: keys.values.compactMap(\.sealed?.wrapping?.sealingKey), probe: try AgentKeyTable.probe(on: connection))
            let known = stored.subscribers[subscriber]
            try check(known)
            if let row = keys[key.address], row.state != .removed {
                let ending = row.ending ?? (row.state == .waiting ? "waits for subscriber \(row.owner.subscriber)" : "signs for \(row.owner.subscriber)")
                throw ConfigStoreError.agentKeyRefused("agent \(key.address) \(ending): each agent signs for one subscriber, and never again after its end")
            }
            if known == nil, let other = keys.values.first(where: { $0.state == .waiting && $0.owner.subscriber == subscriber }) {
                throw ConfigStoreError.agentKeyRefused("agent \(other.owner.agent) waits for \(subscriber) already")
            }
            if stored.subscribers.values.contains(where: { $0.account.text == key.address }) {
                throw ConfigStoreError.agentKeyRefused("\(key.address) is an account itself: its own key could withdraw; give an agent's")
            }
            let owner = SealedAgentKey.Owner(subscriber: subscriber, agent: key.address)
            let sealed = try SealedAgentKey.seal(key, of: subscriber, with: sealingKeys.current)
            try AgentKeyTable.store([(owner, name ?? subscriber.text, sealed)], as: known == nil ? .waiting : .active, on: connection)
            guard let known else { return Change(subscriber: subscriber, agent: key.address, state: .waiting) }
            var renewed = known
            renewed.agentAddress = key.address
            renewed.isAgentRevoked = false
            let version = try Self.change(known, to: renewed, in: stored, on: connection)
            return Change(subscriber: subscriber, agent: key.address, state: .active, previous: known.agentAddress, version: version)
        }
    }

    /// Destroys every key of a subscriber. Nothing signs for it until another is added.
    public func revoke(_ subscriber: SubscriberID, reason: String) async throws(ConfigStoreError) -> Change {
        try await ConfigTransaction.run(connection) { connection in
            let stored = try ConfigTransaction.snapshot(on: connection)
            let rows = try connection.query(
                """
                UPDATE agent_keys SET state = 'revoked', key_sealed = NULL, data_key_sealed = NULL, sealing_key = NULL, ended_at = now(), reason = $2
                WHERE subscriber = $1 AND key_sealed IS NOT NULL RETURNING agent_address
                """, [.text(subscriber.text), .text(reason)])
            guard let known = stored.subscribers[subscriber] else {
                guard let agent = try rows.first?.text("agent_address") else { throw ConfigStoreError.unknownSubscriber(subscriber) }
                return Change(subscriber: subscriber, agent: agent, state: .revoked)
            }
            if known.isAgentRevoked { throw ConfigStoreError.agentKeyRefused("agent \(known.agentAddress) of \(subscriber) is revoked already") }
            var revoked = known
            revoked.isAgentRevoked = true
            let version = try Self.change(known, to: revoked, in: stored, on: connection)
            return Change(subscriber: subscriber, agent: known.agentAddress, state: .revoked, version: version)
        }
    }

    /// A version of the configuration that differs in one subscriber.
    private static func change(
        _ known: Subscriber, to renewed: Subscriber, in stored: ConfigSnapshot, on connection: isolated PostgresConnection
    ) throws -> Int64 {
        try connection.execute(
            "UPDATE subscribers SET agent_address = $2, agent_revoked = $3::boolean WHERE id = $1",
            [.text(renewed.key), .text(renewed.agentAddress), .bool(renewed.isAgentRevoked)])
        let signing = stored.subscribers.values.map { $0.id == renewed.id ? renewed : $0 }.filter { !$0.isAgentRevoked }
        try AgentKeyTable.settle(signing: signing.map(\.agentAddress), subscribers: stored.subscribers.keys.map(\.text), on: connection)
        let change = ConfigChange(
            version: stored.version + 1, isDryRun: false, influencers: .init(), subscribers: .init(from: [known], to: [renewed]), subscriptions: .init(),
            scopes: .init(), isResealed: false)
        try ConfigWriter(change: change).record(on: connection)
        return change.version
    }

    // MARK: - Reading

    private static let listing = """
        SELECT k.agent_address, k.subscriber, k.name, k.state, k.sealing_key, (extract(epoch FROM k.added_at) * 1000)::bigint AS added_ms, k.added_by,
            (extract(epoch FROM k.ended_at) * 1000)::bigint AS ended_ms, k.reason, s.account,
            c.checked_ms, c.account AS checked_account, c.problem, c.approved_name, c.valid_until_ms
        FROM agent_keys AS k LEFT JOIN subscribers AS s ON s.id = k.subscriber LEFT JOIN agent_checks AS c ON c.agent_address = k.agent_address
        WHERE $1::text IS NULL OR k.subscriber = $1
        ORDER BY k.subscriber, (k.state NOT IN ('active', 'waiting')), k.added_at DESC, k.agent_address
        """

    private static func record(_ row: PostgresRow) throws -> AgentKeyRecord {
        let agent = try row.text("agent_address")
        guard let state = AgentKeyState(rawValue: try row.text("state")) else {
            throw ConfigStoreError.unreadable(kind: "agent key", id: agent, problem: "its state is \(try row.text("state"))")
        }
        return AgentKeyRecord(
            agent: agent, subscriber: SubscriberID(try row.text("subscriber")), name: try row.text("name"), state: state,
            sealingKey: try row.maybeText("sealing_key"), addedAt: try row.integer("added_ms"), addedBy: try row.text("added_by"),
            endedAt: try row.maybeInteger("ended_ms"), reason: try row.maybeText("reason"), account: try row.maybeText("account").map { AccountID($0) },
            check: try row.maybeText("checked_account").map { account in
                AgentCheck(
                    agent: agent, account: AccountID(account), checkedAt: try row.integer("checked_ms"), problem: try row.maybeText("problem"),
                    name: try row.maybeText("approved_name"), validUntil: try row.maybeInteger("valid_until_ms"))
            })
    }
}
