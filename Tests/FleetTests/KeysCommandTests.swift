import Foundation
import JSON
import Postgres
import Settings
import Testing

@testable import vibe

/// The commands as a person runs them: the real program, its exit codes, and what it prints.
@Suite("Agents' keys from a terminal")
struct KeysCommandTests {
    /// Private keys and what belongs to them.
    private static let keys = (1...4).map { String(repeating: "\($0)", count: 63) + "7" }
    private static let account = "0x" + String(repeating: "a", count: 40)

    private static func items(_ text: String) throws -> [JSON] {
        guard case .array(let items) = try JSON.parse(text) else { throw JSONError(problem: "no list: \(text)") }
        return items
    }

    /// A migrated database and a terminal, without a fleet.
    private func withTerminal(_ body: (inout OperatorTerminal, String) async throws -> Void) async throws {
        try await withRun { run in
            let servers = try await FleetServers.start(in: run, logger: CommandLogger.make("test"))
            do {
                let sealing = run.path("sealing.key")
                try FileManager.default.writeFile(sealing, RandomKey.hexadecimal() + "\n", mode: 0o600)
                let environment = [
                    "VIBE_REDIS_URL": servers.redis.url, "VIBE_POSTGRES_URL": servers.postgres.url, "VIBE_SEALING_KEY_FILE": sealing,
                    "VIBE_RUN_DIRECTORY": run.path,
                ]
                try await DatabaseSchema.migrate(try Settings(environment: environment), logger: CommandLogger.make("test"))
                var terminal = OperatorTerminal(folder: run.path, environment: environment)
                try await body(&terminal, servers.postgres.url)
            } catch {
                await servers.stop()
                throw error
            }
            await servers.stop()
        }
    }

