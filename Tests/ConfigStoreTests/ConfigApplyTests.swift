import ConfigStore
import CopyTrading
import Foundation
import Testing

struct ConfigApplyTests {
    @Test("a file that is applied comes back as it was, and applying it again changes nothing")
    func roundTrip() async throws {
        let store = try await Store()
        let change = try await store.apply(Sample.text)
        #expect(change.version == 1)
        #expect(change.subscriptions.added == ["own-name", "s1:leader-a", "s2:leader-a"])
        #expect(change.summary == "influencers +2 ~0 −0, subscribers +2 ~0 −0, subscriptions +3 ~0 −0")
        let config = store.store()
        try await config.load()
        let snapshot = config.current()
        let file = try store.sample.read(Sample.text, environment: Sample.environment)
        #expect(snapshot.version == 1)
        #expect(snapshot.influencers.values.sorted { $0.id < $1.id } == file.influencers)
        #expect(snapshot.subscriptions.values.sorted { $0.id < $1.id } == file.subscriptions.sorted { $0.id < $1.id })
        #expect(snapshot.subscribers["s1"] == Subscriber(id: "s1", account: AccountID(Sample.address(1)), agentAddress: Sample.agent(1)))
        #expect(snapshot.subscriptions(of: "leader-a").map(\.id) == ["s1:leader-a", "s2:leader-a"])
        let again = try await store.apply(Sample.text)
        #expect(again.isEmpty && again.version == 1)
        #expect(try await store.connection.query("SELECT count(*) AS n FROM config_versions")[0].integer("n") == 1)
    }

    @Test("a change makes one version, says what changed, and leaves the one before readable")
    func change() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let text = Sample.text.replacingOccurrences(of: "notional: \"50\"", with: "notional: \"75.5\"")
            .replacingOccurrences(of: "state: paused", with: "state: active")
        let change = try await store.apply(text)
        #expect(change.version == 2)
        #expect(
            change.subscriptions.changed.map(\.description) == [
                "own-name: state paused → active", "s1:leader-a: sizing.notional 50 → 75.5",
            ])
        #expect(change.influencers.isEmpty && change.subscribers.isEmpty)
        let config = store.store()
        try await config.load()
        #expect(config.current().subscriptions["s1:leader-a"]?.sizing == .fixedNotional(try Notional(parsing: "75.5")))
        let before = try await config.snapshot(version: 1)
        #expect(before.version == 1)
        #expect(before.subscriptions["s1:leader-a"]?.sizing == .fixedNotional(Notional(50)))
        #expect(before.subscriptions["own-name"]?.state == .paused)
        #expect(before.subscriptions.count == 3 && before.subscribers.count == 2 && before.influencers.count == 2)
        await #expect(throws: ConfigStoreError.unknownVersion(9, newest: 2)) { try await config.snapshot(version: 9) }
    }

    @Test("what the file no longer has is removed, and stays in the history")
    func removal() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let change = try await store.apply("influencers: []\nsubscribers: []\nsubscriptions: []\n")
        #expect(change.subscriptions.removed.count == 3 && change.subscribers.removed == ["s1", "s2"])
        #expect(change.influencers.removed == ["leader-a", "leader-b"])
        let config = store.store()
        try await config.load()
        #expect(config.current().version == 2 && config.current().subscriptions.isEmpty && config.current().subscribers.isEmpty)
        #expect(try await config.snapshot(version: 1).subscriptions.count == 3)
        #expect(try await store.apply(Sample.text).version == 3)
        #expect(try await config.snapshot(version: 2).subscriptions.isEmpty)
    }

    @Test("a null in a stored document stands for what is not there")
    func storedNull() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        try await store.connection.execute("UPDATE subscriptions SET settings = settings || '{\"leverage\": null}'")
        let config = store.store()
        try await config.load()
        #expect(config.current().subscriptions["own-name"]?.state == .paused)
    }

    @Test("a dry run says what would happen and writes nothing")
    func dryRun() async throws {
        let store = try await Store()
        let change = try await store.apply(Sample.text, isDryRun: true)
        #expect(change.isDryRun && change.version == 1 && change.subscribers.added == ["s1", "s2"])
        let rows = try await store.connection.query(
            "SELECT (SELECT count(*) FROM config_versions) + (SELECT count(*) FROM subscribers) + (SELECT count(*) FROM config_sealing) AS n"
        )
        #expect(try rows[0].integer("n") == 0)
    }

    @Test("an id goes on standing for the leader, the account and the copy that it was given for: what is held is kept by it")
    func identities() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let changed = Sample.text.replacingOccurrences(of: Sample.address(100), with: Sample.address(102))
            .replacingOccurrences(of: "account: \"\(Sample.address(1))\"", with: "account: \"\(Sample.address(9))\"")
            .replacingOccurrences(of: "influencer: leader-b", with: "influencer: leader-a")
            .replacingOccurrences(of: "- subscriber: s2\n    influencer: leader-a", with: "- subscriber: s2\n    influencer: leader-b")
        let faults = await #expect(throws: ConfigStoreError.self) { try await store.apply(changed) }
        let text = faults.map { "\($0)" } ?? ""
        #expect(text.contains("influencers[0].address: \"\(Sample.address(102))\" is not the address of influencer leader-a, which is \(Sample.address(100))"))
        #expect(text.contains("subscribers[0].account: \"\(Sample.address(9))\" is not the account of subscriber s1, which is \(Sample.address(1))"))
        #expect(text.contains("\"own-name\" is the subscription of s2 to leader-b, not of s2 to leader-a: an id stands for one for good"))
        #expect(try await store.connection.query("SELECT count(*) AS n FROM config_versions")[0].integer("n") == 1)
        // under new ids it is another leader, and so another subscription of the default name
        let renewed = Sample.text.replacingOccurrences(of: Sample.address(100), with: Sample.address(102))
            .replacingOccurrences(of: "leader-a", with: "leader-c")
        #expect(try await store.apply(renewed).subscriptions.removed == ["s1:leader-a", "s2:leader-a"])
        // nor by way of a file without it
        let bare = "influencers: []\nsubscribers: []\nsubscriptions: []\n"
        try await store.apply(bare)
        let again = await #expect(throws: ConfigStoreError.self) { try await store.apply(changed) }
        #expect(again.map { "\($0)" }?.contains("which is \(Sample.address(100))") == true)
    }

    @Test("agents can be swapped in one apply by way of new keys")
    func newKeys() async throws {
        let store = try await Store()
        try await store.apply(Sample.text)
        let change = try await store.apply(Sample.text, environment: ["K1": Sample.key(3), "K2": Sample.key(4)])
        #expect(change.subscribers.changed.map(\.id) == ["s1", "s2"])
        let config = store.store()
        try await config.load()
        #expect(try await config.agentKey(of: "s1", sealingKey: Sample.sealingKey).address == Sample.agent(3))
    }

    @Test("applies at the same time make versions one after the other")
    func concurrent() async throws {
        let url = try await Store().url
        let versions = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 1...4 {
                group.addTask {
                    let own = PerTask(url)
                    return try await own.apply(Sample.text.replacingOccurrences(of: "\"50\"", with: "\"\(number)\""))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(versions.sorted() == [1, 2, 3, 4])
    }
}
