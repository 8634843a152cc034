import Foundation
import JSON
import Testing

@testable import ConfigStore
@testable import CopyTrading
@testable import vibe

@Suite("The cast of a demo")
struct DemoCastTests {
    private static let leaders = ["leader-10", "leader-2", "leader-3", "leader-4", "leader-5", "leader-9"]
    private static let fills = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/leader_fills.json").path

    private func cast(_ seed: String = "seed", subscribers: Int = 240) throws -> DemoCast {
        try DemoCast(seed: seed, leaders: Self.leaders, subscribers: subscribers)
    }

    @Test("each leader has at least thirty followers, and nobody follows one twice")
    func followers() throws {
        let cast = try cast()
        #expect(cast.followersOfEach.count == 6)
        #expect(cast.followersOfEach.values.allSatisfy { $0 >= 30 })
        #expect(cast.people.allSatisfy { $0.copies.count == $0.archetype.leaders })
        #expect(cast.people.allSatisfy { Set($0.copies.map(\.leader)).count == $0.copies.count })
    }

    @Test("every temperament occurs, each has its reason, and each meets every leader")
    func archetypes() throws {
        let cast = try cast()
        #expect(cast.archetypes.count >= 6)
        #expect(Set(DemoArchetype.table.map(\.name)).count == DemoArchetype.table.count)
        for archetype in DemoArchetype.table {
            #expect(!archetype.reason.isEmpty && !archetype.reason.contains("\n"))
            let alike = cast.people.filter { $0.archetype.name == archetype.name }
            #expect(Set(alike.flatMap { $0.copies.map(\.leader) }) == Set(Self.leaders), "\(archetype.name)")
        }
        // even the smallest cast has one kind a subscriber
        #expect(try self.cast(subscribers: 6).archetypes.count == 6)
    }

    @Test("the same seed gives the same people, another seed others")
    func seeded() throws {
        #expect(try cast().people.map(\.agentKey) == cast().people.map(\.agentKey))
        #expect(try Set(cast().people.map(\.account)).isDisjoint(with: cast("other").people.map(\.account)))
        #expect(try Set(cast().people.map(\.agentAddress)).count == 240)
    }

    @Test("the configuration uses nearly every setting, and every sizing mode that needs no volatility")
    func variety() async throws {
        try await withRun { run in
            let configuration = try configuration(in: run)
            let subscriptions = configuration.subscriptions.flatMap { Self.set($0, SubscriptionSettings.table, SubscriptionSettings.template) }
            let accounts = configuration.subscribers.flatMap {
                Self.set($0.settings, AccountSettingsTable.table, AccountSettingsTable.template)
            }
            let used = Set(subscriptions + accounts)
            #expect(used.count >= 12)
            let known = SubscriptionSettings.table.settings.map(\.name) + AccountSettingsTable.table.settings.map(\.name)
            // since when a coin is listed is not known in a recording, so that filter would refuse everything
            #expect(Set(known).subtracting(used) == ["filters.new_listing_days"])
            let modes = try Set(configuration.subscriptions.map { try SizingSettings.write($0.sizing).string("mode") })
            #expect(modes == Set(SizingSettings.Mode.allCases.map(\.rawValue)).subtracting(["vol_scaled"]))
            #expect(Set(configuration.subscribers.map(\.settings.sharing)) == Set(AccountSharing.allCases))
            #expect(Set(configuration.subscriptions.map(\.belowMinimum)) == Set(BelowMinimum.allCases))
            #expect(Set(configuration.subscriptions.map(\.state)) == [.active, .exitsOnly, .paused, .windDown])
            #expect(configuration.scopes == [ScopeState(scope: .coin(Coin(DemoArchetype.closedCoin)), state: .exitsOnly)])
        }
    }

    @Test("an account says it is funded with what it is, and a tenth of the subscribers need facts from the exchange to open anything")
    func accounts() async throws {
        try await withRun { run in
            let configuration = try configuration(in: run)
            let balances = try Dictionary(uniqueKeysWithValues: cast().people.map { ($0.name, Notional($0.archetype.balance)) })
            for subscriber in configuration.subscribers {
                guard let equity = subscriber.settings.limits.declaredEquity else { continue }
                #expect(balances[subscriber.id.text] == equity)
            }
            let accounts = Dictionary(uniqueKeysWithValues: configuration.subscribers.map { ($0.id, $0.settings) })
            let needing = configuration.subscriptions.filter { subscription in
                let account = accounts[subscription.subscriber] ?? AccountSettings()
                return account.limits.needAccountFacts || !account.losses.isEmpty || subscription.protection != Protection()
                    || subscription.filters.maximumLeaderLeverage != nil
            }
            #expect((1...10).contains(Set(needing.map(\.subscriber)).count * 100 / configuration.subscribers.count))
        }
    }

    @Test("its files are a configuration without faults, with a key for everyone, and only their owner may read the keys")
    func files() async throws {
        try await withRun { run in
            let files = try DemoFiles.provide(in: run, fills: Self.fills, subscribers: 240)
            let configuration = try ConfigFile.read(path: files.configuration, environment: [:])
            #expect(configuration.influencers.count == 6)
            #expect(configuration.subscribers.count == 240)
            #expect(configuration.subscriptions.count == 304)
            #expect(configuration.agentKeys.count == 240)
            for name in ["seed", "agent-keys.yaml", "accounts.json"] {
                let mode = try FileManager.default.attributesOfItem(atPath: run.path("demo/\(name)"))[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
            // the seed stays, and with it everything else
            let before = FileManager.default.contents(atPath: files.accounts)
            _ = try DemoFiles.provide(in: run, fills: Self.fills, subscribers: 240)
            #expect(FileManager.default.contents(atPath: files.accounts) == before)
        }
    }

    private func configuration(in run: RunDirectory) throws -> ConfigFile {
        let files = try DemoFiles.provide(in: run, fills: Self.fills, subscribers: 240)
        return try ConfigFile.read(path: files.configuration, environment: [:])
    }

    /// Names of the settings that are not as by default.
    private static func set<Root>(_ settings: Root, _ table: SettingTable<Root>, _ template: Root) -> [String] {
        table.settings.filter { $0.write(settings) != $0.write(template) }.map(\.name)
    }
}
