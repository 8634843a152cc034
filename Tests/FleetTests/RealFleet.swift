import AsyncHTTPClient
import ConfigStore
import Foundation
import Health
import Postgres
import Settings
import enum TestServers.KernelFile

@testable import vibe

/// Real processes of the real program, on servers and a simulated exchange of their own.
struct RealFleet: Sendable {
    let run: RunDirectory
    let redis: PrivateRedis
    let environment: FleetEnvironment
    let settings: Settings
    let fleet: Fleet
    let client: HTTPClient
    static let logger = CommandLogger.make("test")

    /// Runs `body` with servers and a simulated exchange, no roles yet; afterwards everything is ended.
    static func run(_ variables: [String: String] = [:], _ body: (RealFleet) async throws -> Void) async throws {
        try await withRun { run in
            let redis = try await PrivateRedis.start(in: run, logger: logger)
            var postgres: PrivatePostgres?
            var fleet: Fleet?
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            let outcome: Result<Void, any Error>
            do {
                let started = try await PrivatePostgres.start(in: run)
                postgres = started
                var environment = FleetEnvironment(
                    operatorSettings: variables, decided: ["VIBE_RUN_DIRECTORY": run.path, "VIBE_HEARTBEAT_INTERVAL": "200ms"])
                environment.use(FleetServers(redis: redis, postgres: started))
                try environment.provideSealingKey(in: run)
                try environment.useSimulator(in: run, fills: try RepositoryFile.locate(Demo.fills))
                let settings = try environment.settings()
                try await DatabaseSchema.migrate(settings, logger: logger)
                let processes = try Fleet(run: run, environment: environment, grace: .seconds(12), executable: try program())
                fleet = processes
                try await processes.start("sim")
                let site = RealFleet(run: run, redis: redis, environment: environment, settings: settings, fleet: processes, client: client)
                try await site.eventually("the simulated exchange is there") { site.log(of: "sim-1").contains("sim.ready") }
                try await body(site)
                outcome = .success(())
            } catch { outcome = .failure(error) }
            redis.child.identity.send(SIGCONT)
            await fleet?.stop()
            await postgres?.stop()
            // one that the test started in its place
            if let other = ProcessIdentity(file: run.identity(of: "postgres")) { await other.end(with: SIGINT, grace: .seconds(10)) }
            await redis.stop()
            try await client.shutdown()
            try outcome.get()
        }
    }

    /// The program that was built with these tests.
    static func program() throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = String(tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)])
        for path in [folder + "/vibe", FileManager.default.currentDirectoryPath + "/.build/debug/vibe"]
        where FileManager.default.isExecutableFile(atPath: path) { return path }
        throw Failure(.unavailable, "there is no program vibe beside \(tests)", nextStep: "swift build")
    }

    /// Ends Postgres; `start` brings it back.
    func stopPostgres() async throws {
        guard let identity = ProcessIdentity(file: run.identity(of: "postgres")) else { return }
        await identity.end(with: SIGINT, grace: .seconds(20))
        var status: Int32 = 0
        waitpid(identity.pid, &status, WNOHANG)
    }

    func startPostgres() async throws { _ = try await PrivatePostgres.start(in: run) }

    /// One leader, nobody who copies.
    func configureLeader() async throws {
        let text = "influencers:\n  - {id: leader, address: \"0x\(String(repeating: "ab", count: 20))\"}\nsubscribers: []\nsubscriptions: []\n"
        let file = try ConfigFile.read(text: text, path: "leader.yaml", environment: [:])
        let connection = PostgresConnection(url: settings.postgres.revealedURL(), name: "apply", logger: Self.logger)
        guard let key = settings.keys.sealingKey else { throw Failure(.configuration, "no sealing key") }
        _ = try await ConfigApply(connection, sealingKey: try SealingKey(parsing: key.reveal())).apply(file)
        await connection.close()
    }

    /// For somebody who looks after this fleet.
    var terminal: OperatorTerminal { OperatorTerminal(folder: run.path, environment: environment.variables) }

    func identity(_ process: String) -> ProcessIdentity? { ProcessIdentity(file: run.identity(of: process)) }

    func log(of process: String) -> String {
        String(decoding: FileManager.default.contents(atPath: run.log(of: process)) ?? Data(), as: UTF8.self)
    }

    /// Stops a process where it is, and waits until each of its threads stands: on a busy machine that is later than the signal.
    func pause(_ process: ProcessIdentity) async throws {
        process.send(SIGSTOP)
        let tasks = "/proc/\(process.pid)/task"
        try await eventually("process \(process.pid) stands still") {
            try FileManager.default.contentsOfDirectory(atPath: tasks).allSatisfy { task in
                let stat = String(decoding: try KernelFile.read("\(tasks)/\(task)/stat"), as: UTF8.self)
                return stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].hasPrefix(") T")
            }
        }
    }

    /// What a process answers; `nil` while nobody does.
    func ask(_ process: String, _ path: String = "/readyz") async -> HealthReport? {
        guard let directory = try? run.healthDirectory() else { return nil }
        return try? await ProcessHealth.report(client, socket: directory + "/" + process + RunDirectory.healthSuffix, path: path)
    }

    /// Waits until a process answers as wanted.
    func eventually(
        _ process: String, _ path: String = "/readyz", within limit: Duration = .seconds(60), _ wanted: (HealthReport) -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        var last: HealthReport?
        while ContinuousClock.now < end {
            last = await ask(process, path)
            if let last, wanted(last) { return }
            await Pause.uncancelled(.milliseconds(50))
        }
        throw Failure(
            .checkFailed, "\(process) \(path) did not become what was wanted within \(limit): \(last?.json.text() ?? "no answer")\n\(log(of: process).suffix(2_000))")
    }

    func eventually(_ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < end else { throw Failure(.checkFailed, "not within \(limit): \(what)") }
            await Pause.uncancelled(.milliseconds(50))
        }
    }
}

extension HealthReport {
    func state(of check: String) -> HealthSample.State? { samples.first { $0.name == check }?.state }
}
