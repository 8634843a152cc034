import Foundation
import JSON
import Logging
import Postgres
import Redis
import Settings
import TestServers
import Testing

@testable import vibe

/// The real program on servers with passwords; then everything it wrote is searched for every secret it was given.
@Suite("Secrets", .serialized)
struct SecretTests {
    private static let redisPassword = "Redis-pass_8c1f5e0b7d"
    private static let postgresPassword = "Postgres-pass_f27a90d4e6"
    private static let wrongPassword = "Wrong-pass_5513bb20ac"
    /// 32 bytes that are no key of anything here, in places where keys do not belong.
    private static let misplacedKey = String(repeating: "c0ffee42", count: 8)

    private func program() throws -> String {
        let program = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            .deletingLastPathComponent().appendingPathComponent("vibe").path
        try #require(FileManager.default.isExecutableFile(atPath: program), "the program is built beside its tests")
        return program
    }

    @Test("what is hunted for is found in each of its forms")
    func hunt() {
        var hunt = SecretHunt()
        hunt.add("key", Self.misplacedKey, isKey: true)
        let raw = Data((0..<8).flatMap { _ in [0xc0, 0xff, 0xee, 0x42] as [UInt8] })
        let forms = [
            Data("x0x\(Self.misplacedKey)y".utf8), Data(Self.misplacedKey.uppercased().utf8), raw, Data(("ab" + raw.base64EncodedString()).utf8),
            Data((Data([1]) + raw).base64EncodedString().utf8), Data((Data([1, 2]) + raw).base64EncodedString().utf8), Data("\(Array(raw))".utf8),
        ]
        for form in forms { #expect(!hunt.look(form, "here").isEmpty, "\(form)") }
        #expect(hunt.look(Data("nothing".utf8), "here").isEmpty)
    }

    @Test("no secret is in anything that a whole run wrote: files, logs, Redis, Postgres, command lines, operators' output")
    func wholeRun() async throws {
        let program = try program()
        try await withRun { run in
            let supervision = Supervision()
            do { try await play(program, supervision, run) } catch {
                await supervision.stop()
                throw error
            }
            await supervision.stop()
        }
    }

    private func play(_ program: String, _ supervision: Supervision, _ run: RunDirectory) async throws {
        let logger = CommandLogger.make("test")
        let files = try BenchCast(options: try BenchOptions.parse(["--accounts", "2", "--fan-out", "2", "--leaders", "1"])).write(to: run)
        let secrets = try write(files, in: run)
        let servers = try await supervision.startServers(in: run, logger: logger)
        var environment = FleetEnvironment(operatorSettings: [:], decided: [:])
        environment.use(servers)
        try await protect(environment, logger)
        environment = FleetEnvironment(
            operatorSettings: environment.variables,
            decided: [
                "VIBE_RUN_DIRECTORY": run.path, "VIBE_PARTITIONS_SIGNALS": "2", "VIBE_PARTITIONS_ACCOUNTS": "2", "VIBE_LOG_LEVEL": "trace",
                "VIBE_REDIS_PASSWORD_FILE": secrets.redis, "VIBE_POSTGRES_PASSWORD_FILE": secrets.postgres,
                "VIBE_MIGRATIONS": try RepositoryFile.locate("deploy/postgres"),
            ])
        try environment.provideSealingKey(in: run)
        try environment.useSimulator(in: run, fills: Demo.fills, accounts: files.accounts)
        try environment.write(to: run)
        let settings = try environment.settings()
        let context = OperatorContext(settings: settings, logger: logger)
        let hunt = try hunt(in: run)
        let shell = OperatorShell(program: program, run: run, variables: environment.variables)

        #expect(try await shell.run(["migrate"]) == .code(0))
        #expect(try await shell.run(["config", "apply", files.configuration]) == .code(0))
        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings, executable: program)
        let redis = try context.redis("test")
        let simulator = SimulatorControl(base: settings.exchange.url)
        let monitor = DemoMonitor(fleet: fleet, supervision: supervision, simulator: simulator, redis: redis, context: context)
        try await fleet.start("sim", arguments: ["--synthetic-leaders", "1", "--users", "11", "--no-sync"])
        try await monitor.waitForSimulator()
        for role in FleetRole.allCases { try await fleet.start(role.rawValue) }
        var counts = FleetCounts()
        counts[.work] = 1
        try await monitor.waitUntilReady(counts, leaders: 1)
        for number in 0..<4 { _ = try await simulator.publish(try JSON.parse(Array(SyntheticFill(number: number, leaders: 1).body.utf8))) }
        let report = try await Verification.run(context, ledger: .exchange(settings.exchange.url), patience: .seconds(60))
        #expect(report.executed >= 2, "\(report.text())")

        try await look(shell, ledger: settings.exchange.url)
        try await fail(shell, files.configuration, in: run)

        var finds: [SecretHunt.Find] = []
        for (pid, name) in await fleet.pids { finds += Self.process(pid, name, hunt) }
        for child in [servers.redis.child, servers.postgres.child] { finds += Self.process(child.pid, child.name, hunt) }
        let dump = try await Self.dump(redis)
        #expect(dump.keys > 20)
        finds += hunt.look(dump.bytes, "Redis")
        let tables = try await Self.dump(context.postgres("dump"))
        #expect(tables.rows > 20)
        finds += hunt.look(tables.bytes, "the database's tables")
        await redis.close()
        await fleet.stop()
        // the folder of the operator's own files, and the one that the fleet was told to keep its sealing key in
        let written = try hunt.look(inFolder: run.path, besides: ["keys"])
        #expect(written.files > 50)
        finds += written.finds
        #expect(finds.isEmpty, "\(finds.map(\.description).joined(separator: "\n"))")
    }

