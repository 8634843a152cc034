import AuditTrail
import ConfigStore
import CopyTrading
import Hyperliquid
import Logging
import Pipeline
import Postgres
import RawFrames
import Recovery
import Redis
import RedisStreams
import Safety

@testable import Ingestion

/// Starting roles, put together as `vibe match`, `vibe plan` and so on put theirs together.
extension Fleet {
    /// The connections and the configuration that every role begins with.
    private struct Parts: Sendable {
        let member: String
        let logger: Logger
        let config: ConfigStore
        let servers: RedisAdmission
        let cell: CellGuard
        var connections: [RedisConnection] = []
    }

    private func parts(_ member: String) async throws -> Parts {
        let logger = log.logger(member)
        let config = ConfigStore(url: database, logger: logger)
        try await config.load()
        let looking = try redis.connect("\(member)/cell", timeout: timing.redis)
        let servers = RedisAdmission()
        let cell = CellGuard(
            table: CellTable(redis: looking, keys: keys, partitioning: partitioning),
            register: CellRegister(PostgresConnection(url: database, name: "\(member)-cell", logger: logger), keys: keys), servers: servers,
            logger: logger)
        _ = try await cell.admission()
        return Parts(member: member, logger: logger, config: config, servers: servers, cell: cell, connections: [looking])
    }

    private func connect(_ purpose: String, _ parts: inout Parts, timeout: Duration? = nil) throws -> RedisConnection {
        let connection = RedisConnection(
            endpoint: try RedisEndpoint(parsing: redis.url), timeout: timeout ?? timing.redis, name: "\(parts.member)/\(purpose)",
            admission: parts.servers, logger: parts.logger)
        parts.connections.append(connection)
        return connection
    }

    private func leases(_ stage: String, _ partitions: [String], _ parts: inout Parts) throws -> PartitionLeases {
        PartitionLeases(
            redis: try connect("leases", &parts), keys: keys, stage: stage, partitions: partitions, member: parts.member, timing: timing.lease,
            cell: parts.cell, logger: parts.logger)
    }

    func client(
        _ url: String? = nil, timeout: Duration = .seconds(10), gate: (any RequestGate)? = nil, answers: (any SharedAnswers)? = nil
    ) -> ExchangeClient {
        ExchangeClient(
            endpoint: ExchangeEndpoint(base: url ?? exchange.url, network: .testnet), timeout: timeout, maximumConnections: 16, gate: gate,
            answers: answers)
    }

    /// Waits until one stop-loss of this size rests, and nothing else.
    func stopLossRests(_ size: String, of account: String) async throws {
        try await eventually("a stop-loss of \(size) rests") {
            let client = self.client()
            let resting = try? await client.read(.frontendOpenOrders(account))
            await client.shutdown()
            return resting?.map { "\($0.size)" } == [size]
        }
    }

    /// For operators' decisions about dead letters.
    func desk(_ box: DeadLetterBox, _ client: ExchangeClient) -> DeadLetterDesk {
        DeadLetterDesk(
            box: box, cursors: LeaderCursors(redis: observer, keys: keys, partitioning: partitioning), client: client, by: "tester")
    }

    private func start(
        _ parts: Parts, _ stage: Stage, leases: PartitionLeases, handler: any StageHandler, wake: Wake, pending: Int = 1_024, deliveries: Int = 8,
        feed: FeedWatch? = nil, loops: [@Sendable () async -> Void], cleanUp: @escaping @Sendable () async -> Void = {}
    ) throws -> Role {
        var parts = parts
        let runner = StageRunner(
            stage: stage, keys: keys, member: parts.member, redis: try connect("commands", &parts),
            doorbell: Doorbell(redis: try connect("doorbell", &parts, timeout: timing.doorbell + timing.redis), block: timing.doorbell),
            leases: leases, handler: handler, wake: wake, limits: .init(pending: pending, deliveries: deliveries), logger: parts.logger)
        let role = Role(
            member: parts.member, connections: parts.connections,
            run: {
                await withTaskGroup(of: Void.self) { group in
                    for loop in loops { group.addTask { await loop() } }
                    if let feed {
                        group.addTask {
                            await feed.waitForLoss()
                            if await feed.isLost { await runner.stop() }
                        }
                    }
                    await runner.run()
                    group.cancelAll()
                }
            },
            stop: { await runner.stop() }, cleanUp: cleanUp)
        roles.withLock { $0.append(role) }
        return role
    }

