import Foundation
import JSON
import Redis
import RedisStreams
import Settings

/// The part of a fleet that turns fills into signals, with its servers, the simulated exchange and synthetic leaders: what a soak and the
/// benchmark of ingestion run on.
struct IngestionSite: Sendable {
    struct Plan: Sendable {
        var leaders: Int
        var ingest: Int
        var simulatorArguments: [String] = []
        /// Beside what the servers and the simulator decide.
        var environment: [String: String] = [:]
    }

    let servers: FleetServers
    let fleet: Fleet
    let context: OperatorContext
    let redis: RedisConnection
    let simulator: SimulatorControl
    /// Of the simulated exchange.
    let port: Int
    private let supervision: Supervision

    private static let startLimit = Duration.seconds(60)

    /// - Parameter name: of the command that asks.
    static func open(_ plan: Plan, _ run: RunDirectory, _ supervision: Supervision, name: String) async throws -> IngestionSite {
        let logger = CommandLogger.make(name)
        Terminal.complain("starting Redis and Postgres in \(run.path)")
        let servers = try await supervision.startServers(in: run, logger: logger)
        let environment = try environment(plan, run, servers)
        let settings = try environment.settings()
        let context = OperatorContext(settings: settings, logger: logger)
        try await DatabaseSchema.migrate(settings, logger: logger)
        let configuration = run.path("keys/leaders.yaml")
        try FileManager.default.writeFile(configuration, yaml(leaders: plan.leaders, name: name))
        try await ConfigurationChange.apply(configuration, context)
        try environment.write(to: run)
        let site = IngestionSite(
            servers: servers, fleet: try await supervision.startFleet(in: run, environment: environment, settings: settings), context: context,
            redis: try context.redis(name), simulator: SimulatorControl(base: settings.exchange.url), port: settings.simulator.port,
            supervision: supervision)
        try await site.start(plan)
        return site
    }

    private func start(_ plan: Plan) async throws {
        let limit = ContinuousClock.now + Self.startLimit
        try await fleet.start("sim", arguments: ["--synthetic-leaders", "\(plan.leaders)"] + plan.simulatorArguments)
        while (try? await simulator.status()) == nil {
            try await checkProcesses()
            guard ContinuousClock.now < limit else { throw Failure(.unavailable, "the simulated exchange did not start within a minute") }
            try await Task.sleep(for: .milliseconds(50))
        }
        try await fleet.scale(FleetRole.ingest.rawValue, to: plan.ingest)
        // fills before ingest has read a leader's state are history; nobody trades until it has stored where each begins
        while try await context.leadersBegun(redis) < plan.leaders {
            try await checkProcesses()
            guard ContinuousClock.now < limit else { throw Failure(.unavailable, "ingest did not begin with every leader within a minute") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// - Throws: ``Failure`` when a server or a process of the fleet has ended.
    func checkProcesses() async throws { try await supervision.checkProcesses() }

    func signalCount() async throws -> Int64 { try await StreamCounters.read(redis, context.keys).added(.signals) }

    /// Waits until the count of signals has not grown for `pause`.
    func waitUntilQuiet(for pause: Duration, limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        var last = (count: try await signalCount(), since: ContinuousClock.now)
        while ContinuousClock.now - last.since < pause {
            try await checkProcesses()
            guard ContinuousClock.now < end else { throw Failure(.unavailable, "signals still came after \(limit)") }
            try await Task.sleep(for: .milliseconds(250))
            let count = try await signalCount()
            if count != last.count { last = (count, .now) }
        }
    }

    private static func environment(_ plan: Plan, _ run: RunDirectory, _ servers: FleetServers) throws -> FleetEnvironment {
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment,
            // nobody plans or sends orders here, so nobody needs quotes
            defaults: ["VIBE_RATE_EGRESS": "1000/1s:2000", "VIBE_MARKET_QUOTES": "no"].merging(plan.environment) { _, ours in ours },
            decided: ["VIBE_RUN_DIRECTORY": run.path])
        environment.use(servers)
        try environment.provideSealingKey(in: run)
        let accounts = run.path("keys/accounts.json")
        try FileManager.default.writeFile(accounts, (["accounts": []] as JSON).text() + "\n")
        try environment.useSimulator(in: run, fills: Demo.fills, accounts: accounts)
        return environment
    }

    private static func yaml(leaders: Int, name: String) -> String {
        let lines = (0..<leaders).map { "  - {id: \(SyntheticLoad.leader($0)), address: \"\(SyntheticLoad.address($0))\"}" }
        return (["# Made up by `vibe \(name)`.", "subscribers: []", "subscriptions: []", "influencers:"] + lines).joined(separator: "\n") + "\n"
    }
}
