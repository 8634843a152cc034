import CopyTrading
import Foundation
import JSON
import Pipeline
import RedisStreams
import Settings

/// One soak: set up, trade under faults, let it come to rest, compare.
struct Soak: Sendable {
    let options: SoakOptions
    let run: RunDirectory
    let supervision: Supervision

    /// A leader's fills before ingest has read its state are history; nobody trades until then.
    private static let settlingTime = Duration.seconds(5)
    /// Nothing new for this long: everything that will come has come. Longer than the longest pause between two tries of ingest.
    private static let restTime = Duration.seconds(20)
    private static let restLimit = Duration.seconds(300)
    private static let progressEvery = Duration.seconds(10)

    func run() async throws -> SoakReport {
        let logger = CommandLogger.make("soak")
        Terminal.complain("starting Redis and Postgres in \(run.path)")
        let servers = try await supervision.startServers(in: run, logger: logger)
        let environment = try environment(servers)
        let settings = try environment.settings()
        let context = OperatorContext(settings: settings, logger: logger)
        try await DatabaseSchema.migrate(settings, logger: logger)
        let configuration = run.path("keys/leaders.yaml")
        try FileManager.default.writeFile(configuration, yaml)
        try await ConfigurationChange.apply(configuration, context)
        try environment.write(to: run)
        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings)
        let simulator = SimulatorControl(base: settings.exchange.url)
        try await start(fleet, simulator)

        var check = SignalCheck()
        try await simulator.addFaults(SoakFaults.plan(options))
        try await trade(simulator, &check)
        let fired = try await simulator.faultCounts()
        try await simulator.clearFaults()
        let redis = try context.redis("soak")
        try await rest(fleet) { try await StreamCounters.read(redis, context.keys).added(.signals) }
        try await StreamScan(redis: redis, keys: context.keys, partitioning: context.partitioning).each(.signals) { entry in
            check.found(try Signal(json: JSON.parse(entry.data)))
        }
        await redis.close()
        let gaps = try await declaredGaps(context)
        return SoakReport(
            seed: options.seed, seconds: options.minutes * 60, fills: check.fills, signals: check.signals, tiers: check.tiers, faults: fired,
            declaredGaps: gaps, verdict: check.verdict)
    }

    private func start(_ fleet: Fleet, _ simulator: SimulatorControl) async throws {
        try await fleet.start("sim", arguments: ["--synthetic-leaders", "\(options.leaders)", "--seed", "\(options.seed)"])
        let limit = ContinuousClock.now + .seconds(60)
        while (try? await simulator.status()) == nil {
            try await checkProcesses(fleet)
            guard ContinuousClock.now < limit else { throw Failure(.unavailable, "the simulated exchange did not start within a minute") }
            try await Task.sleep(for: .milliseconds(50))
        }
        try await fleet.scale(FleetRole.ingest.rawValue, to: options.ingest)
        while try await simulator.status().integer("sockets") < Int64(options.ingest) {
            try await checkProcesses(fleet)
            guard ContinuousClock.now < limit else { throw Failure(.unavailable, "ingest did not connect within a minute") }
            try await Task.sleep(for: .milliseconds(100))
        }
        try await Task.sleep(for: Self.settlingTime)
    }

    /// Publishes messages at the rate, late ones at once, until the time is over.
    private func trade(_ simulator: SimulatorControl, _ check: inout SignalCheck) async throws {
        var load = SoakLoad(leaders: options.leaders, seed: options.seed)
        let start = ContinuousClock.now
        let end = start + .seconds(options.minutes * 60)
        var shown = start
        var number = 0
        while ContinuousClock.now < end {
            let message = load.next()
            let trades = try await simulator.publish(message.body)
            guard trades.count == message.changes.count else { throw Failure(.unavailable, "the simulated exchange published another number of fills") }
            for (trade, change) in zip(trades, message.changes) {
                check.made(SignalCheck.MadeFill(trade: trade, change: change), by: message.leader, in: message.coin)
            }
            number += 1
            if ContinuousClock.now - shown >= Self.progressEvery {
                shown = .now
                if let ended = await supervision.ended().first { throw Failure(.unavailable, ended.text) }
                Terminal.complain("\((shown - start).components.seconds) s: \(Format.count(check.fills)) fills made")
            }
            let due = start + .microseconds(Int64(number) * 1_000_000 / Int64(options.rate))
            if due > .now { try await Task.sleep(until: due) }
        }
    }

    /// Waits until the count of signals no longer grows.
    private func rest(_ fleet: Fleet, _ signals: () async throws -> Int64) async throws {
        let limit = ContinuousClock.now + Self.restLimit
        var last: (count: Int64, since: ContinuousClock.Instant) = (try await signals(), .now)
        while ContinuousClock.now - last.since < Self.restTime {
            try await checkProcesses(fleet)
            guard ContinuousClock.now < limit else { throw Failure(.unavailable, "signals still came after \(Self.restLimit)") }
            try await Task.sleep(for: .milliseconds(500))
            let count = try await signals()
            if count != last.count { last = (count, .now) }
        }
    }

    private func checkProcesses(_ fleet: Fleet) async throws {
        if let failure = await supervision.serverFailure() { throw failure }
        if let ended = await fleet.ended().first { throw Failure(.unavailable, ended.text, nextStep: "see its log") }
    }

    private func declaredGaps(_ context: OperatorContext) async throws -> Int {
        let postgres = context.postgres("soak")
        let rows = try await postgres.query("SELECT count(*) AS gaps FROM leader_gaps")
        await postgres.close()
        return Int(try rows.first?.integer("gaps") ?? 0)
    }

    private func environment(_ servers: FleetServers) throws -> FleetEnvironment {
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment, defaults: ["VIBE_RATE_EGRESS": "1000/1s:2000"],
            decided: ["VIBE_RUN_DIRECTORY": run.path])
        environment.use(servers)
        try environment.provideSealingKey(in: run)
        let accounts = run.path("keys/accounts.json")
        try FileManager.default.writeFile(accounts, (["accounts": []] as JSON).text() + "\n")
        try environment.useSimulator(in: run, fills: Demo.fills, accounts: accounts)
        return environment
    }

    private var yaml: String {
        (["# Made up by `vibe soak`.", "influencers:"]
            + (0..<options.leaders).map { "  - {id: \(SyntheticLoad.leader($0)), address: \"\(SyntheticLoad.address($0))\"}" })
            .joined(separator: "\n") + "\n"
    }
}
