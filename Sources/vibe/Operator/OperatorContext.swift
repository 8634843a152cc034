import Foundation
import Hyperliquid
import Logging
import Postgres
import Redis
import RedisStreams
import Settings

/// What an operator's command works with: the settings of the fleet it is about, and connections made from them.
struct OperatorContext: Sendable {
    let settings: Settings
    let keys: Keys
    let partitioning: Partitioning
    let logger: Logger

    /// - Parameter keys: of the cell that the settings name when absent.
    init(settings: Settings, keys: Keys? = nil, logger: Logger) {
        self.settings = settings
        self.logger = logger
        self.keys = keys ?? Keys(cell: settings.pipeline.cell)
        partitioning = Partitioning(signals: settings.pipeline.signalPartitions, accounts: settings.pipeline.accountPartitions)
    }

    /// Reads the environment; where it names no Redis, the file that a running `vibe up` wrote fills in what is missing.
    static func load() throws -> OperatorContext {
        OperatorContext(settings: try environmentSettings(), logger: CommandLogger.make("operator"))
    }

    static func environmentSettings() throws(SettingsFaults) -> Settings {
        let environment = ProcessInfo.processInfo.environment
        guard environment["VIBE_REDIS_URL"] == nil else { return try Settings(environment: environment) }
        let file = RunDirectory(environment["VIBE_RUN_DIRECTORY"] ?? ".run").environmentFile
        let running = EnvironmentFile.read(file) ?? [:]
        return try Settings(environment: environment.merging(running) { given, _ in given })
    }

    /// - Parameter timeout: VIBE_REDIS_TIMEOUT when absent.
    func redis(_ name: String, timeout: Duration? = nil) throws -> RedisConnection {
        do {
            return RedisConnection(endpoint: try RedisEndpoint(settings.redis), timeout: timeout ?? settings.redis.timeout, name: "vibe-\(name)", logger: logger)
        } catch { throw Failure(.configuration, "VIBE_REDIS_URL: \(error)", nextStep: "see env/redis.env") }
    }

    /// A client of the exchange for as long as the body runs, whatever ends it.
    func withExchange<T>(_ body: (ExchangeClient) async throws -> T) async throws -> T {
        let client = ExchangeClient(endpoint: ExchangeEndpoint(settings.exchange), timeout: settings.exchange.timeout, maximumConnections: 1)
        let outcome: Result<T, any Error>
        do { outcome = .success(try await body(client)) } catch { outcome = .failure(error) }
        await client.shutdown()
        return try outcome.get()
    }

    /// For a statement that looks at all of a large table.
    static let scanTimeout = Duration.seconds(600)

    func postgres(_ name: String, answerTimeout: Duration = .seconds(60)) -> PostgresConnection {
        PostgresConnection(url: settings.postgres.revealedURL(), name: "vibe-\(name)", answerTimeout: answerTimeout, logger: logger)
    }
}

/// Loggers of commands that people read: warnings and worse, on standard error.
enum CommandLogger {
    static func make(_ label: String) -> Logger {
        var logger = Logger(label: "vibe.\(label)", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .error
        return logger
    }
}

extension OperatorContext {
    /// Leaders whose base ingest has read and stored. What the others trade now is history to it.
    func leadersBegun(_ redis: RedisConnection) async throws -> Int {
        let replies = try await redis.send((0..<partitioning.signals).map { RedisCommand("HLEN", keys.cursors($0)) })
        return try replies.reduce(0) { $0 + Int(try $1.checked().integer ?? 0) }
    }
}
