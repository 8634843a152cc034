/// Everything the environment decides, read once at start into one immutable value.
public struct Settings: Sendable {
    public let redis: Redis
    public let postgres: Postgres
    public let pipeline: Pipeline
    public let exchange: Exchange
    public let rates: RateLimits
    public let safety: Safety
    public let ingest: Ingest
    public let audit: Audit
    public let keys: Keys
    public let simulator: Simulator
    public let logging: Logging
    public let fleet: Fleet

    /// - Throws: every fault at once: malformed values, unknown `VIBE_` names, relations that do not hold.
    public init(environment: [String: String]) throws(SettingsFaults) {
        var reader = SettingsReader(environment: environment)
        redis = Redis(&reader)
        postgres = Postgres(&reader)
        pipeline = Pipeline(&reader)
        exchange = Exchange(&reader)
        rates = RateLimits(&reader)
        safety = Safety(&reader)
        ingest = Ingest(&reader)
        audit = Audit(&reader)
        keys = Keys(&reader)
        simulator = Simulator(&reader)
        logging = Logging(&reader)
        fleet = Fleet(&reader)
        checkRelations(&reader)
        try reader.finish()
    }

    /// Differs between processes whose effective rate tables differ; part of the heartbeat.
    public var settingsFingerprint: String { rates.fingerprint }

    private func checkRelations(_ reader: inout SettingsReader) {
        let p = pipeline
        reader.relation(
            p.doorbellBlock < redis.timeout, "DOORBELL_BLOCK", p.doorbellBlock, "less than", "REDIS_TIMEOUT", redis.timeout)
        reader.relation(redis.timeout < p.leaseTTL, "REDIS_TIMEOUT", redis.timeout, "less than", "LEASE_TTL", p.leaseTTL)
        reader.relation(
            p.heartbeatInterval * 2 < p.leaseTTL, "HEARTBEAT_INTERVAL", p.heartbeatInterval, "less than half of", "LEASE_TTL", p.leaseTTL)
        reader.relation(
            p.leaseMargin < p.leaseTTL - p.heartbeatInterval, "LEASE_MARGIN", p.leaseMargin,
            "less than VIBE_LEASE_TTL=\(p.leaseTTL.text) minus", "HEARTBEAT_INTERVAL", p.heartbeatInterval)
        reader.relation(
            p.leaseTTL < p.shutdownGrace, "LEASE_TTL", p.leaseTTL, "less than", "SHUTDOWN_GRACE", p.shutdownGrace)
        reader.relation(
            exchange.timeout < p.shutdownGrace, "EXCHANGE_TIMEOUT", exchange.timeout, "less than", "SHUTDOWN_GRACE", p.shutdownGrace)
        reader.relation(
            safety.breakerPause <= safety.breakerLongestPause, "BREAKER_PAUSE", safety.breakerPause, "at most", "BREAKER_LONGEST_PAUSE",
            safety.breakerLongestPause)
    }
}
