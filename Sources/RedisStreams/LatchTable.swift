import Redis

/// The kill switch's settings in Redis: scope → the newest record; and, beside them, those that are not on record in Postgres yet.
public struct LatchTable: Sendable {
    private let redis: RedisConnection
    private let key: String

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        key = keys.latches
    }

    /// What a provisional scope begins with; no scope does.
    private static let mark = "provisional:"

    /// Milliseconds since 1970.
    public func now() async throws(RedisError) -> Int64 { try await redis.serverMilliseconds() }

    /// Every record.
    public func records() async throws(RedisError) -> (settled: [[UInt8]], provisional: [[UInt8]]) {
        let all = try await redis.hash(key)
        return (all.filter { !$0.key.hasPrefix(Self.mark) }.map(\.value), all.filter { $0.key.hasPrefix(Self.mark) }.map(\.value))
    }

    /// Keeps `record` unless a newer one of the scope is there.
    /// - Parameter record: JSON with a member `id`, the number by which newer ones are told.
    public func publish(scope: String, id: Int64, record: [UInt8]) async throws(RedisError) {
        var command = RedisCommand(script: Script.latchLevel, keys: [key])
        command.append(scope)
        command.append(id)
        command.append(record)
        _ = try await redis.send(command).checked()
    }

    /// Keeps `record` as provisional unless one as strict is there.
    /// - Parameter record: JSON with a member `level`.
    public func publishProvisionally(scope: String, level: Int, record: [UInt8]) async throws(RedisError) {
        var command = RedisCommand(script: Script.latchProvisionally, keys: [key])
        command.append(Self.mark + scope)
        command.append(level)
        command.append(record)
        _ = try await redis.send(command).checked()
    }

    /// Removes exactly this provisional record.
    public func settle(scope: String, record: [UInt8]) async throws(RedisError) {
        var command = RedisCommand(script: Script.settleLatch, keys: [key])
        command.append(Self.mark + scope)
        command.append(record)
        _ = try await redis.send(command).checked()
    }
}
