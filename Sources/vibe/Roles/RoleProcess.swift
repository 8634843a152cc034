import ConfigStore
import Foundation
import Health
import Hyperliquid
import Logging
import Pipeline
import Postgres
import Redis
import Recovery
import RedisStreams
import Safety
import Settings
import Synchronization
import UnixSignals

/// What a role runs: until ``stop()`` has let it finish, or until it is cancelled.
protocol Role: Sendable {
    func run() async throws
    /// Hand over in good order; ``run()`` returns when that is done.
    func stop() async
    /// Ends the role in good order when it is lost; `nil` for roles that do without the exchange.
    var feed: FeedWatch? { get }
    /// What it needs to get on.
    var checks: [HealthCheck] { get }
}

extension Role {
    var feed: FeedWatch? { nil }
}

/// What every role of the fleet begins with: settings, checked servers, names, connections.
struct RoleProcess: Sendable {
    let role: FleetRole
    let settings: Settings
    let keys: Keys
    let partitioning: Partitioning
    let logger: Logger
    /// This process among those of its stage, and its consumer name.
    let member: String
    /// Which start of the Redis server all connections of the process work with, and who decides that.
    let servers: RedisAdmission
    let cell: CellGuard
    private let clients = Clients()

    /// Of the exchange, for as long as no role has them yet: one that is let go without a shutdown takes the process down.
    private final class Clients: Sendable {
        let made = Mutex<[ExchangeClient]>([])
    }

    init(role: FleetRole, settings: Settings, member: String, logger: Logger? = nil) throws {
        self.role = role
        self.settings = settings
        self.member = member
        keys = Keys(cell: settings.pipeline.cell)
        partitioning = Partitioning(signals: settings.pipeline.signalPartitions, accounts: settings.pipeline.accountPartitions)
        self.logger = logger ?? RoleLogger.make(settings, process: member)
        servers = RedisAdmission()
        let postgres = PostgresConnection(url: settings.postgres.revealedURL(), name: "vibe-\(member)-cell", logger: self.logger)
        cell = CellGuard(
            table: CellTable(redis: try Self.redis("cell", settings, member, admission: nil, self.logger), keys: keys, partitioning: partitioning),
            register: CellRegister(postgres, keys: keys), servers: servers, logger: self.logger)
    }