    @Test("R-92: keys are added, rotated, resealed and revoked from a terminal, and never shown")
    func life() async throws {
        try await withTerminal { terminal, database in
            #expect(try await terminal.vibe("keys", "list") == (0, "no agent is stored\n"))
            let first = try terminal.write("first", Self.keys[0] + "\n")
            let open = try terminal.write("open", Self.keys[0], mode: 0o644)
            let refused = try await terminal.vibe("keys", "add", "s1", "--key-file", open)
            #expect(refused.code == 65 && refused.text.contains("may be read by others (mode 644): chmod 600 it"), "\(refused)")
            let added = try await terminal.vibe("keys", "add", "s1", "--key-file", first, "--name", "vibe-2026")
            #expect(added.code == 0 && added.text.contains("is stored for s1, which is not configured yet"), "\(added)")

            let configuration = try terminal.write(
                "config.yaml", "influencers: []\nsubscribers:\n  - {id: s1, account: \"\(Self.account)\"}\nsubscriptions: []\n")
            let applied = try await terminal.vibe("config", "apply", configuration)
            #expect(applied.code == 0 && applied.text.contains("version 1 is in force"), "\(applied)")
            let listed = try Self.items(try await terminal.vibe("keys", "list", "--json").text)
            let agent = try #require(listed.first).string("agent")
            #expect(listed.count == 1 && listed[0]["state"] == "active" && listed[0]["name"] == "vibe-2026")
            #expect(listed[0]["account"] == .string(Self.account) && listed[0]["daysLeft"] == Optional<JSON>.none)
            let table = try await terminal.vibe("keys", "list")
            #expect(table.text.contains("SUBSCRIBER") && table.text.contains("active"))

            // From standard input.
            let rotated = try await terminal.vibe("keys", "rotate", "s1", "--key-file", "-", input: try terminal.write("second", Self.keys[1]))
            #expect(rotated.code == 0 && rotated.text.contains("agent \(agent) is retiring"), "\(rotated)")
            let back = try await terminal.vibe("keys", "rotate", "s1", "--key-file", first)
            #expect(back.code == 65 && back.text.contains("agent \(agent) was replaced by another"), "\(back)")

            let old = terminal.environment["VIBE_SEALING_KEY_FILE"]!
            terminal.environment["VIBE_SEALING_KEY_FILE"] = try terminal.write("new-sealing.key", RandomKey.hexadecimal())
            let without = try await terminal.vibe("keys", "rotate", "--sealing")
            #expect(without.code == 1 && without.text.contains("VIBE_SEALING_KEYS_OLD_FILES"), "\(without)")
            terminal.environment["VIBE_SEALING_KEYS_OLD_FILES"] = old
            let sealed = try await terminal.vibe("keys", "rotate", "--sealing")
            #expect(sealed.code == 0 && sealed.text.contains("2 agent keys were brought under") && sealed.text.contains("used by nothing any more"), "\(sealed)")
            terminal.environment["VIBE_SEALING_KEYS_OLD_FILES"] = nil

            let revoked = try await terminal.vibe("keys", "revoke", "s1", "--reason", "laptop stolen")
            #expect(revoked.code == 0 && revoked.text.contains("positions stay open"), "\(revoked)")
            #expect(try await terminal.vibe("keys", "revoke", "s1").code == 65)
            let third = try terminal.write("third", Self.keys[2])
            #expect(try await terminal.vibe("keys", "rotate", "s1", "--key-file", third).code == 65)
            #expect(try await terminal.vibe("keys", "add", "s1", "--key-file", third).code == 0)
            let all = try Self.items(try await terminal.vibe("keys", "list", "--all", "--json").text)
            #expect(all.map { $0["state"] } == ["active", "revoked", "revoked"])

            let empty = try terminal.write("empty.yaml", "influencers: []\nsubscribers: []\nsubscriptions: []\n")
            let looked = try await terminal.vibe("config", "apply", empty, "--dry-run")
            #expect(looked.code == 0 && looked.text.contains("the agent keys of s1 would be destroyed"), "\(looked)")
            let asked = try JSON.parse(try await terminal.vibe("config", "apply", empty, "--dry-run", "--json").text)
            #expect(asked["destroyedKeys"] == ["s1"])

            // Nowhere in clear: not on the terminal, not in the database.
            let connection = PostgresConnection(url: database, name: "test", logger: CommandLogger.make("test"))
            var stored = ""
            for table in ["agent_keys", "agent_checks", "subscribers", "config_history", "config_versions", "config_sealing"] {
                for row in try await connection.query("SELECT row_to_json(t)::text AS row FROM \(table) AS t") { stored += try row.text("row") }
            }
            await connection.close()
            #expect(stored.contains(agent) && terminal.said.contains(agent))
            for key in Self.keys.prefix(3) { #expect(!stored.contains(key) && !terminal.said.contains(key)) }
        }
    }

    @Test("what is configured is shown with the states that hold, and a name that is not configured is told")
    func shown() async throws {
        try await withTerminal { terminal, _ in
            let key = try terminal.write("key", Self.keys[0])
            let configuration = try terminal.write(
                "config.yaml",
                """
                influencers:
                  - {id: leader-1, address: "0x\(String(repeating: "b", count: 40))"}
                  - {id: leader-2, address: "0x\(String(repeating: "c", count: 40))", state: wind_down}
                subscribers:
                  - {id: s1, account: "\(Self.account)", agent_key_file: \(key), state: exits_only, sharing: lock}
                subscriptions:
                  - {subscriber: s1, influencer: leader-1, sizing: {mode: ratio, ratio: 1}}
                  - {subscriber: s1, influencer: leader-2, sizing: {mode: ratio, ratio: 1}, state: paused}
                coins: {DOGE: paused}
                """)
            #expect(try await terminal.vibe("config", "apply", configuration).code == 0)
            let overview = try await terminal.vibe("config", "show").text
            for line in ["coin DOGE: paused", "influencer leader-2: wind_down", "subscriber s1: exits_only"] { #expect(overview.contains(line), "\(overview)") }
            let counts = overview.split(separator: "\n").filter { $0.hasPrefix("leader-") }.map { $0.split(separator: " ").dropFirst(2).prefix(3).joined(separator: " ") }
            #expect(counts == ["0 1 0", "0 1 0"], "\(overview)")
            let own = try await terminal.vibe("config", "show", "--subscriber", "s1").text
            #expect(own.contains("exits_only by the subscriber") && own.contains("paused "), "\(own)")

            let json = try JSON.parse(try await terminal.vibe("config", "show", "--json").text)
            #expect(json["state"] == "active" && json["coins"] == ["DOGE": "paused"])
            #expect(try json.array("influencers").map { $0["state"] } == ["active", "wind_down"])
            #expect(try json.array("subscribers").map { $0["state"] } == ["exits_only"])
            #expect(try json.array("subscriptions").map { $0["effectiveState"] } == ["exits_only", "paused"])

            for option in ["--subscriber", "--influencer"] {
                let unknown = try await terminal.vibe("config", "show", option, "typo")
                #expect(unknown.code == 64 && unknown.text.contains("typo is in version 1"), "\(unknown)")
            }
        }
    }

    @Test("what cannot be meant ends with 64, a key that is none with 65, and no sealing key with 78; nothing of a key is shown")
    func refusals() async throws {
        try await withTerminal { terminal, _ in
            let key = try terminal.write("key", Self.keys[0])
            #expect(try await terminal.vibe("keys", "rotate").code == 64)
            #expect(try await terminal.vibe("keys", "rotate", "s1", "--sealing").code == 64)
            #expect(try await terminal.vibe("keys", "rotate", "s1", "--key-file", key).code == 64)
            #expect(try await terminal.vibe("keys", "revoke", "s1").code == 64)
            #expect(try await terminal.vibe("keys", "add", "s1").code == 64)
            // As an argument it would be seen by others.
            #expect(try await terminal.vibe("keys", "add", "s1", Self.keys[3]).code == 64)
            let none = try await terminal.vibe("keys", "add", "s1", "--key-file", try terminal.write("none", "dead" + Self.keys[0]))
            #expect(none.code == 65 && !none.text.contains("dead"), "\(none)")
            terminal.environment["VIBE_SEALING_KEYS_OLD_FILES"] = "/no/such,\(key)"
            let faulty = try await terminal.vibe("keys", "add", "s1", "--key-file", key)
            #expect(faulty.code == 78 && faulty.text.contains("VIBE_SEALING_KEYS_OLD_FILES=/no/such"), "\(faulty)")
            terminal.environment["VIBE_SEALING_KEYS_OLD_FILES"] = nil
            terminal.environment["VIBE_SEALING_KEY_FILE"] = nil
            #expect(try await terminal.vibe("keys", "add", "s1", "--key-file", key).code == 78)
            #expect(!terminal.said.contains(Self.keys[0]))
        }
    }

    @Test("R-92: only those who sign are told where the keys are that open agents' keys")
    func environment() {
        let fleet = FleetEnvironment(operatorSettings: ["VIBE_SEALING_KEY_FILE": "/keys/sealing", "VIBE_BATCH": "7"], decided: [:])
        for role in FleetRole.allCases {
            let environment = fleet.of(process: "\(role.rawValue)-1", supervisor: 1)
            #expect(environment["VIBE_SEALING_KEY_FILE"] == (role == .work ? "/keys/sealing" : nil))
            #expect(environment["VIBE_BATCH"] == "7")
        }
    }
}
