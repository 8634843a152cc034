import ConfigStore
import Foundation
import Testing

struct StoredKeyTests {
    private static let other = try! SealingKey(bytes: [UInt8](repeating: 9, count: 32))
    private static let wrong = ConfigStoreError.wrongSealingKey(needed: [Sample.sealingKey.id])
    private static let withoutKeys = Sample.text.replacingOccurrences(of: "    agent_key_env: K1\n", with: "")
        .replacingOccurrences(of: "    agent_key_env: K2\n", with: "")

    @Test("a stored key opens with its sealing key and signs for its address")
    func opens() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let config = store.store()
        #expect(try await config.agentKey(of: "s1", sealingKey: Sample.sealingKey).address == Sample.agent(1))
        #expect(try await config.agentKey(of: "s2", sealingKey: Self.other, old: [Sample.sealingKey]).address == Sample.agent(2))
        await #expect(throws: Self.wrong) { try await config.agentKey(of: "s1", sealingKey: Self.other) }
        await #expect(throws: ConfigStoreError.agentKeyGone(agent: "", state: nil, reason: nil)) {
            try await config.agentKey(of: "s3", sealingKey: Sample.sealingKey)
        }
        await #expect(throws: ConfigStoreError.damagedAgentKey("s2")) {
            try await config.agentKey(of: "s2", agent: Sample.agent(1), sealingKeys: SealingKeys(current: Sample.sealingKey))
        }
    }

    @Test("a sealing key can be checked before anything is to be opened")
    func checked() async throws {
        let store = try await Store()
        try await store.store().check(SealingKeys(current: Self.other))
        try await store.apply(Sample.text)
        try await store.store().check(SealingKeys(current: Sample.sealingKey))
        try await store.store().check(SealingKeys(current: Self.other, old: [Sample.sealingKey]))
        await #expect(throws: Self.wrong) { try await store.store().check(SealingKeys(current: Self.other)) }
    }

    @Test("R-92: nothing in the database holds a key in clear")
    func sealed() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        for table in ["subscribers", "config_history", "config_versions", "agent_keys"] {
            let rows = try await store.connection.query("SELECT row_to_json(t)::text AS row FROM \(table) AS t")
            #expect(!rows.isEmpty)
            for row in rows { #expect(!(try row.text("row")).contains(Sample.key(1).suffix(20))) }
        }
        let history = try await store.connection.query("SELECT 1 FROM config_history WHERE entry ? 'agent_key_sealed'")
        #expect(history.isEmpty)
    }

    @Test("keys absent from the file stay, and a new subscriber without one is a fault")
    func kept() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        #expect(try await store.apply(Self.withoutKeys, environment: [:]).isEmpty)
        #expect(try await store.store().agentKey(of: "s2", sealingKey: Sample.sealingKey).address == Sample.agent(2))
        let fresh = try await Store()
        let error = await #expect(throws: ConfigStoreError.self) { try await fresh.apply(Self.withoutKeys, environment: [:]) }
        guard case .faults(let faults)? = error else { throw error! }
        #expect(faults.faults.map(\.line) == [6, 9])
        #expect(faults.faults.map(\.value) == ["s1", "s2"])
    }

    @Test("R-90: a new key replaces the stored one and changes the agent's address, not the account")
    func replaced() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let change = try await store.apply(Sample.text, environment: ["K1": Sample.key(5), "K2": Sample.key(2)])
        #expect(change.subscribers.changed.map(\.description) == ["s1: agent_address \(Sample.agent(1)) → \(Sample.agent(5))"])
        #expect(try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey).address == Sample.agent(5))
        // Another's stored key is refused as well as another's key in the file.
        let withoutSecond = Sample.text.replacingOccurrences(of: "    agent_key_env: K2\n", with: "")
        await #expect(throws: ConfigStoreError.self) { try await store.apply(withoutSecond, environment: ["K1": Sample.key(2)]) }
    }

    /// Field and problem of each fault of a file that is refused.
    private func faults(_ store: Store, _ text: String, _ environment: [String: String]) async throws -> [String] {
        let error = await #expect(throws: ConfigStoreError.self) { try await store.apply(text, environment: environment) }
        guard case .faults(let faults)? = error else { return [] }
        return faults.faults.map { "\($0.field): \($0.problem)" }
    }

    @Test("R-92: the own key of an account, which could withdraw, is no agent's: its own or another's, in the file or stored")
    func ownKey() async throws {
        let store = try await Store()
        let owned = Sample.text.replacingOccurrences(of: Sample.address(2), with: Sample.agent(1))
        let fault = "subscribers[0].agent_key_env: has the own key of account \(Sample.agent(1)), which could withdraw: give an agent's"
        #expect(try await faults(store, owned, Sample.environment) == [fault])
        #expect(try await faults(store, Sample.text.replacingOccurrences(of: Sample.address(1), with: Sample.agent(1)), Sample.environment) == [fault])
        try await store.apply(Sample.text)
        let withoutKeys = Self.withoutKeys.replacingOccurrences(of: Sample.address(2), with: Sample.agent(1))
        let found = try await faults(store, withoutKeys, [:])
        #expect(found.count == 2)
        #expect(found.first?.hasPrefix("subscribers[0]: has the own key of account") == true)
        #expect(found.last?.hasPrefix("subscribers[1].account: is not the account of subscriber s2, which is \(Sample.address(2))") == true)
    }

    @Test("R-90: an agent that signs for one subscriber is not taken over by another in one apply")
    func takenOver() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let swapped = ["K1": Sample.key(2), "K2": Sample.key(1)]
        #expect(
            try await faults(store, Sample.text, swapped) == [
                "subscribers[0].agent_key_env: has the key of agent \(Sample.agent(2)), which signs for subscriber s2: let the account approve another "
                    + "and give its key",
                "subscribers[1].agent_key_env: has the key of agent \(Sample.agent(1)), which signs for subscriber s1: let the account approve another "
                    + "and give its key",
            ])
        #expect(try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey).address == Sample.agent(1))
    }

    @Test("a wrong sealing key changes nothing and says what to do; sealing anew needs all keys")
    func wrongKey() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let changed = Sample.text.replacingOccurrences(of: "\"50\"", with: "\"60\"")
        await #expect(throws: Self.wrong) { try await store.apply(changed, sealingKey: Self.other) }
        #expect("\(Self.wrong)".contains("--reseal") && "\(Self.wrong)".contains(Sample.sealingKey.id))
        let error = await #expect(throws: ConfigStoreError.self) {
            try await store.apply(Self.withoutKeys, environment: [:], sealingKey: Self.other, reseal: true)
        }
        guard case .faults(let faults)? = error else { throw error! }
        #expect(faults.faults.count == 2)
        let resealed = try await store.apply(Sample.text, sealingKey: Self.other, reseal: true)
        #expect(resealed.isResealed && resealed.isEmpty && resealed.version == 1)
        #expect(try await store.store().agentKey(of: "s1", sealingKey: Self.other).address == Sample.agent(1))
        await #expect(throws: ConfigStoreError.wrongSealingKey(needed: [Self.other.id])) {
            try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey)
        }
    }

    @Test("R-92: sealing anew destroys what waits or retires under the lost sealing key, so that workers start")
    func lostSealingKey() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let before = SealingKeys(current: Sample.sealingKey)
        _ = try await store.keeper.rotate(try #require(AgentKey(parsing: Sample.key(5))), for: "s1", name: nil, sealingKeys: before)
        _ = try await store.keeper.add(try #require(AgentKey(parsing: Sample.key(6))), for: "s3", name: nil, sealingKeys: before)
        // the agent of s2 retires with the same apply
        let environment = ["K1": Sample.key(5), "K2": Sample.key(7)]
        let dry = try await store.apply(Sample.text, environment: environment, sealingKey: Self.other, isDryRun: true, reseal: true)
        #expect(dry.lostKeys == 3)
        await #expect(throws: Self.wrong) { try await store.store().check(SealingKeys(current: Self.other)) }
        let change = try await store.apply(Sample.text, environment: environment, sealingKey: Self.other, reseal: true)
        #expect(change.lostKeys == 3)
        try await store.store().check(SealingKeys(current: Self.other))
        let agents = Dictionary(uniqueKeysWithValues: try await store.keeper.list().map { ($0.agent, $0) })
        #expect([5, 7, 1, 2, 6].map { agents[Sample.agent($0)]?.state } == [.active, .active, .replaced, .replaced, .removed])
        #expect([1, 2, 6].allSatisfy { agents[Sample.agent($0)]?.reason == "its sealing key was lost" && agents[Sample.agent($0)]?.endedAt != nil })
        #expect(try await store.apply(Sample.text, environment: environment, sealingKey: Self.other, reseal: true).lostKeys == 0)
    }

    @Test("a seal moved to another row does not open, and applying the key again mends it")
    func moved() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        try await store.connection.execute(
            """
            UPDATE agent_keys SET key_sealed = other.key_sealed, data_key_sealed = other.data_key_sealed
            FROM agent_keys AS other WHERE agent_keys.subscriber = 's1' AND other.subscriber = 's2'
            """)
        await #expect(throws: ConfigStoreError.damagedAgentKey("s1")) {
            try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey)
        }
        #expect(try await store.apply(Sample.text).isEmpty)
        #expect(try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey).address == Sample.agent(1))
    }
}