    // MARK: - The roles

    /// - Parameters:
    ///   - followsConfiguration: whether it looks for new versions by itself.
    ///   - wrap: puts something around the handler, to hold it at a point.
    @discardableResult
    func match(
        _ member: String = "match-1", followsConfiguration: Bool = true, wrap: (any StageHandler) -> any StageHandler = { $0 }
    ) async throws -> Role {
        var parts = try await parts(member)
        let config = parts.config
        let stage = Stage.match(partitioning)
        let leases = try leases(stage.name, stage.partitionNames, &parts)
        let recovered = RecoveredWork(redis: try connect("recovered", &parts), keys: keys)
        let handler = wrap(MatchStage(config: config, partitioning: partitioning, recovered: recovered, logger: parts.logger))
        return try start(
            parts, stage, leases: leases, handler: handler, wake: Wake(), loops: followsConfiguration ? [{ await config.run() }] : [])
    }

    /// - Parameters:
    ///   - followsConfiguration: whether it looks for new versions by itself.
    ///   - coalesceAfter: zero plans each request by itself, however long it waited.
    @discardableResult
    func plan(
        _ member: String = "plan-1", followsConfiguration: Bool = true, coalesceAfter: Duration = .zero,
        wrap: (any StageHandler) -> any StageHandler = { $0 }
    ) async throws -> Role {
        var parts = try await parts(member)
        let config = parts.config
        let stage = Stage.plan(partitioning)
        let client = client()
        let instruments = Instruments(client: client, logger: parts.logger)
        try await instruments.load()
        let leases = try leases(stage.name, stage.partitionNames, &parts)
        let journal = AttemptJournal(redis: try connect("state", &parts), keys: keys, stage: stage)
        let latches = try await latches(&parts)
        let history = MarketHistory(
            config: config, client: client, instruments: instruments,
            cursors: LeaderCursors(redis: try connect("cursors", &parts), keys: keys, partitioning: partitioning), logger: parts.logger)
        let handler = wrap(
            PlanStage(
                config: config, instruments: instruments, journal: journal, latches: latches, stage: stage, quotes: quotes, history: history,
                coalesceAfter: coalesceAfter, recovered: RecoveredWork(redis: try connect("recovered", &parts), keys: keys), logger: parts.logger))
        return try start(
            parts, stage, leases: leases, handler: handler, wake: Wake(),
            loops: [{ await latches.run() }, { await history.run() }] + (followsConfiguration ? [{ await config.run() }] : []),
            cleanUp: { await client.shutdown() })
    }

    /// The kill switch of one process.
    private func latches(_ parts: inout Parts) async throws -> Latches {
        let latches = Latches(store: try latchStore(&parts), logger: parts.logger)
        try await latches.load()
        return latches
    }

    private func latchStore(_ parts: inout Parts) throws -> LatchStore {
        LatchStore(
            table: LatchTable(redis: try connect("latches", &parts), keys: keys),
            postgres: PostgresConnection(url: database, name: "\(parts.member)-latches", logger: parts.logger))
    }

    /// What closes everything; the worker that carries it out is the caller's to start.
    func convergence() async throws -> Convergence {
        var parts = try await parts("converge")
        let stage = Stage.work(partitioning)
        return Convergence(
            journal: AttemptJournal(redis: observer, keys: keys, stage: stage), accountLog: AccountLog(redis: observer, keys: keys, stage: stage),
            latches: try latchStore(&parts), stage: stage, logger: parts.logger)
    }

