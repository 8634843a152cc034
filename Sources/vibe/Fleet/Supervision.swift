import Foundation
import Logging
import Settings

/// What has been started so far, so that an interruption at any point stops exactly that, in the right order.
actor Supervision {
    private var servers: FleetServers?
    private var fleet: Fleet?
    private var run: RunDirectory?
    /// Of the fleet, once it was started.
    private(set) var settings: Settings?

    /// Private servers with a migrated database, and what leads to them; with `sim` also to a simulated exchange, yet to be started.
    func prepare(
        in run: RunDirectory, sim: Bool, logger: Logger
    ) async throws -> (servers: FleetServers, environment: FleetEnvironment, settings: Settings) {
        for name in await Leftovers.end(in: run) { Terminal.complain("ended \(name), left by an earlier run") }
        try FileManager.default.clearDirectory(try run.healthDirectory())
        Terminal.complain("starting Redis and Postgres in \(run.path)")
        let servers = try await startServers(in: run, logger: logger)
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment, decided: ["VIBE_RUN_DIRECTORY": run.path])
        environment.use(servers)
        try environment.provideSealingKey(in: run)
        if sim { try environment.useSimulator(in: run, fills: try RepositoryFile.locate(Demo.fills)) }
        let settings = try environment.settings()
        try await DatabaseSchema.migrate(settings, logger: logger)
        try environment.write(to: run)
        return (servers, environment, settings)
    }

    func startServers(in run: RunDirectory, logger: Logger) async throws -> FleetServers {
        self.run = run
        let servers = try await FleetServers.start(in: run, logger: logger)
        self.servers = servers
        return servers
    }

    /// A server was started anew: this one is to be stopped at the end.
    func replaced(by servers: FleetServers) { self.servers = servers }

    /// - Parameter executable: absolute path of the program; by default this one.
    func startFleet(
        in run: RunDirectory, environment: FleetEnvironment, settings: Settings, executable: String? = nil
    ) throws(Failure) -> Fleet {
        // A process ends its work within the grace by itself; the rest is for its exit.
        let fleet = try Fleet(run: run, environment: environment, grace: settings.pipeline.shutdownGrace + .seconds(2), executable: executable)
        self.fleet = fleet
        self.settings = settings
        return fleet
    }

    /// Processes that ended by themselves since the last call.
    func ended() async -> [Fleet.Ended] { await fleet?.ended() ?? [] }

    func serverFailure() -> Failure? { servers?.failure() }

    /// - Throws: ``Failure`` when a server or a process has ended.
    func checkProcesses() async throws {
        if let failure = serverFailure() { throw failure }
        if let ended = await ended().first {
            throw Failure(.unavailable, "\(ended.name) \(ended.exit); its last lines (\(ended.log)):\n\(ended.tail)")
        }
    }

    /// The servers go on, and a simulated exchange.
    func stopPipeline() async { await fleet?.stopPipeline() }

    /// Roles first, then the servers they work with; then nothing points to this fleet any more.
    func stop() async {
        await fleet?.stop()
        await servers?.stop()
        for name in ["redis", "postgres"] {
            if let run { try? FileManager.default.removeItem(atPath: run.identity(of: name)) }
        }
        if let run { try? FileManager.default.removeItem(atPath: run.environmentFile) }
    }
}
