import ArgumentParser
import ConfigStore
import CopyTrading
import Hyperliquid
import Ingestion
import Pipeline
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

    func run() async throws {
        let recording = try source.map { try RecordedFeed(path: $0, speed: try RecordedFeed.Speed(parsing: speed)) }
        try await RoleProcess.main(.ingest) { process in
            let settings = process.settings
            let config = try await process.config()
            let leases = try process.leases("ingest", (0..<process.partitioning.signals).map(twoDigits))
            var signals = SignalBuilder.Configuration()
            signals.debounce = settings.ingest.debounce.microseconds
            signals.maximumHold = settings.ingest.maximumHold.microseconds
            let client = recording == nil ? process.exchange() : nil
            let ingestor = Ingestor(
                config: config, client: client,
                feed: recording == nil
                    ? ExchangeFeed(
                        endpoint: process.endpoint, budget: process.connectionBudget(users: settings.ingest.usersPerEgress),
                        logger: process.logger) : nil,
                redis: try process.redis("signals"), keys: process.keys, partitioning: process.partitioning, leases: leases,
                configuration: .init(usersPerEgress: settings.ingest.usersPerEgress, signals: signals),
                network: settings.exchange.network.rawValue, now: { WallClock.microseconds }, logger: process.logger)
            return IngestRole(ingestor: ingestor, config: config, recording: recording, client: client)
        }
    }
}

private struct IngestRole: Role {
    let ingestor: Ingestor
    let config: ConfigStore
    let recording: RecordedFeed?
    let client: ExchangeClient?

    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { await ingestor.run(); return true }
            group.addTask { await config.run(); return false }
            if let recording {
                group.addTask { try await recording.play(into: ingestor); await ingestor.stop(); return true }
            }
            while let isEnd = try await group.next(), !isEnd {}
            group.cancelAll()
        }
        await client?.shutdown()
    }

    func stop() async { await ingestor.stop() }
}