    // MARK: What the operator gives

    private func write(_ files: BenchCast.Files, in run: RunDirectory) throws -> (redis: String, postgres: String) {
        let texts = [
            "redis.password": Self.redisPassword, "postgres.password": Self.postgresPassword, "wrong.password": Self.wrongPassword,
            "wrong.key": Self.misplacedKey,
        ]
        for (name, text) in texts { try FileManager.default.writeFile(run.path("keys/" + name), text + "\n", mode: 0o600) }
        return (run.path("keys/redis.password"), run.path("keys/postgres.password"))
    }

    /// From here on both servers ask for a password.
    private func protect(_ environment: FleetEnvironment, _ logger: Logger) async throws {
        let context = OperatorContext(settings: try environment.settings(), logger: logger)
        let database = context.postgres("protect")
        // the test's own statement must not be what is found in the server's log
        try await database.execute(script: "SET log_statement = 'none'; ALTER ROLE vibe PASSWORD '\(Self.postgresPassword)'")
        let rules = try await database.query("SHOW hba_file").first?.text("hba_file") ?? ""
        try "local all all scram-sha-256\n".write(toFile: rules, atomically: false, encoding: .utf8)
        _ = try await database.query("SELECT pg_reload_conf()")
        await database.close()
        let redis = try context.redis("protect")
        _ = try await redis.send(RedisCommand("CONFIG", "SET", "requirepass", Self.redisPassword)).checked()
        await redis.close()
    }

    private func hunt(in run: RunDirectory) throws -> SecretHunt {
        func text(_ name: String) throws -> String { try String(contentsOfFile: run.path("keys/" + name), encoding: .utf8) }
        var hunt = SecretHunt()
        hunt.add("Redis password", Self.redisPassword, isKey: false)
        hunt.add("Postgres password", Self.postgresPassword, isKey: false)
        hunt.add("wrong password", Self.wrongPassword, isKey: false)
        hunt.add("misplaced key", Self.misplacedKey, isKey: true)
        hunt.add("sealing key", try text("sealing.key").trimmingCharacters(in: .whitespacesAndNewlines), isKey: true)
        let agents = try text("agent-keys.yaml").split(separator: "\n").compactMap { $0.split(separator: "\"").dropFirst().first }
        try #require(agents.count == 2 && agents.allSatisfy { $0.count == 64 })
        for (index, key) in agents.enumerated() { hunt.add("agent key \(index)", String(key), isKey: true) }
        return hunt
    }

