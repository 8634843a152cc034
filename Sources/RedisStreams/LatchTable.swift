import Redis

/// The kill switch's settings in Redis: scope → the newest record.
public struct LatchTable: Sendable {
    private let redis: RedisConnection
    private let key: String

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        key = keys.latches
    }

    /// Every record.
    public func records() async throws(RedisError) -> [[UInt8]] { Array(try await redis.hash(key).values) }

    /// Keeps `record` unless a newer one of the scope is there.
    /// - Parameter record: JSON with a member `id`, the number by which newer ones are told.
    public func publish(scope: String, id: Int64, record: [UInt8]) async throws(RedisError) {
        var command = RedisCommand(script: Script.latchLevel, keys: [key])
        command.append(scope)
        command.append(id)
        command.append(record)
        _ = try await redis.send(command).checked()
    }
}
