import ArgumentParser
import ConfigStore
import CopyTrading
import Health
import Hyperliquid
import Ingestion
import Pipeline
import Postgres
import RawFrames
import RedisStreams
import Settings

struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Leaders' fills → signals. Start as many as you like: leaders are spread over them.",
        discussion: """
            Without options the fills come from the exchange's feed (VIBE_EXCHANGE_URL). With --source they come from a recording, whose \
            leaders are matched with influencers by id, shifted to now; the process ends when the recording does.

              vibe ingest
              vibe ingest --source Tests/Fixtures/leader_fills.json --speed 600
            """)

    @Option(help: "A recording of leaders' fills instead of the exchange's feed.") var source: String?
    @Option(help: "How many times faster than recorded, or max.") var speed = "1"

    func validate() throws {
        do { _ = try RecordedFeed.Speed(parsing: speed) } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        let recording = try source.map { try RecordedFeed(path: $0, speed: try RecordedFeed.Speed(parsing: speed)) }
        try await RoleProcess.main(.ingest) { process in
            let settings = process.settings
            let config = try await process.config()
            let leases = try process.leases("ingest", (0..<process.partitioning.signals).map(twoDigits))
            var configuration = Ingestor.Configuration(usersPerEgress: settings.ingest.usersPerEgress)
            configuration.verifyEvery = settings.ingest.verifyEvery
            configuration.ordersEvery = settings.ingest.ordersEvery
            configuration.marketHold = settings.ingest.marketHold
            configuration.historyLimit = settings.ingest.history
            configuration.weightPerMinute = settings.ingest.weight
            configuration.admission = Admission.Limits(backlog: Int64(settings.pipeline.admissionBacklog))
            // this start of the process: a successor of the same name is another one
            let source = "\(process.member)@\(WallClock.microseconds / 1_000)"
            let isLive = recording == nil
            let client = isLive ? try process.exchange() : nil
            let recorder = isLive ? Self.recorder(process, source) : nil
            let budget = process.connectionBudget(users: settings.ingest.usersPerEgress)
            let ingestor = Ingestor(
                config: config, client: client, feeds: isLive ? (0..<settings.ingest.sockets).map { _ in Self.feed(process, budget) } : [],
                slots: isLive
                    ? UserSlots(
                        redis: try process.redis("slots"), keys: process.keys, egress: settings.exchange.egress, holder: source,
                        life: Self.slotLife, limit: settings.ingest.usersPerEgress) : nil,
                recorder: recorder, latches: isLive ? try process.latchStore() : nil, redis: try process.redis("signals"), keys: process.keys,
                partitioning: process.partitioning, leases: leases, configuration: configuration, network: settings.exchange.network.rawValue,
                now: { WallClock.microseconds }, logger: process.logger)
            var watcher: MarketWatcher?
            if let client, settings.ingest.marketQuotes {
                watcher = MarketWatcher(
                    client: client, feed: Self.feed(process, budget), budget: budget,
                    publisher: QuotePublisher(redis: try process.redis("quotes"), keys: process.keys),
                    leases: try process.leases(MarketWatcher.stage, MarketWatcher.partitions), reserved: { await ingestor.wantedChannels },
                    cursors: settings.safety.fanoutDepthShare > 0
                        ? LeaderCursors(redis: try process.redis("cursors"), keys: process.keys, partitioning: process.partitioning) : nil,
                    logger: process.logger)
            }
            return IngestRole(
                ingestor: ingestor, watcher: watcher, config: config, recording: recording, recorder: recorder, client: client,
                feed: isLive
                    ? FeedWatch(redis: try process.redis("feed"), limit: settings.safety.feedLostAfter, logger: process.logger) {
                        await ingestor.disconnectedSince
                    } : nil,
                checks: process.checks(of: leases) + [process.postgresCheck(failing: .degraded)] + (isLive ? [process.feedCheck(ingestor)] : []))
        }
    }

    /// How long a place for a leader's own fills outlives a process that died with it.
    private static let slotLife = Duration.seconds(30)

    private static func feed(_ process: RoleProcess, _ budget: ConnectionBudget) -> ExchangeFeed {
        ExchangeFeed(endpoint: process.endpoint, budget: budget, logger: process.logger)
    }

    private static func recorder(_ process: RoleProcess, _ source: String) -> FrameRecorder {
        let settings = process.settings.ingest
        return FrameRecorder(
            connection: PostgresConnection(
                url: process.settings.postgres.revealedURL(), name: "vibe-\(process.member)-frames", answerTimeout: RoleProcess.statementTimeout,
                logger: process.logger),
            source: source,
            configuration: .init(
                keepsFrames: settings.rawFrames == .leaders, bufferedFrames: settings.rawBuffer, bufferedBytes: settings.rawBuffer << 10),
            logger: process.logger)
    }
}

private struct IngestRole: Role {
    let ingestor: Ingestor
    let watcher: MarketWatcher?
    let config: ConfigStore
    let recording: RecordedFeed?
    let recorder: FrameRecorder?
    let client: ExchangeClient?
    let feed: FeedWatch?
    let checks: [HealthCheck]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let recorder { group.addTask { await recorder.run() } }
            group.addTask {
                try await follow()
                // what was received is kept before the end
                recorder?.stop()
            }
            try await group.waitForAll()
        }
        await client?.shutdown()
    }

    private func follow() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { await ingestor.run(); return true }
            group.addTask { await config.run(); return false }
            if let watcher { group.addTask { await watcher.run(); return false } }
            if let recording {
                group.addTask { try await recording.play(into: ingestor); await ingestor.stop(); return true }
            }
            while let isEnd = try await group.next(), !isEnd {}
            group.cancelAll()
        }
    }

    func stop() async {
        await watcher?.stop()
        await ingestor.stop()
    }
}