    /// A name that no other process has: in containers host name and process id can be those of another.
    static func ownName(_ purpose: String) -> String {
        "\(purpose)-\(ProcessInfo.processInfo.hostName)-\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }

    /// Loads the settings, makes the role, and runs it until SIGTERM or SIGINT (a second one ends at once), or until its supervisor is gone.
    /// - Throws: ``Failure`` of kind `.feedLost` when the exchange was out of reach for too long.
    static func main(_ role: FleetRole, _ make: @escaping @Sendable (RoleProcess) async throws -> any Role) async throws {
        let settings = try Settings(environment: ProcessInfo.processInfo.environment)
        let member = settings.fleet.processName ?? Self.ownName(role.rawValue)
        let process = try RoleProcess(role: role, settings: settings, member: member)
        if let failpoints = settings.fleet.failpoints {
            process.logger.warning("failpoints.armed", metadata: ["failpoints": "\(failpoints)", "seed": "\(failpoints.seed)"])
        }
        let body = try await process.startAndRun(make)
        process.logger.notice("role.ended")
        if await body?.feed?.isLost == true {
            throw Failure(
                .feedLost, "the exchange was out of reach for VIBE_FEED_LOST_AFTER=\(settings.safety.feedLostAfter.text)",
                nextStep: "is \(settings.exchange.url) reachable from here? Another process of the role has the partitions now, if one is alive")
        }
    }

    /// Refuses servers that would lose what they acknowledged, and makes sure that the cell's streams are there. In a halted cell nothing is
    /// made: the process waits for its recovery.
    func prepare() async throws {
        let redis = try unguardedRedis("prepare")
        try await Provisioning.check(redis)
        let postgres = PostgresConnection(url: settings.postgres.revealedURL(), name: "vibe-\(member)-check", logger: logger)
        try await Migrator(postgres).check()
        await postgres.close()
        if try await cell.admission() != nil {
            do { try await Provisioning.provision(redis, keys: keys, partitioning: partitioning) } catch Provisioning.Fault.lost(let streams) {
                try await cell.halt(reason: "\(streams.joined(separator: ", ")) had entries and \(streams.count == 1 ? "is" : "are") gone, or a group")
            }
        }
        await redis.close()
    }

    private final class Started: Sendable {
        let role = Mutex<(any Role)?>(nil)
    }

    /// - Returns: the role that ran; `nil` when it ended before it began.
    private func startAndRun(_ make: @escaping @Sendable (RoleProcess) async throws -> any Role) async throws -> (any Role)? {
        let started = Started()
        return try await withThrowingTaskGroup(of: (any Role)?.self) { group in
            group.addTask {
                let body = try await start(make)
                started.role.withLock { $0 = body }
                logger.notice("role.ready", metadata: ["limits": "\(settings.settingsFingerprint)"])
                try await RoleHealth(self, checks: body.checks).watch { try await run(body) }
                return body
            }
            group.addTask {
                await ProcessEnd.wait(parent: settings.fleet.parentProcess)
                guard !Task.isCancelled else { return nil }
                guard let body = started.role.withLock({ $0 }) else {
                    // nothing to hand over, and what it waits for may be away for long
                    logger.notice("role.ended")
                    exit(EXIT_SUCCESS)
                }
                await stop(body)
                return body
            }
            // the role has finished, or the second signal or the end of the grace has ended the wait for it
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Waits for its servers and makes the role, while Redis may be started anew: what it holds then is checked as in a role that runs.
    private func start(_ make: (RoleProcess) async throws -> any Role) async throws -> any Role {
        try await waitAtStart { try await prepare() }
        let watching = Task {
            while !Task.isCancelled {
                _ = try? await cell.admission()  // says itself what it finds; Redis being away is seen by who needs it
                try? await Task.sleep(for: settings.pipeline.heartbeatInterval)  // ends early only when cancelled
            }
        }
        defer { watching.cancel() }
        do { return try await make(self) } catch {
            for client in clients.made.withLock({ $0 }) { await client.shutdown() }
            throw error
        }
    }

    /// Tries `body` until what it needs is there, for VIBE_START_WAIT at most.
    func waitAtStart(_ body: () async throws -> Void) async throws {
        try await StartWait.attempt(within: settings.fleet.startWait, logger: logger, body)
    }

    private func run(_ body: any Role) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body.run() }
            group.addTask { await SpareMemory.giveBack() }
            if let feed = body.feed {
                group.addTask {
                    await feed.waitForLoss()
                    await self.stop(body)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func stop(_ body: any Role) async {
        guard !Task.isCancelled else { return }
        logger.notice("role.stopping")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body.stop(); try? await Task.sleep(for: settings.pipeline.shutdownGrace) }
            group.addTask { for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return } }
            await group.next()
            group.cancelAll()
        }
        if !Task.isCancelled { logger.warning("role.cut_short", metadata: ["grace": "\(settings.pipeline.shutdownGrace)"]) }
    }

    // MARK: - Parts

    /// Longer than any statement takes; a database that does not answer is given up for that call.
    static let statementTimeout = Duration.seconds(10)

    /// A connection of its own.
    func redis(_ purpose: String, timeout: Duration? = nil) throws -> RedisConnection {
        try Self.redis(purpose, timeout: timeout, settings, member, admission: servers, logger)
    }

    /// One that talks to whichever server answers: for reading, or for what finds out whether the server may be worked with.
    func unguardedRedis(_ purpose: String) throws -> RedisConnection { try Self.redis(purpose, settings, member, admission: nil, logger) }

    private static func redis(
        _ purpose: String, timeout: Duration? = nil, _ settings: Settings, _ member: String, admission: RedisAdmission?, _ logger: Logger
    ) throws -> RedisConnection {
        RedisConnection(
            endpoint: try RedisEndpoint(settings.redis), timeout: timeout ?? settings.redis.timeout, name: "\(member)/\(purpose)",
            admission: admission, logger: logger)
    }

    /// What was done before the cell was last recovered.
    func recovered() throws -> RecoveredWork { RecoveredWork(redis: try redis("recovered"), keys: keys) }

    func config() async throws -> ConfigStore {
        let store = ConfigStore(url: settings.postgres.revealedURL(), logger: logger)
        try await store.load()
        return store
    }

    /// Its reads take their weight from the bucket of our address; what markets there are it has from whoever read it.
    func exchange() throws -> ExchangeClient {
        let egress = settings.exchange.egress
        let redis = try redis("egress")
        let bucket = TokenBucket(
            redis: redis, key: keys.tokens("egress", egress), rate: TokenRate(settings.rates.effective(for: .egress(egress))))
        let client = ExchangeClient(
            endpoint: endpoint, timeout: settings.exchange.timeout, maximumConnections: settings.exchange.connections,
            gate: EgressGate(bucket: bucket, logger: logger),
            answers: FleetAnswers(table: AnswerTable(redis: redis, keys: keys), endpoint: endpoint, logger: logger))
        clients.made.withLock { $0.append(client) }
        return client
    }

    func feedWatch(_ client: ExchangeClient) throws -> FeedWatch {
        FeedWatch(redis: try redis("feed"), limit: settings.safety.feedLostAfter, client: client, logger: logger)
    }

    /// What the fleet knows of the markets; to be run beside the stage.
    func quotes(withDepth: Bool = false) throws -> QuoteReader {
        QuoteReader(
            redis: try redis("quotes"), keys: keys, maximumAge: settings.exchange.quoteMaximumAge, readsDepth: withDepth,
            now: { WallClock.milliseconds }, logger: logger)
    }

    /// What all WebSocket connections of this process share.
    func connectionBudget(users: Int? = nil) -> ConnectionBudget {
        var limits = ConnectionBudget.Limits()
        limits.messagesPerMinute = settings.exchange.socketMessages
        if let users { limits.users = users }
        return ConnectionBudget(limits: limits)
    }

    /// The socket that carries orders, when the settings want one.
    func postSocket() -> PostSocket? {
        guard settings.exchange.transport == .websocket else { return nil }
        var configuration = PostSocket.Configuration()
        configuration.timeout = settings.exchange.timeout
        return PostSocket(endpoint: endpoint, configuration: configuration, budget: connectionBudget(), logger: logger)
    }

    /// The kill switch, as known at the start; its ``Latches/run()`` keeps it up to date.
    func latches() async throws -> Latches {
        let latches = Latches(store: try latchStore(), logger: logger)
        try await latches.load()
        return latches
    }

    func latchStore() throws -> LatchStore {
        LatchStore(
            table: LatchTable(redis: try redis("latches"), keys: keys),
            postgres: PostgresConnection(
                url: settings.postgres.revealedURL(), name: "vibe-\(member)-latches", answerTimeout: Self.statementTimeout, logger: logger))
    }

    var endpoint: ExchangeEndpoint { ExchangeEndpoint(settings.exchange) }

    func leases(_ stage: String, _ partitions: [String]) throws -> PartitionLeases {
        PartitionLeases(
            redis: try redis("leases"), keys: keys, stage: stage, partitions: partitions, member: member,
            timing: .init(life: settings.pipeline.leaseTTL, beat: settings.pipeline.heartbeatInterval, margin: settings.pipeline.leaseMargin),
            cell: cell, logger: logger)
    }

    func runner(_ stage: Stage, leases: PartitionLeases, handler: any StageHandler, wake: Wake, pending: Int, deliveries: Int = 8, linger: Duration = .zero)
        throws -> StageRunner
    {
        let block = settings.pipeline.doorbellBlock
        return StageRunner(
            stage: stage, keys: keys, member: member, redis: try redis("commands"),
            doorbell: Doorbell(redis: try redis("doorbell", timeout: block + settings.redis.timeout), block: block), leases: leases,
            handler: handler, wake: wake,
            limits: .init(batch: settings.pipeline.batch, pending: max(pending, settings.pipeline.batch), deliveries: deliveries, linger: linger), logger: logger)
    }
}

/// A stage with its loops beside the runner, which end with it.
struct StageRole: Role {
    let runner: StageRunner
    /// Run beside the runner; ended when it has ended.
    let loops: [@Sendable () async -> Void]
    /// Shut down at the end.
    var client: ExchangeClient?
    var feed: FeedWatch?
    var checks: [HealthCheck] = []

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for loop in loops { group.addTask { await loop() } }
            await runner.run()
            group.cancelAll()
        }
        await client?.shutdown()
    }

    func stop() async { await runner.stop() }
}

extension ExchangeEndpoint {
    init(_ settings: Settings.Exchange) {
        self.init(base: settings.url, network: Hyperliquid.Network(rawValue: settings.network.rawValue) ?? .testnet)
    }
}
