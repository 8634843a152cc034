import ConfigStore
import Foundation
import Settings

/// One demo from the first server to the last line.
struct Demo: Sendable {
    let run: RunDirectory
    let supervision: Supervision
    let speed: String
    let subscribers: Int
    let workers: Int

    static let fills = "Tests/Fixtures/leader_fills.json"

    func play() async throws -> VerificationReport {
        let logger = CommandLogger.make("demo")
        Terminal.say("starting Redis and Postgres in \(run.path)")
        let servers = try await supervision.startServers(in: run, logger: logger)
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment, defaults: Self.defaults, decided: ["VIBE_RUN_DIRECTORY": run.path])
        environment.use(servers)
        try environment.provideSealingKey(in: run)
        let files = try DemoFiles.provide(in: run, fills: try RepositoryFile.locate(Self.fills), subscribers: subscribers)
        try environment.useSimulator(in: run, fills: files.fills, accounts: files.accounts)
        let settings = try environment.settings()
        let context = OperatorContext(settings: settings, logger: logger)
        try await DatabaseSchema.migrate(settings, logger: logger)
        try await ConfigurationChange.apply(files.configuration, context)
        try environment.write(to: run)
        Terminal.say(files.summary)

        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings)
        let simulator = SimulatorControl(base: settings.exchange.url)
        let redis = try context.redis("demo", timeout: Self.answerPatience)
        let monitor = DemoMonitor(fleet: fleet, supervision: supervision, simulator: simulator, redis: redis, context: context)
        try await startProcesses(fleet, monitor, leaders: files.leaderCount)
        let tail = try await ResultTail.fromNow(redis, context.keys, context.partitioning)
        if try ReplayProgress(try await simulator.status()).state == "idle" { try await simulator.replay(speed: speed) }
        try await monitor.watch(counts, tail: tail)
        await redis.close()
        let report = try await Verification.run(context, ledger: .exchange(settings.exchange.url), patience: .seconds(10))
        Terminal.say("\n" + report.text())
        return report
    }

    /// Until Ctrl-C, or until something ends by itself.
    func keepRunning() async throws {
        Terminal.say("\neverything is left running; from another terminal here: `vibe status`, `vibe explain <id>`, "
            + "redis-cli -s \(run.path("redis/redis.sock")). Ctrl-C stops it.")
        while true {
            try await Task.sleep(for: .milliseconds(500))
            for ended in await supervision.ended() { Terminal.complain(ended.text) }
            if let failure = await supervision.serverFailure() { throw failure }
        }
    }

    /// Recorded hours pass in seconds, so orders come thousands of times as dense as they were: the limits of a demo are wide, and
    /// the operator's own settings win over these.
    private static let defaults = [
        "VIBE_RATE_SUBSCRIBER": "500/1s:1000", "VIBE_RATE_ACCOUNT": "500/1s:1000", "VIBE_RATE_EGRESS": "20000/1s:20000",
        "VIBE_EXCHANGE_SOCKET_MESSAGES": "10000000",
        // every account is asked about before its first entry
        "VIBE_ACCOUNT_WEIGHT": "100000",
        // an hour passes in half a second: quotes would be of another time than the fills
        "VIBE_MARKET_QUOTES": "no",
        // Two days of trades pass in half a minute.
        "VIBE_BREAKER_LEADER_TRADES": "0",
    ]

    /// No order waits for who only looks: on a busy machine the answer may take its time. A server that has ended is noticed otherwise.
    private static let answerPatience = Duration.seconds(30)

    private var counts: FleetCounts {
        var counts = FleetCounts()
        counts[.work] = workers
        return counts
    }

    private func startProcesses(_ fleet: Fleet, _ monitor: DemoMonitor, leaders: Int) async throws {
        try await fleet.start("sim")
        try await monitor.waitForSimulator()
        for role in FleetRole.allCases { try await fleet.scale(role.rawValue, to: counts[role]) }
        Terminal.say("running: \(await UpCommand.summary(fleet)); logs in \(run.path("log"))")
        try await monitor.waitUntilReady(counts, leaders: leaders)
    }
}
