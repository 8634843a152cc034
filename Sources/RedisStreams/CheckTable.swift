import Redis

/// When each leader was last compared with the exchange, and each account last read, for people: nothing is decided by it. One hash
/// a partition, written whole by the partition's owner.
public struct CheckTable: Sendable {
    public enum Kind: String, Sendable, CaseIterable { case leaders, accounts }

    /// How often an owner writes.
    public static let interval = Duration.seconds(5)
    /// Kept for so long after the last write: what nobody looks after any more is to be seen.
    static let life = Duration.seconds(7 * 86_400)
    /// Of what was not checked yet, instead of a time.
    private static let never = "-"

    private let redis: RedisConnection
    private let keys: Keys
    private let kind: Kind

    public init(redis: RedisConnection, keys: Keys, kind: Kind) {
        self.redis = redis
        self.keys = keys
        self.kind = kind
    }

    /// Stores all that the owner of the partition looks after, and nothing else. A later time of an earlier owner stays.
    /// - Parameter checks: name → when it was last checked, milliseconds since 1970; `nil`: not by this owner.
    public func write(_ checks: [String: Int64?], partition: Int) async throws(RedisError) {
        let key = keys.checks(kind, partition)
        let known = try await redis.hash(key)
        var commands = [RedisCommand("MULTI"), RedisCommand("DEL", key)]
        if !checks.isEmpty {
            var command = RedisCommand("HSET", key)
            for (name, time) in checks {
                command.append(name)
                command.append([time, known[name].flatMap(Self.time)].compactMap(\.self).max().map(String.init) ?? Self.never)
            }
            commands += [command, RedisCommand("EXPIRE", key, "\(Self.life.components.seconds)")]
        }
        commands.append(RedisCommand("EXEC"))
        for reply in try await redis.send(commands) { _ = try reply.checked() }
    }

    /// Of all partitions: name → when it was last checked, milliseconds since 1970; `nil`: never.
    public func read(_ partitioning: Partitioning) async throws(RedisError) -> [String: Int64?] {
        var checks: [String: Int64?] = [:]
        for partition in 0..<(kind == .leaders ? partitioning.signals : partitioning.accounts) {
            for (name, text) in try await redis.hash(keys.checks(kind, partition)) { checks[name] = .some(Self.time(text)) }
        }
        return checks
    }

    private static func time(_ text: [UInt8]) -> Int64? { Int64(String(decoding: text, as: UTF8.self)) }
}
