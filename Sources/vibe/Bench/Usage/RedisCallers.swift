import Redis
import RedisStreams

/// Whose calls take the server's time: a short sample from its slow log, which knows each call's connection by name.
struct RedisCallers: Sendable {
    struct Caller: Sendable {
        /// `work/commands`: stage and connection.
        let name: String
        let calls: Int64
        /// By the server's own clock.
        let microseconds: Int64
    }

    /// Most time first.
    let callers: [Caller]
    /// How long the sample took.
    let duration: Int64
    /// Results that were published meanwhile, at least 1.
    let executions: Int64

    /// Shorter calls are left out: the commands inside of scripts are in the slow log as well, and nearly all of them are.
    private static let threshold = 15
    private static let length = 20_000

    /// Logs every call for a while, which costs the server some time: not for the measured window.
    static func sample(_ redis: RedisConnection, _ keys: Keys, for duration: Duration) async throws -> RedisCallers {
        let before = try await StreamCounters.read(redis, keys)
        try await configure(redis, threshold: threshold, length: length)
        // An interruption ends the run, and with it this server.
        try await Task.sleep(for: duration)
        try await configure(redis, threshold: 10_000, length: length)
        let after = try await StreamCounters.read(redis, keys)
        let log = try await redis.send(RedisCommand("SLOWLOG", "GET", "-1")).checked().array ?? []
        try await configure(redis, threshold: 10_000, length: 128)
        return RedisCallers(
            callers: try callers(log), duration: max(1, after.time - before.time),
            executions: max(1, after.added(.results) - before.added(.results)))
    }

    private static func configure(_ redis: RedisConnection, threshold: Int, length: Int) async throws {
        let command = RedisCommand("CONFIG", "SET", "slowlog-log-slower-than", "\(threshold)", "slowlog-max-len", "\(length)")
        _ = try await redis.send(command).checked()
    }

    private static func callers(_ log: [RedisValue]) throws(RedisError) -> [Caller] {
        var found: [String: (calls: Int64, microseconds: Int64)] = [:]
        for entry in log {
            // id, time, microseconds, arguments, address, name; what a script calls has no name
            guard let parts = entry.array, parts.count >= 6, let microseconds = parts[2].integer, let connection = parts[5].text else {
                throw .unexpectedReply("SLOWLOG GET")
            }
            let words = connection.split(separator: "/")
            guard words.count == 2 else { continue }
            let name = BenchWindow.stage(String(words[0])) + "/" + words[1]
            found[name, default: (0, 0)].calls += 1
            found[name, default: (0, 0)].microseconds += microseconds
        }
        return found.map { Caller(name: $0.key, calls: $0.value.calls, microseconds: $0.value.microseconds) }
            .sorted { ($1.microseconds, $0.name) < ($0.microseconds, $1.name) }
    }
}