    /// What `vibe recover` does.
    func recovery() async throws -> Recovery {
        let logger = log.logger("recover")
        let config = ConfigStore(url: database, logger: logger)
        return Recovery(
            redis: observer, postgres: PostgresConnection(url: database, name: "recover", logger: logger), config: config, latches: latchDesk(),
            keys: keys, partitioning: partitioning)
    }

    /// The kill switch as a person sets it.
    func latch(_ scope: LatchScope, _ level: KillLevel, reason: String = "test") async throws {
        var parts = try await parts("operator")
        try await latchStore(&parts).set(scope, to: level, reason: reason, by: "operator")
        for connection in parts.connections { await connection.close() }
    }

    /// The same, as far as Redis can do it.
    @discardableResult
    func latchProvisionally(_ scope: LatchScope, _ level: KillLevel) async throws -> Latch {
        try await latchDesk().tightenProvisionally(
            scope, to: level, reason: "asked for \(level.rawValue)", by: "operator", at: WallClock.milliseconds)
    }

    /// The same, as the software does it.
    func tightenLatch(_ scope: LatchScope, _ level: KillLevel) async throws {
        try await latchDesk().tighten(scope, to: level, reason: "seen", by: "test")
    }

    /// What each process does every few seconds with what it knows to be provisional.
    func recordLatches(_ latches: [Latch]) async throws { try await latchDesk().record(latches) }

    /// What is latched: on record, and beside it.
    func latches() async throws -> (stored: [Latch], provisional: [Latch]) {
        let desk = latchDesk()
        return (try await desk.stored(), try await desk.published().provisional)
    }

    private func latchDesk() -> LatchStore {
        LatchStore(
            table: LatchTable(redis: observer, keys: keys), postgres: PostgresConnection(url: database, name: "desk", logger: log.logger("desk")))
    }

    /// How orders reach the exchange.
    enum Transport: Sendable, CaseIterable { case rest, webSocket }

    struct WorkSettings: Sendable {
        /// Where it reaches the exchange; `nil` directly.
        var url: String?
        var timeout = Duration.seconds(10)
        var transport = Transport.rest
        var laneLimit = 256
        var partitionLimit = Int.max
        /// Entries of a partition taken at a time.
        var pending = 2_048
        /// It ends after so long without the exchange; never when absent.
        var feedLostAfter: Duration?
        /// Entries that may wait for the audit trail before entries are not traded.
        var maximumAuditLag = Int64.max
        /// Zero lets every entry go before the exit that follows it.
        var coalesceAfter = Duration.zero
        /// Per cent of the book for all copies of a signal; zero limits none.
        var fanoutDepthShare = 0
        /// So long after a restart of Redis an order of before may arrive.
        var suspectWait = Duration.milliseconds(1_500)
        /// By subscriber; unlimited when absent.
        var rates: [String: TokenRate] = [:]
        /// Of an entry, for tokens.
        var maximumWait = Duration.seconds(60)
        /// Of every account.
        var accountRate = WorkSettings.unlimited
        var accounts = WorkStage.Configuration.Accounts()
        /// Closed whatever goes wrong, unless a test is about them.
        var breakers = {
            var limits = CircuitBreaker.Limits()
            limits.rejects = .max
            limits.rejectSample = .max
            limits.unknowns = .max
            limits.spreadBasisPoints = .max
            limits.oracleBasisPoints = .max
            return limits
        }()
        static let unlimited = TokenRate(period: 1, burst: 1_000_000)

        /// Accounts are looked after every moment instead of every half minute.
        static var attentive: WorkSettings {
            var settings = WorkSettings()
            settings.accounts.weightPerMinute = 1_000_000
            settings.accounts.readEvery = .milliseconds(300)
            settings.accounts.confirmAfter = .milliseconds(100)
            settings.accounts.leaderGrace = .milliseconds(300)
            settings.accounts.sweepEvery = .milliseconds(300)
            settings.accounts.latchEvery = .milliseconds(50)
            return settings
        }
    }

