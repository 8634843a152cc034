import ConfigStore
import Cryptography
import Foundation
import Synchronization
import Testing

@Suite("Sealing keys")
struct SealingRotationTests {
    private static let next = try! SealingKey(bytes: [UInt8](repeating: 9, count: 32))
    private static let both = SealingKeys(current: next, old: [Sample.sealingKey])

    private func column(_ name: String, _ store: Store) async throws -> [String: String] {
        let rows = try await store.connection.query("SELECT subscriber, coalesce(\(name)::text, '') AS value FROM agent_keys")
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.text("subscriber"), try $0.text("value")) })
    }

    /// As it was before keys had data keys of their own.
    private func storeOlderForm(_ store: Store, _ sealingKey: SealingKey = Sample.sealingKey) async throws {
        for (number, subscriber) in [(1, "s1"), (2, "s2")] {
            let sealed = try AES256GCM.seal(Hexadecimal.bytes(Sample.key(number))!, key: sealingKey.bytes, associatedData: Array(subscriber.utf8))
            for statement in [
                "UPDATE agent_keys SET key_sealed = $2, data_key_sealed = NULL, sealing_key = NULL WHERE subscriber = $1",
                "UPDATE subscribers SET agent_key_sealed = $2 WHERE id = $1",
            ] {
                try await store.connection.execute(statement, [.text(subscriber), .bytes(sealed)])
            }
        }
        let probe = try AES256GCM.seal(Array("vibe".utf8), key: sealingKey.bytes, associatedData: Array("config_sealing".utf8))
        try await store.connection.execute("INSERT INTO config_sealing (probe) VALUES ($1)", [.bytes(probe)])
    }

    @Test("R-92: each agent's key has a data key of its own, and a sealing key's id tells nothing of the key")
    func envelope() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let (keys, dataKeys) = (try await column("key_sealed", store), try await column("data_key_sealed", store))
        #expect(Set(keys.values).count == 2 && Set(dataKeys.values).count == 2)
        #expect(Set(try await column("sealing_key", store).values) == [Sample.sealingKey.id])
        #expect(Sample.sealingKey.id.count == 8 && Sample.sealingKey.id != Self.next.id)
        // What the sealing key opens is the data key, not the agent's.
        let sealed = try #require(Hexadecimal.bytes(keys["s1"]!.dropFirst(2)))
        #expect(throws: CryptographyError.self) {
            try AES256GCM.open(sealed, key: Sample.sealingKey.bytes, associatedData: Array("s1".utf8))
        }
        #expect(try await column("agent_address", store)["s1"] == Sample.agent(1))
    }

    @Test("R-92: rotating the sealing key wraps every data key anew, leaves the agents' keys as they are, and says what is no longer used")
    func rotate() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let before = try await column("key_sealed", store)
        let steps = Mutex<[Int]>([])
        let report = try await SealingRotation(store.connection, sealingKeys: Self.both).run(batch: 1) { done, total in
            steps.withLock { $0.append(done * 10 + total) }
        }
        #expect(report.rewrapped == 2 && report.kept == 0 && report.failed.isEmpty && report.inUse == [Self.next.id: 2])
        #expect(steps.withLock { $0 } == [12, 22, 22])
        #expect(try await column("key_sealed", store) == before)
        #expect(try await store.store().agentKey(of: "s1", sealingKey: Self.next).address == Sample.agent(1))
        await #expect(throws: ConfigStoreError.wrongSealingKey(needed: [Self.next.id])) {
            try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey)
        }
        let again = try await SealingRotation(store.connection, sealingKeys: Self.both).run()
        #expect(again.rewrapped == 0 && again.kept == 2)
    }

    @Test("R-92: a key whose sealing key is not given stays as it is, is named, and keeps no other back")
    func partial() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let lost = try SealingKey(bytes: [UInt8](repeating: 3, count: 32))
        try await store.connection.execute("UPDATE agent_keys SET sealing_key = $1 WHERE subscriber = 's1'", [.text(lost.id)])
        let report = try await SealingRotation(store.connection, sealingKeys: Self.both).run()
        #expect(report.rewrapped == 1 && report.failed.map(\.subscriber.text) == ["s1"] && report.inUse == [lost.id: 1, Self.next.id: 1])
        #expect(report.failed[0].problem.contains(lost.id))
        #expect(try await store.store().agentKey(of: "s2", sealingKey: Self.next).address == Sample.agent(2))
    }

    @Test("R-92: keys in the older form are read, and brought to the newer one by a rotation")
    func olderForm() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        try await storeOlderForm(store)
        let config = store.store()
        try await config.check(SealingKeys(current: Sample.sealingKey))
        #expect(try await config.agentKey(of: "s1", sealingKey: Sample.sealingKey).address == Sample.agent(1))
        #expect(try await config.agentKey(of: "s1", sealingKey: Self.next, old: [Sample.sealingKey]).address == Sample.agent(1))
        await #expect(throws: ConfigStoreError.wrongSealingKey(needed: [])) { try await config.check(SealingKeys(current: Self.next)) }
        await #expect(throws: ConfigStoreError.wrongSealingKey(needed: [])) { try await config.agentKey(of: "s1", sealingKey: Self.next) }
        // A file that names the same keys leaves them.
        #expect(try await store.apply(Sample.text).isEmpty)
        #expect(Set(try await column("sealing_key", store).values) == [""])
        let report = try await SealingRotation(store.connection, sealingKeys: Self.both).run()
        #expect(report.rewrapped == 2 && report.inUse == [Self.next.id: 2])
        #expect(try await config.agentKey(of: "s2", sealingKey: Self.next).address == Sample.agent(2))
        let rest = try await store.connection.query(
            "SELECT (SELECT count(*) FROM config_sealing) + (SELECT count(*) FROM subscribers WHERE agent_key_sealed IS NOT NULL) AS n")
        #expect(try rest[0].integer("n") == 0)
    }

    @Test("R-92: a lost sealing key that keys in the older form are sealed with is given up by sealing anew")
    func lostOlderForm() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        try await storeOlderForm(store)
        let environment = ["K1": Sample.key(5), "K2": Sample.key(2)]
        #expect(try await store.apply(Sample.text, environment: environment, sealingKey: Self.next, reseal: true).lostKeys == 1)
        try await store.store().check(SealingKeys(current: Self.next))
        #expect(try await store.store().agentKey(of: "s1", sealingKey: Self.next).address == Sample.agent(5))
    }

    @Test("R-92: a row that was altered does not open, whichever part of it", arguments: ["key_sealed", "data_key_sealed"])
    func altered(column: String) async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        try await store.connection.execute(
            "UPDATE agent_keys SET \(column) = set_byte(\(column), 20, get_byte(\(column), 20) # 1) WHERE subscriber = 's1'")
        await #expect(throws: ConfigStoreError.damagedAgentKey("s1")) { try await store.store().agentKey(of: "s1", sealingKey: Sample.sealingKey) }
        #expect(try await store.store().agentKey(of: "s2", sealingKey: Sample.sealingKey).address == Sample.agent(2))
    }

    @Test("R-92: a row that was given to another subscriber does not open")
    func givenAway() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        try await store.connection.execute("UPDATE agent_keys SET subscriber = 's2' WHERE subscriber = 's1'")
        await #expect(throws: ConfigStoreError.damagedAgentKey("s2")) {
            try await store.store().agentKey(of: "s2", agent: Sample.agent(1), sealingKeys: SealingKeys(current: Sample.sealingKey))
        }
    }

    @Test("R-92: no description of a sealing key shows it")
    func secret() throws {
        var dumped = ""
        dump(Self.both, to: &dumped)
        #expect(!(dumped + "\(Self.both)" + String(reflecting: Self.both)).contains("9, 9"))
    }
}