    // MARK: What an operator asks, and does wrong

    private func look(_ shell: OperatorShell, ledger: String) async throws {
        for arguments in [
            ["settings"], ["settings", "--json"], ["status", "--json"], ["status", "--partitions"], ["config", "show", "--json"], ["limits", "--json"],
            ["pending", "--json"], ["config", "reference"], ["keys", "list", "--json"],
        ] {
            #expect(try await shell.run(arguments) == .code(0), "\(arguments)")
        }
        // what they find is not of interest here
        for arguments in [["verify", "--json"], ["replay", "--help"], ["kill", "--help"]] { _ = try await shell.run(arguments) }
    }

    private func fail(_ shell: OperatorShell, _ configuration: String, in run: RunDirectory) async throws {
        let wrong = ["VIBE_REDIS_PASSWORD_FILE": run.path("keys/wrong.password")]
        let wrongDatabase = ["VIBE_POSTGRES_PASSWORD_FILE": run.path("keys/wrong.password")]
        let sealing = ["VIBE_SEALING_KEY_FILE": run.path("keys/wrong.key")]
        for (arguments, variables) in [
            (["status"], wrong), (["config", "show"], wrongDatabase), (["config", "apply", configuration], sealing),
            (["status"], ["VIBE_REDIS_URL": "redis://user:\(Self.wrongPassword)"]),
            (["status"], ["VIBE_REDIS_URL": "redis://user:\(Self.wrongPassword)@host:port"]),
            (["config", "show"], ["VIBE_POSTGRES_URL": "postgresql://u:\(Self.wrongPassword)@h:x/d"]),
            (["settings"], ["VIBE_SIGNING_KEY_FILE": Self.misplacedKey]), (["settings"], ["VIBE_SIGNING_KEY": Self.misplacedKey + "zz"]),
            (["settings"], ["VIBE_BATCH": "0x" + Self.misplacedKey]),
            (["keys", "add", "sub-1", "--key-file", run.path("keys/none")], [:]),
            // roles that end because of it, or go on complaining until they are ended
            (["work"], sealing), (["match"], wrong), (["audit"], wrongDatabase),
        ] as [([String], [String: String])] {
            #expect(try await shell.run(arguments, variables) != .code(0), "\(arguments) \(variables.keys)")
        }
        for (name, text, mode) in try refused(configuration, in: run) {
            try FileManager.default.writeFile(run.path("keys/" + name), text, mode: mode)
            guard name == "refused.yaml" else { continue }
            #expect(try await shell.run(["config", "apply", run.path("keys/refused.yaml")]) == .code(65))
        }
    }

    /// Files to be written one after the other; each `refused.yaml` is a configuration to be refused.
    private func refused(_ configuration: String, in run: RunDirectory) throws -> [(name: String, text: String, mode: mode_t)] {
        let whole = try String(contentsOfFile: configuration, encoding: .utf8)
        let keys = try String(contentsOfFile: run.path("keys/agent-keys.yaml"), encoding: .utf8)
        func naming(_ file: String) -> String { whole.replacingOccurrences(of: "agent-keys.yaml", with: file) }
        // key and subscriber in the wrong order
        let swapped = keys.split(separator: "\n").map { line in
            let parts = line.split(separator: ": ")
            return "\(parts[1]): \(parts[0])\n"
        }.joined()
        return [
            ("open.yaml", keys, 0o640), ("refused.yaml", naming("open.yaml"), 0o644),
            ("swapped.yaml", swapped, 0o600), ("refused.yaml", naming("swapped.yaml"), 0o644),
            ("broken.yaml", keys + "  - \(Self.misplacedKey)\n: [", 0o600), ("refused.yaml", naming("broken.yaml"), 0o644),
            ("twice.yaml", keys + keys, 0o600), ("refused.yaml", naming("twice.yaml"), 0o644),
            ("refused.yaml", naming(Self.misplacedKey), 0o644),
            ("refused.yaml", "influencers: []\nsubscriptions: []\nsubscribers: [{id: s, account: \"0x00000000000000000000000000000000000000bb\", agent_key_env: \(Self.misplacedKey)}]\n", 0o644),
        ]
    }

