import ConfigStore
import Foundation
import Logging
import Redis
import RedisStreams
import Settings

/// The servers and processes of a chaos run. Faults take them down; ``keep()`` starts again what ended, as an orchestrator would.
actor ChaosSite {
    nonisolated let run: RunDirectory
    nonisolated let options: ChaosOptions
    /// Of commands that look at the fleet: they reach Redis and Postgres past the faulty links.
    nonisolated let context: OperatorContext
    nonisolated let redis: RedisConnection
    nonisolated let simulator: SimulatorControl
    nonisolated let fleet: Fleet
    nonisolated let links: ChaosLinks
    private let halts: HaltWatch
    private let supervision: Supervision
    private(set) var servers: FleetServers
    /// Processes wanted of each role; those missing are started.
    private var wanted: [FleetRole: Int] = [:]
    private var isExchangeWanted = true
    private var notBefore: [String: ContinuousClock.Instant] = [:]
    /// Variables for the next process of a role alone.
    private var next: [FleetRole: [String: String]] = [:]
    private(set) var starts = 0
    /// Processes that ended as none should.
    private(set) var crashes: [String] = []

    static let counts: [FleetRole: Int] = [.ingest: 2, .match: 2, .plan: 2, .work: 3, .audit: 2]
    private static let restartPause = Duration.milliseconds(300)
    private static let startLimit = Duration.seconds(120)
    /// Of Redis to what injects and looks: a machine that is full of faults is slow.
    private static let answerTimeout = Duration.seconds(15)

    static func open(_ options: ChaosOptions, _ run: RunDirectory, _ supervision: Supervision) async throws -> ChaosSite {
        let logger = CommandLogger.make("chaos")
        Terminal.complain("starting Redis and Postgres in \(run.path)")
        let servers = try await supervision.startServers(in: run, logger: logger)
        let files = try ChaosCast(options: options).write(to: run)
        let environment = try environment(options, run, servers, accounts: files.accounts)
        let settings = try environment.settings()
        let context = OperatorContext(settings: settings, logger: logger)
        try await DatabaseSchema.migrate(settings, logger: logger)
        try await ConfigurationChange.apply(files.configuration, context)
        try environment.write(to: run)
        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings)
        let links = try await ChaosLinks.open(in: run, servers, exchangePort: settings.simulator.port)
        let site = try ChaosSite(options, run, supervision, servers, links, context, fleet)
        try await site.begin()
        return site
    }

    private init(
        _ options: ChaosOptions, _ run: RunDirectory, _ supervision: Supervision, _ servers: FleetServers, _ links: ChaosLinks,
        _ context: OperatorContext, _ fleet: Fleet
    ) throws {
        self.options = options
        self.run = run
        self.supervision = supervision
        self.servers = servers
        self.links = links
        self.context = context
        self.fleet = fleet
        redis = try context.redis("chaos", timeout: Self.answerTimeout)
        halts = try HaltWatch(context, recovers: true)
        simulator = SimulatorControl(base: context.settings.exchange.url)
    }

    private static func environment(_ options: ChaosOptions, _ run: RunDirectory, _ servers: FleetServers, accounts: String) throws
        -> FleetEnvironment
    {
        let leaders = ChaosCast(options: options).leaders
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment,
            defaults: [
                "VIBE_RATE_SUBSCRIBER": "50/1s:100", "VIBE_RATE_SUBSCRIBER__sub_0000": ChaosCast.hotRate, "VIBE_RATE_ACCOUNT": "50/1s:100",
                "VIBE_RATE_EGRESS": "2000/1s:4000", "VIBE_EXCHANGE_SOCKET_MESSAGES": "10000000",
                "VIBE_INGEST_WEIGHT": "30000", "VIBE_ACCOUNT_WEIGHT": "100000", "VIBE_ACCOUNT_EVERY": "5s", "VIBE_DRIFT_LEADER_GRACE": "5s",
                "VIBE_AUDIT_CHECKPOINT_EVERY": "5s",
                // frames change places within 50 ms here, which they do not on one connection of the exchange
                "VIBE_INGEST_MARKET_HOLD": "120ms",
                // the exchange is made to fail all the time
                "VIBE_BREAKER_REJECTS": "1000000", "VIBE_BREAKER_REJECT_SHARE": "100", "VIBE_BREAKER_UNKNOWNS": "1000000",
                "VIBE_BREAKER_ACKNOWLEDGEMENT": "60s", "VIBE_BREAKER_LEADER_TRADES": "0",
            ],
            decided: ["VIBE_RUN_DIRECTORY": run.path, "VIBE_STREAM_KEEP": "7d", "VIBE_INGEST_USERS_PER_EGRESS": "\(max(2, leaders - 3))"])
        environment.use(servers)
        try environment.provideSealingKey(in: run)
        try environment.useSimulator(in: run, fills: Demo.fills, accounts: accounts)
        return environment
    }

    private func begin() async throws {
        try await startExchange()
        let limit = ContinuousClock.now + Self.startLimit
        while (try? await simulator.status()) == nil { try await patience(until: limit, "the simulated exchange did not start") }
        wanted = Self.counts
        await startMissing()
        let leaders = ChaosCast(options: options).leaders
        while true {
            let status = try await StatusReader(context, redis: redis).read()
            let isReady = FleetRole.allCases.allSatisfy { role in
                guard let stage = status.stage(role.rawValue) else { return false }
                return stage.members.count >= (Self.counts[role] ?? 0) && stage.unowned == 0 && !stage.partitions.isEmpty
            }
            if isReady, try await context.leadersBegun(redis) >= leaders { return }
            await startMissing()
            try await patience(until: limit, "the fleet was not ready")
        }
    }

    private func patience(until limit: ContinuousClock.Instant, _ problem: String) async throws {
        guard ContinuousClock.now < limit else {
            throw Failure(.unavailable, "\(problem) within \(Self.startLimit.text)", nextStep: "see the logs under \(run.path("log"))")
        }
        try await Task.sleep(for: .milliseconds(100))
    }

    // MARK: - Keeping it alive

    /// Starts what is missing, and recovers the cell when it halts, until cancelled.
    func keep() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    await self.startMissing()
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            group.addTask {
                while true {
                    await self.halts.look()
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            try await group.waitForAll()
        }
    }

    private func startMissing() async {
        for ended in await fleet.ended() {
            notBefore[ended.role] = .now + Self.restartPause
            if !Self.isExpected(ended.exit) { crashes.append(ended.text) }
        }
        for role in FleetRole.allCases {
            while await fleet.count(role.rawValue) < wanted[role] ?? 0, (notBefore[role.rawValue] ?? .now) <= .now {
                await start(role)
            }
        }
        if isExchangeWanted, await fleet.count("sim") == 0, (notBefore["sim"] ?? .now) <= .now {
            do { try await startExchange() } catch { crashes.append("the simulated exchange cannot be started: \(error)") }
        }
    }

    private func start(_ role: FleetRole) async {
        let extra = (next.removeValue(forKey: role) ?? [:]).merging(links.variables(role)) { given, _ in given }
        do {
            starts += 1
            try await fleet.start(role.rawValue, extra: extra)
        } catch {
            notBefore[role.rawValue] = .now + Self.restartPause
            crashes.append("\(role.rawValue) cannot be started: \(error)")
        }
    }

    private func startExchange() async throws {
        let cast = ChaosCast(options: options)
        try await fleet.start(
            "sim", arguments: ["--synthetic-leaders", "\(cast.leaders)", "--users", "\(cast.leaders + 10)", "--seed", "\(options.seed)", "--no-sync"])
    }

    /// We end processes with SIGKILL; they end by themselves, to be started again, when a server is away at their start (69), when they
    /// lost the exchange (75), and after SIGTERM.
    private static func isExpected(_ exit: ChildProcess.Exit) -> Bool {
        switch exit {
        case .signal(let number): number == SIGKILL
        case .code(let code): [0, Failure.Kind.unavailable.rawValue, Failure.Kind.feedLost.rawValue].contains(code)
        }
    }

    /// Times the cell was halted and rebuilt.
    var recoveries: Int { get async { await halts.recoveries } }
    var restoredThrough: [String: Int] { get async { await halts.restoredThrough } }
    var isHalted: Bool { get async { await halts.isHalted } }

    // MARK: - For faults

    func wantedCount(_ role: FleetRole) -> Int { wanted[role] ?? 0 }

    func want(_ role: FleetRole, _ count: Int) { wanted[role] = count }

    func giveNext(_ role: FleetRole, _ variables: [String: String]) { next[role] = variables }

    func restoreCounts() { wanted = Self.counts }

    /// Names of the processes that live.
    func members() async -> Set<String> {
        var names: Set<String> = []
        for role in FleetRole.allCases { names.formUnion(await fleet.members(of: role.rawValue).map(\.name)) }
        return names
    }

    /// By role, the most that one of its processes holds.
    func usage() async -> [String: ProcessUsage] {
        var most: [String: ProcessUsage] = [:]
        for role in FleetRole.allCases {
            for member in await fleet.members(of: role.rawValue) {
                guard let usage = ProcessUsage(of: member.identity.pid) else { continue }
                let known = most[role.rawValue] ?? usage
                most[role.rawValue] = ProcessUsage(memory: max(known.memory, usage.memory), files: max(known.files, usage.files))
            }
        }
        return most
    }

    /// Of every process, beside what those of its role held at the beginning.
    func usage(beside baseline: [String: ProcessUsage]) async -> [ChaosObservations.Usage] {
        var found: [ChaosObservations.Usage] = []
        for role in FleetRole.allCases {
            for member in await fleet.members(of: role.rawValue) {
                guard let before = baseline[role.rawValue], let after = ProcessUsage(of: member.identity.pid) else { continue }
                found.append(.init(process: member.name, memory: (before.memory, after.memory), files: (before.files, after.files)))
            }
        }
        return found
    }

    func close() async {
        await redis.close()
        await links.close()
    }

    /// Kills Redis, lets its files be changed, and starts it again.
    /// - Parameter variables: for the server's process.
    func restartRedis(variables: [String: String] = [:], away: Duration = .zero, changing change: (String) throws -> Void = { _ in }) async throws {
        let old = servers.redis
        old.child.identity.send(SIGKILL)
        _ = await old.child.ended()
        try change(old.directory)
        try await Task.sleep(for: away)
        let redis = try await PrivateRedis.start(in: run, variables: variables, logger: context.logger)
        servers = FleetServers(redis: redis, postgres: servers.postgres)
        await supervision.replaced(by: servers)
        // the first call finds the old connection broken
        while (try? await self.redis.send(RedisCommand("PING"))) == nil { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Ends Postgres by a signal, waits, and starts it again.
    func restartPostgres(by signal: Int32, away: Duration = .zero) async throws {
        servers.postgres.child.identity.send(signal)
        _ = await servers.postgres.child.ended()
        try await Task.sleep(for: away)
        let limit = ContinuousClock.now + Self.startLimit
        while true {
            do {
                let postgres = try await PrivatePostgres.start(in: run)
                servers = FleetServers(redis: servers.redis, postgres: postgres)
                return await supervision.replaced(by: servers)
            } catch {
                // backends of the one that was killed hold its memory for a moment
                guard ContinuousClock.now < limit else { throw error }
                try await Task.sleep(for: .milliseconds(300))
            }
        }
    }
}
