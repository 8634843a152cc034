import ConfigStore
import CopyTrading
import Foundation
import Testing

@Suite("Agents' keys, one at a time")
struct AgentKeyKeeperTests {
    private static let keys = SealingKeys(current: Sample.sealingKey)
    private static func key(_ number: Int) -> AgentKey { AgentKey(parsing: Sample.key(number))! }
    private static let withoutKeys = Sample.text.replacingOccurrences(of: "    agent_key_env: K1\n", with: "")
        .replacingOccurrences(of: "    agent_key_env: K2\n", with: "")

    private func applied() async throws -> Store {
        let store = try await Store()
        try await store.apply(Sample.text)
        return store
    }

    /// The problem of what is refused.
    private func refusal(_ body: () async throws -> Void) async -> String {
        let error = await #expect(throws: ConfigStoreError.self) { try await body() }
        return error.map { "\($0)" } ?? ""
    }

    private func states(_ store: Store, _ subscriber: SubscriberID) async throws -> [String] {
        try await store.keeper.list(subscriber: subscriber).map { "\($0.agent) \($0.state.rawValue)" }
    }

    @Test("R-92: another agent takes over with a version of its own, and the old key is kept until it is destroyed")
    func rotate() async throws {
        let store = try await applied()
        let change = try await store.keeper.rotate(Self.key(5), for: "s1", name: "second", sealingKeys: Self.keys)
        #expect(change.agent == Sample.agent(5) && change.previous == Sample.agent(1) && change.state == .active && change.version == 2)
        let config = store.store()
        try await config.load()
        #expect(config.current().version == 2 && config.current().subscribers["s1"]?.agentAddress == Sample.agent(5))
        #expect(try await config.snapshot(version: 1).subscribers["s1"]?.agentAddress == Sample.agent(1))
        #expect(try await config.agentKey(of: "s1", agent: Sample.agent(5), sealingKeys: Self.keys).address == Sample.agent(5))
        // For orders that may have to be settled.
        #expect(try await config.agentKey(of: "s1", agent: Sample.agent(1), sealingKeys: Self.keys).address == Sample.agent(1))
        #expect(try await states(store, "s1") == ["\(Sample.agent(5)) active", "\(Sample.agent(1)) retiring"])
        #expect(try await config.retiringAgents(since: .seconds(3_600)).isEmpty)
        #expect(try await config.retiringAgents(since: .zero).map(\.agent) == [Sample.agent(1)])
        // One that signs is not destroyed so.
        try await config.destroyRetiring(Sample.agent(5))
        try await config.destroyRetiring(Sample.agent(1))
        #expect(try await states(store, "s1") == ["\(Sample.agent(5)) active", "\(Sample.agent(1)) replaced"])
        await #expect(throws: ConfigStoreError.agentKeyGone(agent: Sample.agent(1), state: .replaced, reason: nil)) {
            try await config.agentKey(of: "s1", agent: Sample.agent(1), sealingKeys: Self.keys)
        }
    }

    @Test("R-92: a revoked agent's key is destroyed, its address and the reason are kept, and another can be added")
    func revoke() async throws {
        let store = try await applied()
        let change = try await store.keeper.revoke("s1", reason: "laptop stolen")
        #expect(change.agent == Sample.agent(1) && change.state == .revoked && change.version == 2)
        let config = store.store()
        try await config.load()
        #expect(config.current().subscribers["s1"]?.isAgentRevoked == true && config.current().subscribers["s2"]?.isAgentRevoked == false)
        await #expect(throws: ConfigStoreError.agentKeyGone(agent: Sample.agent(1), state: .revoked, reason: "laptop stolen")) {
            try await config.agentKey(of: "s1", agent: Sample.agent(1), sealingKeys: Self.keys)
        }
        let rows = try await store.connection.query(
            "SELECT count(*) AS n FROM agent_keys WHERE subscriber = 's1' AND (key_sealed IS NOT NULL OR data_key_sealed IS NOT NULL)")
        #expect(try rows[0].integer("n") == 0)
        #expect(await refusal { _ = try await store.keeper.revoke("s1", reason: "again") }.contains("revoked already"))
        #expect(await refusal { _ = try await store.keeper.rotate(Self.key(5), for: "s1", name: nil, sealingKeys: Self.keys) }.contains("vibe keys add"))
        #expect(try await store.keeper.add(Self.key(5), for: "s1", name: nil, sealingKeys: Self.keys).version == 3)
        try await config.load()
        #expect(config.current().subscribers["s1"]?.isAgentRevoked == false)
        #expect(try await config.snapshot(version: 2).subscribers["s1"]?.isAgentRevoked == true)
    }

    @Test("R-92: an agent that was replaced or revoked never comes back, by no way and for nobody")
    func neverReused() async throws {
        let store = try await applied()
        _ = try await store.keeper.rotate(Self.key(5), for: "s1", name: nil, sealingKeys: Self.keys)
        _ = try await store.keeper.revoke("s2", reason: "asked for")
        for (number, word) in [(1, "replaced"), (2, "revoked"), (5, "signs for s1")] {
            #expect(await refusal { _ = try await store.keeper.add(Self.key(number), for: "s2", name: nil, sealingKeys: Self.keys) }.contains(word))
            #expect(await refusal { _ = try await store.keeper.rotate(Self.key(number), for: "s1", name: nil, sealingKeys: Self.keys) }.contains(word))
        }
        let error = await #expect(throws: ConfigStoreError.self) { try await store.apply(Sample.text) }
        guard case .faults(let faults)? = error else { throw error! }
        #expect(faults.faults.map(\.field) == ["subscribers[0].agent_key_env", "subscribers[1].agent_key_env"])
        #expect(faults.faults.map(\.value) == ["s1", "s2"])
        #expect(faults.faults[1].problem.contains("was revoked (asked for)"))
        let config = store.store()
        try await config.load()
        #expect(config.current().version == 3)
    }

    @Test("applying a file does not undo what was changed by itself: without keys, or with the same, it changes nothing")
    func applyAgrees() async throws {
        let store = try await applied()
        _ = try await store.keeper.rotate(Self.key(5), for: "s1", name: nil, sealingKeys: Self.keys)
        #expect(try await store.apply(Sample.text, environment: ["K1": Sample.key(5), "K2": Sample.key(2)]).isEmpty)
        _ = try await store.keeper.revoke("s2", reason: "asked for")
        #expect(try await store.apply(Self.withoutKeys, environment: [:]).isEmpty)
        let config = store.store()
        try await config.load()
        #expect(config.current().version == 3)
        #expect(config.current().subscribers["s1"]?.agentAddress == Sample.agent(5) && config.current().subscribers["s2"]?.isAgentRevoked == true)
        // Another agent in the file ends the revocation.
        let change = try await store.apply(Sample.text, environment: ["K1": Sample.key(5), "K2": Sample.key(6)])
        #expect(Set(change.subscribers.changed[0].fields.map(\.name)) == ["agent_address", "agent_revoked"])
    }

    @Test("a key can be stored before its subscriber is configured, whose file then needs none")
    func waiting() async throws {
        let store = try await Store()
        for (number, subscriber) in [(1, "s1"), (2, "s2")] as [(Int, SubscriberID)] {
            let change = try await store.keeper.add(Self.key(number), for: subscriber, name: nil, sealingKeys: Self.keys)
            #expect(change.state == .waiting && change.version == nil)
        }
        #expect(await refusal { _ = try await store.keeper.add(Self.key(3), for: "s1", name: nil, sealingKeys: Self.keys) }.contains("waits for s1"))
        #expect(try await store.apply(Self.withoutKeys, environment: [:]).version == 1)
        #expect(try await store.store().agentKey(of: "s2", sealingKey: Sample.sealingKey).address == Sample.agent(2))
        #expect(try await states(store, "s1") == ["\(Sample.agent(1)) active"])
    }

    @Test("a key is stored for nobody whom no file can name", arguments: ["", "sub 7", "sub/7", String(repeating: "s", count: 65)])
    func nobody(subscriber: String) async throws {
        let store = try await Store()
        #expect(
            await refusal { _ = try await store.keeper.add(Self.key(1), for: SubscriberID(subscriber), name: nil, sealingKeys: Self.keys) }
                .contains("\"\(subscriber)\" can be no subscriber"))
        #expect(try await store.keeper.list().isEmpty)
    }

    @Test("with its subscriber an agent's key is destroyed; the address may return, as nobody said that it was deregistered")
    func removed() async throws {
        let store = try await applied()
        let onlySecond = "influencers: []\nsubscribers:\n  - {id: s2, account: \"\(Sample.address(2))\"}\nsubscriptions: []\n"
        for isDryRun in [true, false] { #expect(try await store.apply(onlySecond, isDryRun: isDryRun).destroyedKeys == ["s1"]) }
        #expect(try await store.apply(onlySecond).destroyedKeys == [])
        #expect(try await states(store, "s1") == ["\(Sample.agent(1)) removed"])
        try await store.apply(Sample.text)
        #expect(try await states(store, "s1") == ["\(Sample.agent(1)) active"])
        #expect(try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey).address == Sample.agent(1))
    }

    @Test("R-92: a key comes from a file of its owner's alone, and no fault shows it")
    func reading() throws {
        let sample = try Sample()
        try sample.write("open", Sample.key(1), mode: 0o640)
        try sample.write("own", "0x\(Sample.key(1))\n")
        try sample.write("none", "dead\(Sample.key(1))")
        #expect(try AgentKey.read(sample.folder + "/own").address == Sample.agent(1))
        let open = #expect(throws: AgentKeyFault.self) { try AgentKey.read(sample.folder + "/open") }
        #expect(open?.description == "\(sample.folder)/open may be read by others (mode 640): chmod 600 it")
        let error = #expect(throws: AgentKeyFault.self) { try AgentKey.read(sample.folder + "/none") }
        #expect(error.map { !"\($0)".contains("dead") && "\($0)".contains("64 hexadecimal digits") } == true)
    }

    @Test("R-90: what the exchange said of an agent is kept, and an older answer does not replace a newer one")
    func checks() async throws {
        let store = try await applied()
        let config = store.store()
        var check = AgentCheck(agent: Sample.agent(1), account: AccountID(Sample.address(1)), checkedAt: 2_000, name: "vibe", validUntil: 86_402_000 * 20)
        try await config.store(check)
        check.checkedAt = 1_000
        check.problem = "gone"
        try await config.store(check)
        #expect(try await config.agentChecks([Sample.agent(1), Sample.agent(2)]).map(\.checkedAt) == [2_000])
        let record = try #require(try await store.keeper.list(subscriber: "s1").first)
        #expect(record.check?.problem == nil && record.check?.name == "vibe" && record.account?.text == Sample.address(1))
        #expect(record.check?.daysLeft(at: 86_402_000 * 20 - 1) == 0 && record.check?.daysLeft(at: 86_402_000 * 20 + 1) == -1)
    }
}
