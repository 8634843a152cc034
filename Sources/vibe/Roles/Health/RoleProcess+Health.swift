import AuditTrail
import Health
import Hyperliquid
import Ingestion
import Pipeline
import Postgres
import RedisStreams
import Settings

/// What each role looks at for `/readyz`: its own path, not a copy of it where that can be.
extension RoleProcess {
    /// Entries taken and not committed for so long mean that nothing gets through.
    static let progressLimit = Duration.seconds(30)
    /// The exchange unheard for so long counts as away, or half of VIBE_FEED_LOST_AFTER when that is shorter.
    static let exchangeLimit = Duration.seconds(15)
    /// A transaction of the audit trail may fail for so long.
    static let trailLimit = Duration.seconds(5)
    /// For the statement that asks whether Postgres is there.
    static let probeTimeout = Duration.seconds(1)

    var exchangeLimit: Duration { min(Self.exchangeLimit, settings.safety.feedLostAfter / 2) }

    /// The longest that one call to a server may take, by its own limits; Redis' calls are made in pairs.
    var patience: Duration { settings.redis.timeout * 2 }

    /// - Parameter progressLimit: longer where entries may legitimately wait.
    func checks(of runner: StageRunner, progressLimit: Duration = Self.progressLimit) -> [HealthCheck] {
        let limit = settings.pipeline.doorbellBlock + settings.redis.timeout + Self.streamsMargin
        return checks(of: runner.leases) + [
            HealthCheck("streams") { await runner.currentStanding().streamsSample(limit: limit, at: .now) },
            HealthCheck("progress") { await runner.currentStanding().progressSample(limit: progressLimit, at: .now) },
        ]
    }

    func checks(of leases: PartitionLeases) -> [HealthCheck] {
        let (life, handOver) = (settings.pipeline.leaseTTL, settings.pipeline.leaseTTL + settings.pipeline.shutdownGrace)
        return [
            HealthCheck("redis") { await leases.currentStanding().redisSample("redis", limit: life, at: .now) },
            HealthCheck("leases") { await leases.currentStanding().leasesSample("leases", limit: handOver, at: .now) },
        ]
    }

    /// - Parameter failing: what it means for the role that Postgres is away.
    func postgresCheck(failing: HealthSample.State) -> HealthCheck {
        let connection = PostgresConnection(
            url: settings.postgres.revealedURL(), name: "vibe-\(member)-health", connectTimeout: Self.probeTimeout,
            answerTimeout: Self.probeTimeout, logger: logger)
        return HealthCheck("postgres") {
            do {
                _ = try await connection.query("SELECT 1")
                return HealthSample("postgres", .ok, age: .zero)
            } catch { return HealthSample("postgres", failing, detail: "\(error)") }
        }
    }

    func exchangeCheck(_ client: ExchangeClient, failing: HealthSample.State) -> HealthCheck {
        let limit = exchangeLimit
        return HealthCheck("exchange") {
            .lasting("exchange", client.unansweredSince.map { ContinuousClock.now - $0 }, limit: limit, failing: failing, detail: "since a request was last answered")
        }
    }

    func feedCheck(_ ingestor: Ingestor) -> HealthCheck {
        let limit = exchangeLimit
        return HealthCheck("feed") { await ingestor.currentFeed().sample(limit: limit, at: .now) }
    }

    static func trailCheck(_ stage: AuditStage) -> HealthCheck {
        HealthCheck("trail") {
            .lasting(
                "trail", await stage.unwrittenSince().map { ContinuousClock.now - $0 }, limit: Self.trailLimit,
                detail: "since transactions of the audit trail fail")
        }
    }

    /// A look of a busy event loop may come so late.
    private static let streamsMargin = Duration.seconds(1)
}
