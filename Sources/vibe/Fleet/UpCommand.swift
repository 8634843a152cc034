import ArgumentParser
import Foundation
import Logging
import Settings

/// A whole fleet on one machine: private servers, migrated database, role processes; until Ctrl-C.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run a whole fleet on this machine with a private Redis and Postgres, until Ctrl-C.",
        discussion: """
            State, logs and settings are kept in .run (VIBE_RUN_DIRECTORY); a further start goes on where the last one stopped.
            Variables documented in env/ apply to every process.

            Examples:
              vibe up --work 3
              vibe up --sim            with the simulated exchange
              vibe scale work=4        from another terminal
              vibe status              from another terminal
            """)

    @OptionGroup var options: CountOptions
    @Flag(help: "Also run the simulated exchange, and trade there.") var sim = false

    func run() async throws {
        let run = RunDirectory(try OperatorContext.environmentSettings().fleet.runDirectory)
        try run.create()
        let lock = try FleetLock(run)
        defer { withExtendedLifetime(lock) {} }
        let supervision = Supervision()
        do {
            try await Interruption.guarded { try await start(in: run, supervision) }
        } catch let failure as Failure where failure.kind == .interrupted {
            await supervision.stop()
            Terminal.say("stopped.")
        } catch {
            await supervision.stop()
            throw error
        }
    }

    private func start(in run: RunDirectory, _ supervision: Supervision) async throws {
        for name in await Leftovers.end(in: run) { Terminal.say("ended \(name), left by an earlier run") }
        let logger = CommandLogger.make("up")
        Terminal.say("starting Redis and Postgres in \(run.path)")
        let servers = try await supervision.startServers(in: run, logger: logger)
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment, decided: ["VIBE_RUN_DIRECTORY": run.path])
        environment.use(servers)
        try environment.provideSealingKey(in: run)
        if sim { try environment.useSimulator(in: run, fills: try RepositoryFile.locate(Demo.fills)) }
        let settings = try environment.settings()
        try await DatabaseSchema.migrate(settings, logger: logger)
        try environment.write(to: run)
        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings)
        if sim { try await fleet.start("sim") }
        for role in FleetRole.allCases { try await fleet.scale(role.rawValue, to: options.counts[role]) }
        Terminal.say(
            """
            running: \(await Self.summary(fleet)); logs in \(run.path("log"))
            `vibe status` shows it from another terminal; redis-cli -s \(servers.redis.socket); Ctrl-C stops everything.
            """)
        try await watch(supervision, fleet, run)
    }

    private func watch(_ supervision: Supervision, _ fleet: Fleet, _ run: RunDirectory) async throws {
        while true {
            try await Task.sleep(for: .milliseconds(200))
            for ended in await fleet.ended() {
                Terminal.complain(ended.text)
            }
            if let done = try await ScaleRequest.serve(fleet, in: run) { Terminal.say("scaled: \(done)") }
            if let failure = await supervision.serverFailure() { throw failure }
        }
    }

    static func summary(_ fleet: Fleet) async -> String {
        let counts = await fleet.counts
        return counts.isEmpty ? "no roles" : counts.map { "\($0.role) × \($0.count)" }.joined(separator: ", ")
    }
}
