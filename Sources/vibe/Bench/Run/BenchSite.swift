import ConfigStore
import Foundation
import JSON
import Postgres
import Redis
import RedisStreams
import Settings

/// The servers, the fleet and the exchange of a benchmark, set up and ready.
struct BenchSite: Sendable {
    let servers: FleetServers
    let fleet: Fleet
    let context: OperatorContext
    let redis: RedisConnection
    let simulator: SimulatorControl
    /// Of the simulated exchange.
    let port: Int
    private let monitor: DemoMonitor
    private let supervision: Supervision

    /// Redis memory an execution: a signal's share, a request, a job and a result with their payloads, kept for the whole run.
    private static let bytesPerExecution = 6_000

    static func open(_ options: BenchOptions, _ run: RunDirectory, _ supervision: Supervision) async throws -> BenchSite {
        try checkMemory(options)
        let logger = CommandLogger.make("bench")
        Terminal.complain("starting Redis and Postgres in \(run.path)")
        let servers = try await supervision.startServers(in: run, logger: logger)
        let files = try BenchCast(options: options).write(to: run)
        let environment = try environment(options, run, servers, accounts: files.accounts)
        let settings = try environment.settings()
        let context = OperatorContext(settings: settings, logger: logger)
        try await DatabaseSchema.migrate(settings, logger: logger)
        try await ConfigurationChange.apply(files.configuration, context)
        try environment.write(to: run)
        let redis = try context.redis("bench")
        _ = try await redis.send(RedisCommand("CONFIG", "SET", "appendfsync", options.fsync.rawValue)).checked()
        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings)
        let simulator = SimulatorControl(base: settings.exchange.url)
        let site = BenchSite(
            servers: servers, fleet: fleet, context: context, redis: redis, simulator: simulator, port: settings.simulator.port,
            monitor: DemoMonitor(fleet: fleet, supervision: supervision, simulator: simulator, redis: redis, context: context),
            supervision: supervision)
        try await site.startProcesses(options)
        return site
    }

    private func startProcesses(_ options: BenchOptions) async throws {
        let leaders = options.leaderCount
        try await fleet.start(
            "sim", arguments: ["--synthetic-leaders", "\(leaders)", "--users", "\(leaders + 10)", "--latency-ms", "\(options.latencyMs)", "--no-sync"])
        try await monitor.waitForSimulator()
        for role in FleetRole.allCases { try await fleet.scale(role.rawValue, to: options.counts[role]) }
        // a large configuration takes its time to read
        try await monitor.waitUntilReady(
            options.counts, leaders: leaders + options.quietLeaders, within: .seconds(60 + options.quietSubscriptions / 1_000))
    }

    /// - Throws: ``Failure`` when a server or a process of the fleet has ended: then there is nothing to measure.
    func checkProcesses() async throws { try await supervision.checkProcesses() }

    func mark() async throws -> BenchMark { try await BenchMark.take(fleet, servers, redis, context.keys) }

    /// Of each role's processes, bytes.
    func memory() async -> [String: Int64] {
        var found: [String: Int64] = [:]
        for (pid, name) in await fleet.pids { found[name] = ResourceUsage.process(pid)?.memory }
        return found
    }

    /// Rows of the audit trail.
    func auditRows() async throws -> Int64 {
        let postgres = context.postgres("bench")
        let rows = try await postgres.query("SELECT count(*) AS rows FROM audit_entries")
        await postgres.close()
        return try rows.first?.integer("rows") ?? 0
    }

    /// Entries of the run: of the streams, or, when they are trimmed, of the audit trail.
    func entries(_ options: BenchOptions) -> any EntrySource {
        options.trim
            ? PostgresScan(postgres: context.postgres("bench"), keys: context.keys, partitioning: context.partitioning)
            : StreamScan(redis: redis, keys: context.keys, partitioning: context.partitioning)
    }

    private static func environment(_ options: BenchOptions, _ run: RunDirectory, _ servers: FleetServers, accounts: String) throws
        -> FleetEnvironment
    {
        let unlimited = "1000000/1s:1000000"
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment,
            defaults: [
                "VIBE_RATE_SUBSCRIBER": unlimited, "VIBE_RATE_ACCOUNT": unlimited, "VIBE_RATE_EGRESS": unlimited,
                "VIBE_EXCHANGE_SOCKET_MESSAGES": "10000000", "VIBE_INGEST_WEIGHT": "100000", "VIBE_ACCOUNT_WEIGHT": "100000",
                // a backlog is measured, not shed
                "VIBE_ADMISSION_BACKLOG": "100000000",
                "VIBE_RATE_MAXIMUM_WAIT": "1m", "VIBE_LANE_LIMIT": "100000", "VIBE_BREAKER_LEADER_TRADES": "0",
                // each move is measured, however late
                "VIBE_COALESCE_AFTER": "0s",
                // and in full, however many copy it
                "VIBE_FANOUT_DEPTH_SHARE": "0",
                "VIBE_EXCHANGE_CONNECTIONS": "256",
                // with a slow exchange, orders in flight are rate × latency
                "VIBE_MAXIMUM_IN_FLIGHT": options.latencyMs > 0 ? "4096" : "256",
            ],
            decided: [
                "VIBE_RUN_DIRECTORY": run.path, "VIBE_PARTITIONS_ACCOUNTS": "\(options.partitions)", "VIBE_STREAM_KEEP": options.trim ? "30s" : "7d",
                "VIBE_INGEST_USERS_PER_EGRESS": "\(options.leaderCount)",
            ])
        environment.use(servers)
        try environment.provideSealingKey(in: run)
        try environment.useSimulator(in: run, fills: Demo.fills, accounts: accounts)
        return environment
    }

    /// The private Redis takes half of the machine's memory; the count at the end needs the streams whole.
    private static func checkMemory(_ options: BenchOptions) throws(Failure) {
        // of a run that trims: what comes to rest within the time kept, and as much under way
        let seconds = options.trim ? min(60, options.warmUp + options.seconds) : options.warmUp + options.seconds
        let needed = options.offered * seconds * bytesPerExecution
        let available = Int(ProcessInfo.processInfo.physicalMemory / 2)
        guard needed > available else { return }
        let possible = available / (options.offered * bytesPerExecution)
        throw Failure(
            .usage, "this run would need \(Format.bytes(Int64(needed))) of Redis memory, of \(Format.bytes(Int64(available)))",
            nextStep: possible > 1 ? "at this rate --seconds and --warm-up together may be \(possible), or use --trim" : "lower --rate or --fan-out")
    }
}
