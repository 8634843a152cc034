import Redis

/// How many entries of a cell wait for the audit trail, over all streams: given out minus acknowledged by the audit group.
public struct AuditLag: Sendable {
    private let redis: RedisConnection
    private let keys: Keys

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        self.keys = keys
    }

    public func read() async throws(RedisError) -> Int64 {
        let added = try await redis.hash(keys.sequence)
        let acknowledged = try await redis.hash(keys.acknowledged)
        func sum(_ values: some Sequence<[UInt8]>) -> Int64 { values.reduce(0) { $0 + (Int64(String(decoding: $1, as: UTF8.self)) ?? 0) } }
        return sum(added.values) - sum(acknowledged.filter { $0.key.hasSuffix("|\(Group.audit)") }.values)
    }
}