    @discardableResult
    func work(
        _ member: String = "work-1", _ settings: WorkSettings = WorkSettings(), wrap: (any StageHandler) -> any StageHandler = { $0 }
    ) async throws -> Role {
        var parts = try await parts(member)
        let config = parts.config
        let stage = Stage.work(partitioning)
        let client = client(settings.url, timeout: settings.timeout)
        let socket = settings.transport == .webSocket ? postSocket(settings, parts.logger) : nil
        let instruments = Instruments(client: client, logger: parts.logger)
        do { try await instruments.load() } catch {
            await client.shutdown()
            throw error
        }
        let leases = try leases(stage.name, stage.partitionNames, &parts)
        let wake = Wake()
        let latches = try await latches(&parts)
        let handler = WorkStage(
            config: config, client: client, transport: socket.map { FallbackTransport($0, else: client) } ?? client, instruments: instruments,
            journal: AttemptJournal(redis: try connect("attempts", &parts), keys: keys, stage: stage), leases: leases.table, keys: keys,
            stage: stage, partitioning: partitioning, auditLag: AuditLag(redis: try connect("lag", &parts), keys: keys),
            accountLog: AccountLog(redis: try connect("accounts", &parts), keys: keys, stage: stage), latches: latches, sealingKeys: SealingKeys(current: Self.sealingKey),
            configuration: .init(
                ordersPerAction: 16, actionsPerAccount: 2, maximumInFlight: 256, laneLimit: settings.laneLimit, partitionLimit: settings.partitionLimit,
                coalesceAfter: settings.coalesceAfter, expiryMargin: .seconds(2), maximumWait: settings.maximumWait,
                maximumAuditLag: settings.maximumAuditLag, fanoutDepthShare: settings.fanoutDepthShare, suspectWait: settings.suspectWait,
                rates: .init(
                    subscriber: { settings.rates[$0] ?? WorkSettings.unlimited }, account: { _ in settings.accountRate },
                    egress: ("default", WorkSettings.unlimited)),
                accounts: settings.accounts, breakers: settings.breakers),
            committing: wake, quotes: quotes, logger: parts.logger)
        let feed = try settings.feedLostAfter.map {
            FeedWatch(redis: try connect("feed", &parts), limit: $0, client: client, logger: parts.logger)
        }
        return try start(
            parts, stage, leases: leases, handler: wrap(handler), wake: wake, pending: settings.pending, feed: feed,
            // The socket ends only when it is cancelled.
            loops: [{ await config.run() }, { await latches.run() }, { await handler.run() }, { try? await socket?.run() }], cleanUp: { await client.shutdown() })
    }

    private func postSocket(_ settings: WorkSettings, _ logger: Logger) -> PostSocket {
        var configuration = PostSocket.Configuration()
        configuration.timeout = settings.timeout
        configuration.pauses.longest = .milliseconds(200)
        var limits = ConnectionBudget.Limits()
        limits.newConnectionsPerMinute = 10_000
        limits.messagesPerMinute = 1_000_000
        return PostSocket(
            endpoint: ExchangeEndpoint(base: settings.url ?? exchange.url, network: .testnet), configuration: configuration,
            budget: ConnectionBudget(limits: limits), logger: logger)
    }

