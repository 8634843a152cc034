import ConfigStore
import CopyTrading
import Testing

struct ConfigStoreTests {
    private static let changed = Sample.text.replacingOccurrences(of: "\"50\"", with: "\"60\"")

    @Test("an empty store has version 0 and nothing in it")
    func empty() async throws {
        let config = try await Store().store()
        try await config.load()
        #expect(config.current().version == 0)
        #expect(config.current().subscriptions(of: "leader-a").isEmpty)
    }

    @Test("a running store takes up a new version on its notice, and ends when it is cancelled")
    func notice() async throws {
        let store = try await Store()
        let config = store.store(pollEvery: .seconds(3_600))
        let running = Task { await config.run() }
        try await store.apply(Sample.text)
        try await until { config.current().version == 1 }
        try await store.apply(Self.changed)
        try await until { config.current().version == 2 }
        running.cancel()
        await running.value
    }

    @Test("a lost notice only delays: the store looks by itself, also after its connections broke")
    func lostNotice() async throws {
        let store = try await Store()
        let config = store.store(pollEvery: .milliseconds(50))
        let running = Task { await config.run() }
        try await store.apply(Sample.text)
        try await until { config.current().version == 1 }
        try await store.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        try await store.connection.execute("ALTER TABLE config_versions ADD note text")
        try await store.apply(Self.changed)
        try await until { config.current().version == 2 }
        running.cancel()
        await running.value
    }

    @Test("waiting for a version looks in the database at once, and refuses one that was never applied")
    func waitFor() async throws {
        let store = try await Store()
        let config = store.store()
        try await store.apply(Sample.text)
        #expect(try await config.waitFor(version: 1).version == 1)
        await #expect(throws: ConfigStoreError.unknownVersion(2, newest: 1)) { try await config.waitFor(version: 2) }
        try await store.apply(Self.changed)
        #expect(try await config.waitFor(version: 1).version == 1)
        #expect(try await config.waitFor(version: 2).subscriptions["s1:leader-a"]?.sizing == .fixedNotional(Notional(60)))
        #expect(try await config.snapshot(version: 1).subscriptions["s1:leader-a"]?.sizing == .fixedNotional(Notional(50)))
    }

    @Test("a row changed by hand to nonsense is named")
    func unreadable() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        try await store.connection.execute("UPDATE subscriptions SET settings = jsonb_set(settings, '{sizing,notional}', '\"1e30\"') WHERE id = 's1:leader-a'")
        let error = await #expect(throws: ConfigStoreError.self) { try await store.store().load() }
        guard case .unreadable("subscription", "s1:leader-a", _)? = error else { throw error! }
    }

    private func until(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "nothing happened for 20 seconds")
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
