import Redis

/// How far every leader was read, with its positions, as ingest stores it.
public struct LeaderCursors: Sendable {
    private let redis: RedisConnection
    private let keys: Keys
    private let partitioning: Partitioning

    public init(redis: RedisConnection, keys: Keys, partitioning: Partitioning) {
        self.redis = redis
        self.keys = keys
        self.partitioning = partitioning
    }

    /// Of one leader; `nil` when there is none.
    public func cursor(of influencer: String) async throws(RedisError) -> [UInt8]? {
        try await redis.send(RedisCommand("HGET", keys.cursors(partitioning.signal(influencer)), influencer)).checked().bytes
    }

    /// Every record.
    public func all() async throws(RedisError) -> [[UInt8]] {
        var records: [[UInt8]] = []
        for partition in 0..<partitioning.signals { records += try await redis.hash(keys.cursors(partition)).values }
        return records
    }
}