    /// - Parameters:
    ///   - keep: how long acknowledged entries stay in the streams.
    ///   - suspension: how long a stream that contradicts what is stored is left alone.
    @discardableResult
    func audit(_ member: String = "audit-1", keep: Duration = .seconds(3_600), suspension: Duration = .seconds(30)) async throws -> Role {
        var parts = try await parts(member)
        let stage = Stage.audit(partitioning)
        let leases = try leases(stage.name, stage.partitionNames, &parts)
        let wake = Wake()
        let postgres = PostgresConnection(url: database, name: "audit", logger: parts.logger)
        let handler = AuditStage(
            writer: AuditWriter(postgres), trimmer: StreamTrimmer(redis: try connect("trim", &parts), keys: keys, keep: keep), keys: keys,
            stage: stage, leases: leases.table, configuration: .init(batch: 1_000, trimEvery: .milliseconds(100), suspension: suspension), committing: wake,
            lag: AuditLag(redis: try connect("lag", &parts), keys: keys), logger: parts.logger)
        return try start(
            parts, stage, leases: leases, handler: handler, wake: wake, deliveries: .max, loops: [{ await handler.run() }],
            cleanUp: { await postgres.close() })
    }

    /// - Parameters:
    ///   - users: places for own fills of this address.
    ///   - urls: where each socket reaches the exchange; directly when absent.
    ///   - latches: leaders are not judged without.
    ///   - change: of the ingestor's configuration, whose waits are short here.
    /// - Returns: the role, and its ingestor, for what tests hand it directly.
    @discardableResult
    func ingest(
        _ member: String = "ingest-1", users: Int = 100, sockets: Int = 2, urls: [String] = [], latches: (any LatchSetter)? = nil,
        gate: (any RequestGate)? = nil, change: (inout Ingestor.Configuration) -> Void = { _ in }
    ) async throws -> (role: Role, ingestor: Ingestor) {
        var parts = try await parts(member)
        let config = parts.config
        let client = client(gate: gate)
        let leases = try leases("ingest", (0..<partitioning.signals).map(twoDigits), &parts)
        let budget = connectionBudget(users: users)
        let logger = parts.logger
        let feeds = (0..<sockets).map { feed(urls.indices.contains($0) ? urls[$0] : exchange.url, budget, logger) }
        let source = "\(member)@\(WallClock.microseconds)"
        let recorder = FrameRecorder(
            connection: PostgresConnection(url: database, name: "frames", logger: parts.logger), source: source, configuration: .init(),
            logger: parts.logger)
        var configuration = Ingestor.Configuration(usersPerEgress: users, signals: SignalBuilder.Configuration(), equityEvery: .seconds(1))
        configuration.weightPerMinute = 1_000_000
        configuration.flightTime = .milliseconds(100)
        configuration.moveOverlap = .milliseconds(200)
        configuration.verifyEvery = .seconds(1)
        configuration.ownWait = .seconds(1)
        configuration.marketHold = .milliseconds(20)
        configuration.tiers.retryAfter = 500_000
        configuration.hygieneEvery = .seconds(1)
        change(&configuration)
        let ingestor = Ingestor(
            config: config, client: client, feeds: feeds,
            slots: UserSlots(
                redis: try connect("slots", &parts), keys: keys, egress: "default", holder: source, life: .seconds(30), limit: users),
            recorder: recorder, latches: latches, redis: try connect("signals", &parts), keys: keys, partitioning: partitioning,
            leases: leases, configuration: configuration, network: "testnet", now: { WallClock.microseconds }, logger: parts.logger)
        let role = Role(
            member: member, connections: parts.connections,
            run: {
                async let recording: Void = recorder.run()
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask { await ingestor.run(); return true }
                    group.addTask { await config.run(); return false }
                    while let isEnd = await group.next(), !isEnd {}
                    group.cancelAll()
                }
                // as the role does: what was received is kept before the end
                recorder.stop()
                await recording
            },
            stop: { await ingestor.stop() }, cleanUp: { await client.shutdown() })
        roles.withLock { $0.append(role) }
        return (role, ingestor)
    }

    private func connectionBudget(users: Int) -> ConnectionBudget {
        var limits = ConnectionBudget.Limits()
        limits.users = users
        limits.newConnectionsPerMinute = 1_000
        return ConnectionBudget(limits: limits)
    }

    private func feed(_ url: String, _ budget: ConnectionBudget, _ logger: Logger) -> ExchangeFeed {
        var configuration = ExchangeFeed.Configuration()
        configuration.pauses.longest = .seconds(1)
        return ExchangeFeed(
            endpoint: ExchangeEndpoint(base: url, network: .testnet), configuration: configuration, budget: budget, logger: logger)
    }

    /// Follows the markets; from the first one on every role of the fleet knows their quotes.
    /// - Parameter withDepth: their books' depth too.
    @discardableResult
    func watch(_ member: String = "market-1", withDepth: Bool = false) async throws -> Role {
        var parts = try await parts(member)
        let client = client()
        let budget = connectionBudget(users: 1)
        let watcher = MarketWatcher(
            client: client, feed: feed(exchange.url, budget, parts.logger), budget: budget,
            publisher: QuotePublisher(redis: try connect("quotes", &parts), keys: keys),
            leases: try leases(MarketWatcher.stage, MarketWatcher.partitions, &parts), reserved: { 0 },
            cursors: withDepth ? LeaderCursors(redis: try connect("cursors", &parts), keys: keys, partitioning: partitioning) : nil,
            logger: parts.logger)
        let role = Role(
            member: member, connections: parts.connections, run: { await watcher.run() }, stop: { await watcher.stop() },
            cleanUp: { await client.shutdown() })
        roles.withLock { roles in
            if !roles.contains(where: { $0.member == "quotes" }) {
                roles.append(Role(member: "quotes", connections: [], run: { [quotes] in await quotes.run() }, stop: {}, cleanUp: {}))
            }
            roles.append(role)
        }
        return role
    }

    /// Waits until every leader's fills are followed live by one of these.
    func live(_ ingestors: Ingestor...) async throws {
        try await eventually("all leaders are followed") {
            var followed: Set<String> = []
            for ingestor in ingestors { followed.formUnion(await ingestor.tracks.values.filter { $0.phase == .live }.map(\.address)) }
            return followed.isSuperset(of: self.cast.leaders.values)
        }
    }

    /// One of each, but ingest.
    func startFollowers(_ settings: WorkSettings = WorkSettings()) async throws {
        try await match()
        try await plan()
        try await work("work-1", settings)
        try await audit()
    }

    /// One of each but ingest, whose worker has closed by itself what the account held: the leader's close was lost on its way.
    func closeByItself(_ account: String) async throws {
        try await startFollowers(.attentive)
        let (role, ingestor) = try await ingest()
        try await live(ingestor)
        try await exchange.trade("leader", "BTC", .buy, "1")
        try await settled(signals: 1)
        await role.stop()
        try await loseClose(of: "leader", in: "BTC", at: Price(50_000))
        try await eventually("the worker closes by itself") { Truth(ledger: try exchange.ledger()).position(of: account, "BTC").isZero }
        try await settled(signals: 1)
    }

    /// As if a close of the leader's had been lost on its way: ingest, which is not running, knows of it, and no signal came.
    func loseClose(of leader: String, in coin: Coin, at price: Price) async throws {
        let moment = WallClock.milliseconds - 60_000
        var flat = LeaderCursor(positions: [:], at: moment)
        flat.marks[coin] = LeaderCursor.Mark(position: .zero, time: moment, price: price)
        var command = RedisCommand("HSET", keys.cursors(partitioning.signal(leader)), leader)
        command.append(flat.json.bytes())
        _ = try await observer.send(command).checked()
    }

    /// One of each, following.
    func startAll(_ settings: WorkSettings = WorkSettings()) async throws {
        try await startFollowers(settings)
        try await live(try await ingest().ingestor)
    }

    /// Waits until a process has read a version of the configuration.
    func knows(_ member: String, version: Int) async throws {
        try await eventually("\(member) knows version \(version)") {
            self.log.tail(.max).split(separator: "\n").contains { $0.contains(" \(member) ") && $0.hasSuffix("version=\(version)") }
        }
    }
}
