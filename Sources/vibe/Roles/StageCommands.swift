import ArgumentParser
import AuditTrail
import ConfigStore
import CopyTrading
import Hyperliquid
import Pipeline
import Postgres
import Recovery
import RedisStreams
import Settings

struct MatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match", abstract: "Signal → one request per subscription. Start as many as you like.")

    func run() async throws {
        try await RoleProcess.main(.match) { process in
            let config = try await process.config()
            let stage = Stage.match(process.partitioning)
            let leases = try process.leases(stage.name, stage.partitionNames)
            let handler = MatchStage(config: config, partitioning: process.partitioning, recovered: try process.recovered(), logger: process.logger)
            // each signal taken holds the list of its followers
            let runner = try process.runner(stage, leases: leases, handler: handler, wake: Wake(), pending: 256)
            return StageRole(
                runner: runner, loops: [{ await config.run() }], checks: process.checks(of: runner) + [process.postgresCheck(failing: .degraded)])
        }
    }
}

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Request → sized and priced jobs, or the reason why not. Start as many as you like.")

    func run() async throws {
        try await RoleProcess.main(.plan) { process in
            let config = try await process.config()
            let stage = Stage.plan(process.partitioning)
            let client = try process.exchange()
            let instruments = Instruments(client: client, logger: process.logger)
            try await process.waitAtStart { try await instruments.load() }
            let leases = try process.leases(stage.name, stage.partitionNames)
            let latches = try await process.latches()
            let quotes = try process.quotes()
            let history = MarketHistory(
                config: config, client: client, instruments: instruments,
                cursors: LeaderCursors(redis: try process.redis("cursors"), keys: process.keys, partitioning: process.partitioning),
                logger: process.logger)
            let handler = PlanStage(
                config: config, instruments: instruments,
                journal: AttemptJournal(redis: try process.redis("state"), keys: process.keys, stage: stage), latches: latches, stage: stage,
                quotes: quotes, history: history, coalesceAfter: process.settings.pipeline.coalesceAfter, recovered: try process.recovered(),
                logger: process.logger)
            let runner = try process.runner(stage, leases: leases, handler: handler, wake: Wake(), pending: 1_024)
            return StageRole(
                runner: runner, loops: [{ await config.run() }, { await latches.run() }, { await quotes.run() }, { await history.run() }],
                client: client,
                checks: process.checks(of: runner) + [process.postgresCheck(failing: .degraded), process.exchangeCheck(client, failing: .degraded)])
        }
    }
}

struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Job → order at the exchange → result. Start as many as you like.")

    func run() async throws { try await RoleProcess.main(.work) { try await Self.role($0) } }

    static func role(_ process: RoleProcess) async throws -> StageRole {
        let settings = process.settings
        guard let sealed = settings.keys.sealingKey else {
            throw Failure(
                .configuration, "a worker needs the key that opens the subscribers' agent keys",
                nextStep: "set VIBE_SEALING_KEY_FILE, see env/keys.env")
        }
        let config = try await process.config()
        let sealingKeys = try SealingKeys(sealed, old: settings.keys.oldSealingKeys)
        try await config.check(sealingKeys)
        let stage = Stage.work(process.partitioning)
        let client = try process.exchange()
        let socket = process.postSocket()
        let instruments = Instruments(client: client, logger: process.logger)
        try await process.waitAtStart { try await instruments.load() }
        let leases = try process.leases(stage.name, stage.partitionNames)
        let quotes = try process.quotes(withDepth: settings.safety.fanoutDepthShare > 0)
        let wake = Wake()
        let latches = try await process.latches()
        let handler = WorkStage(
            config: config, client: client, transport: socket.map { FallbackTransport($0, else: client) } ?? client, instruments: instruments,
            journal: AttemptJournal(redis: try process.redis("attempts"), keys: process.keys, stage: stage), leases: leases.table,
            keys: process.keys, stage: stage, partitioning: process.partitioning,
            auditLag: AuditLag(redis: try process.redis("lag"), keys: process.keys),
            accountLog: AccountLog(redis: try process.redis("accounts"), keys: process.keys, stage: stage), latches: latches, sealingKeys: sealingKeys,
            configuration: .init(
                ordersPerAction: settings.pipeline.ordersPerAction, actionsPerAccount: 2,
                maximumInFlight: settings.pipeline.maximumInFlight, transportWidth: socket == nil ? settings.exchange.connections : .max,
                laneLimit: settings.pipeline.laneLimit,
                partitionLimit: Self.partitionLimit,
                coalesceAfter: settings.pipeline.coalesceAfter,
                expiryMargin: settings.exchange.expiresAfterMargin, entryMargin: settings.exchange.entryMargin,
                maximumWait: settings.rates.maximumWait, maximumAuditLag: Int64(settings.audit.maximumLag),
                fanoutDepthShare: settings.safety.fanoutDepthShare,
                suspectWait: settings.pipeline.leaseTTL + settings.exchange.timeout,
                rates: Self.rates(settings.rates, egress: settings.exchange.egress), accounts: Self.accounts(settings.safety),
                breakers: Self.breakers(settings.safety)),
            committing: wake, quotes: quotes, logger: process.logger)
        // a take-over must be able to sign whatever has become of Postgres by then
        await handler.openKeys()
        let runner = try process.runner(stage, leases: leases, handler: handler, wake: wake, pending: Self.pending)
        var loops: [@Sendable () async -> Void] = [
            { await config.run() }, { await latches.run() }, { await quotes.run() }, { await handler.run() },
        ]
        if let socket {
            loops.append {
                do { try await socket.run() } catch is CancellationError {} catch {
                    process.logger.critical("post_socket.ended", metadata: ["error": "\(error)"])
                }
            }
        }
        let checks = process.checks(of: runner, progressLimit: Self.longestWait + RoleProcess.progressLimit)
        return StageRole(
            runner: runner, loops: loops, client: client, feed: try process.feedWatch(client),
            checks: checks + [process.postgresCheck(failing: .degraded), process.exchangeCheck(client, failing: .failed)])
    }

    /// For tokens, or for a price until it expires.
    private static let longestWait = Duration.seconds(60)
    /// Entries of a partition taken at a time, and orders of it that may wait: between the two there is always room to read on, so that an
    /// exit behind a backlog of entries is read as fast as these are answered, not as fast as they are traded.
    private static let pending = 8_192
    private static let partitionLimit = 6_144

    private static func accounts(_ settings: Settings.Safety) -> WorkStage.Configuration.Accounts {
        var accounts = WorkStage.Configuration.Accounts()
        accounts.weightPerMinute = settings.accountWeight
        accounts.readEvery = settings.accountEvery
        accounts.confirmAfter = settings.confirmAfter
        accounts.leaderGrace = settings.leaderGrace
        accounts.sweepEvery = settings.sweepEvery
        accounts.agentEvery = settings.agentCheckEvery
        accounts.agentNotice = settings.agentExpiryNotice
        accounts.agentMargin = settings.agentExpiryMargin
        return accounts
    }

    private static func breakers(_ settings: Settings.Safety) -> CircuitBreaker.Limits {
        var limits = CircuitBreaker.Limits()
        limits.window = settings.breakerWindow.milliseconds
        limits.pause = settings.breakerPause.milliseconds
        limits.longestPause = settings.breakerLongestPause.milliseconds
        limits.rejects = settings.breakerRejects
        limits.rejectPercent = settings.breakerRejectShare
        limits.unknowns = settings.breakerUnknowns
        limits.acknowledgement = settings.breakerAcknowledgement.milliseconds
        limits.leaderTrades = settings.breakerLeaderTrades == 0 ? Int.max : settings.breakerLeaderTrades
        return limits
    }

    /// - Parameter egress: the name of our address: all processes behind it share its bucket.
    private static func rates(_ limits: RateLimits, egress: String) -> WorkStage.Configuration.Rates {
        return WorkStage.Configuration.Rates(
            subscriber: { TokenRate(limits.effective(for: .subscriber($0))) }, account: { TokenRate(limits.effective(for: .account($0))) },
            egress: (egress, TokenRate(limits.effective(for: .egress(egress)))))
    }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Every stream → Postgres, committed before it is acknowledged; trims what all have read; keeps checkpoints.")

    func run() async throws {
        try await RoleProcess.main(.audit) { process in
            let settings = process.settings
            let stage = Stage.audit(process.partitioning)
            let leases = try process.leases(stage.name, stage.partitionNames)
            let wake = Wake()
            let postgres = PostgresConnection(
                url: settings.postgres.revealedURL(), name: "vibe-\(process.member)", answerTimeout: RoleProcess.statementTimeout, logger: process.logger)
            let handler = AuditStage(
                writer: AuditWriter(postgres),
                trimmer: StreamTrimmer(redis: try process.redis("trim"), keys: process.keys, keep: settings.pipeline.streamKeep),
                keys: process.keys, stage: stage, leases: leases.table,
                configuration: .init(batch: settings.audit.batch, trimEvery: settings.pipeline.trimInterval), committing: wake,
                lag: AuditLag(redis: try process.redis("lag"), keys: process.keys), logger: process.logger)
            let checkpoints = CheckpointKeeper(
                redis: try process.redis("checkpoints"),
                postgres: PostgresConnection(
                    url: settings.postgres.revealedURL(), name: "vibe-\(process.member)-checkpoints", answerTimeout: Self.checkpointTimeout,
                    logger: process.logger),
                keys: process.keys, partitioning: process.partitioning, logger: process.logger)
            // nothing is kept from the trail, however often it was delivered: while Postgres is away every restart is a delivery
            let runner = try process.runner(stage, leases: leases, handler: handler, wake: wake, pending: settings.audit.batch, deliveries: .max, linger: settings.audit.linger)
            return StageRole(
                runner: runner,
                loops: [
                    { await handler.run() },
                    {
                        await checkpoints.run(every: settings.audit.checkpointEvery) { leases.table.isHeld(0, at: .now) }
                    },
                ],
                checks: process.checks(of: runner) + [process.postgresCheck(failing: .failed), RoleProcess.trailCheck(handler)])
        }
    }

    /// Of Postgres: the first checkpoint looks for each leader's last signal in all of the trail.
    private static let checkpointTimeout = Duration.seconds(600)
}

extension TokenRate {
    init(_ limit: RateLimit) { self.init(period: limit.interval, burst: limit.burst) }
}
