import Foundation
import Logging
import Settings

/// What has been started so far, so that an interruption at any point stops exactly that, in the right order.
actor Supervision {
    private var servers: FleetServers?
    private var fleet: Fleet?
    private var run: RunDirectory?

    func startServers(in run: RunDirectory, logger: Logger) async throws -> FleetServers {
        self.run = run
        let servers = try await FleetServers.start(in: run, logger: logger)
        self.servers = servers
        return servers
    }

    func startFleet(in run: RunDirectory, environment: FleetEnvironment, settings: Settings) throws(Failure) -> Fleet {
        // A process ends its work within the grace by itself; the rest is for its exit.
        let fleet = try Fleet(run: run, environment: environment, grace: settings.pipeline.shutdownGrace + .seconds(2))
        self.fleet = fleet
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
