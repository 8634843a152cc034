import ConfigStore
import CopyTrading
import Foundation
import Testing

@testable import vibe

@Suite("The cast of a demo")
struct DemoCastTests {
    private static let leaders = ["leader-10", "leader-2", "leader-3", "leader-4", "leader-5", "leader-9"]
    private static let fills = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/leader_fills.json").path

    private func cast(_ seed: String = "seed", subscribers: Int = 240) throws -> DemoCast {
        try DemoCast(seed: seed, leaders: Self.leaders, subscribers: subscribers)
    }

    @Test("each leader has at least thirty followers, and a tenth of the subscribers follow two")
    func followers() throws {
        let cast = try cast()
        #expect(cast.followersOfEach.count == 6)
        #expect(cast.followersOfEach.values.allSatisfy { $0 >= 30 })
        #expect(cast.people.count { $0.copies.count == 2 } == 24)
        #expect(cast.people.allSatisfy { Set($0.copies.map(\.leader)).count == $0.copies.count })
    }

    @Test("the same seed gives the same people, another seed others")
    func seeded() throws {
        #expect(try cast().people.map(\.agentKey) == cast().people.map(\.agentKey))
        #expect(try Set(cast().people.map(\.account)).isDisjoint(with: cast("other").people.map(\.account)))
        #expect(try Set(cast().people.map(\.agentAddress)).count == 240)
    }

    @Test("settings differ: every sizing mode, states, filters and mirrored copies occur")
    func variety() throws {
        let copies = try cast().people.flatMap(\.copies)
        #expect(copies.contains { if case .fixedNotional = $0.sizing { true } else { false } })
        #expect(copies.contains { if case .ratio = $0.sizing { true } else { false } })
        #expect(copies.contains { if case .equityProportional = $0.sizing { true } else { false } })
        #expect(copies.contains { $0.state == .paused })
        #expect(copies.contains { $0.state == .windDown })
        #expect(copies.contains { $0.inverse })
        #expect(copies.contains { if case .allow = $0.filter { true } else { false } })
        #expect(copies.contains { if case .deny = $0.filter { true } else { false } })
    }

    @Test("its files are a configuration without faults, with a key for everyone, and only their owner may read the keys")
    func files() async throws {
        try await withRun { run in
            let files = try DemoFiles.provide(in: run, fills: Self.fills, subscribers: 240)
            let configuration = try ConfigFile.read(path: files.configuration, environment: [:])
            #expect(configuration.influencers.count == 6)
            #expect(configuration.subscribers.count == 240)
            #expect(configuration.subscriptions.count == 264)
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
}