    // MARK: What was written where

    /// The command line, and the environment, where only names of files were given.
    private static func process(_ pid: Int32, _ name: String, _ hunt: SecretHunt) -> [SecretHunt.Find] {
        ["cmdline", "environ"].flatMap { file in
            hunt.look((try? KernelFile.read("/proc/\(pid)/\(file)")) ?? Data(), "/proc/\(file) of \(name)")
        }
    }

    private static func dump(_ redis: RedisConnection) async throws -> (keys: Int, bytes: Data) {
        var bytes = Data()
        var cursor = "0"
        var count = 0
        repeat {
            let page = try await redis.send(RedisCommand("SCAN", cursor, "COUNT", "1000")).checked().array ?? []
            cursor = page.first?.text ?? "0"
            for key in page.last?.array ?? [] {
                guard let key = key.text else { continue }
                count += 1
                bytes += Data((key + "\n").utf8)
                let type = try await redis.send(RedisCommand("TYPE", key)).text
                let command: RedisCommand =
                    switch type {
                    case "hash": RedisCommand("HGETALL", key)
                    case "list": RedisCommand("LRANGE", key, "0", "-1")
                    case "set": RedisCommand("SMEMBERS", key)
                    case "zset": RedisCommand("ZRANGE", key, "0", "-1", "WITHSCORES")
                    case "stream": RedisCommand("XRANGE", key, "-", "+")
                    default: RedisCommand("GET", key)
                    }
                append(try await redis.send(command).checked(), to: &bytes)
            }
        } while cursor != "0"
        return (count, bytes)
    }

    private static func append(_ value: RedisValue, to bytes: inout Data) {
        if let array = value.array {
            for element in array { append(element, to: &bytes) }
        } else {
            bytes += value.bytes.map { Data($0) } ?? Data((value.text ?? "").utf8)
            bytes += Data("\n".utf8)
        }
    }

    private static func dump(_ database: PostgresConnection) async throws -> (rows: Int, bytes: Data) {
        var bytes = Data()
        var count = 0
        let tables = try await database.query("SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'")
        for table in tables {
            let name = try table.text("name")
            for row in try await database.query("SELECT t::text AS line FROM \(name) t") {
                count += 1
                bytes += Data((try row.text("line") + "\n").utf8)
            }
        }
        await database.close()
        return (count, bytes)
    }
}

/// Runs the real program as an operator would; what it says goes into the run's logs.
struct OperatorShell {
    let program: String
    let run: RunDirectory
    let variables: [String: String]

    /// - Parameter extra: variables for this command alone.
    /// - Returns: how it ended; a command that goes on is ended after ten seconds.
    func run(_ arguments: [String], _ extra: [String: String] = [:]) async throws -> ChildProcess.Exit {
        let environment = Command.environment.merging(variables) { _, ours in ours }.merging(extra) { _, ours in ours }
        let child = try ChildProcess.start(
            name: "operator", executable: program, arguments: arguments, environment: environment, log: run.log(of: "operator"))
        let limit = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < limit {
            if let exit = child.poll() { return exit }
            try await Task.sleep(for: .milliseconds(20))
        }
        kill(child.pid, SIGKILL)
        return await child.ended()
    }
}
