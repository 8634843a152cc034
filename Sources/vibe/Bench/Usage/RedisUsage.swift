import Redis

/// What a Redis server has done so far: its own counters.
struct RedisUsage: Sendable {
    struct Calls: Sendable {
        var count: Int64 = 0
        /// Time in the server, I/O excluded.
        var microseconds: Int64 = 0
    }

    private let calls: [String: Calls]
    let aofBytes: Int64
    let usedMemory: Int64

    /// What scripts call. The server counts it twice, by itself and within EVALSHA.
    private static let calledByScripts: Set<String> = [
        "exists", "expire", "get", "hdel", "hexists", "hget", "hincrby", "hmget", "hset", "sadd", "set", "time", "xack", "xadd", "xclaim",
        "xgroup|create", "xinfo|groups", "xinfo|stream", "xpending", "xreadgroup", "xtrim", "zadd", "zrange", "zremrangebyscore",
    ]

    static func read(_ redis: RedisConnection) async throws -> RedisUsage {
        let replies = try await redis.send([
            RedisCommand("INFO", "commandstats"), RedisCommand("INFO", "persistence"), RedisCommand("INFO", "memory"),
        ])
        var calls: [String: Calls] = [:]
        var figures: [String: Int64] = [:]
        for line in try replies.map({ try $0.checked().text ?? "" }).joined(separator: "\r\n").split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            if parts[0].hasPrefix("cmdstat_") {
                // calls=12,usec=345,usec_per_call=28.75,…
                let values = parts[1].split(separator: ",").prefix(2).compactMap { Int64($0.drop { $0 != "=" }.dropFirst()) }
                if values.count == 2 { calls[String(parts[0].dropFirst(8))] = Calls(count: values[0], microseconds: values[1]) }
            } else if let value = Int64(parts[1]) {
                figures[String(parts[0])] = value
            }
        }
        return RedisUsage(calls: calls, aofBytes: figures["aof_current_size"] ?? 0, usedMemory: figures["used_memory"] ?? 0)
    }

    /// What was done since an earlier moment.
    func since(_ earlier: RedisUsage) -> RedisUsage {
        let difference = calls.map { name, now in
            let before = earlier.calls[name] ?? Calls()
            return (name, Calls(count: now.count - before.count, microseconds: now.microseconds - before.microseconds))
        }
        return RedisUsage(
            calls: Dictionary(uniqueKeysWithValues: difference), aofBytes: aofBytes - earlier.aofBytes, usedMemory: usedMemory)
    }

    /// Calls of scripts, with all that happens inside.
    var scripts: Calls { calls["evalsha"] ?? Calls() }

    /// Everything that clients sent, each once.
    var total: Calls {
        calls.filter { !Self.calledByScripts.contains($0.key) }.values
            .reduce(into: Calls()) { $0.count += $1.count; $0.microseconds += $1.microseconds }
    }

    /// Where scripts spend their time, most first: their commands by name, and `lua` for the rest.
    var inScripts: [(name: String, calls: Calls)] {
        let inside = calls.filter { Self.calledByScripts.contains($0.key) && $0.value.count > 0 }
        let rest = scripts.microseconds - inside.values.reduce(0) { $0 + $1.microseconds }
        return (inside.map { ($0.key, $0.value) } + [("lua", Calls(count: scripts.count, microseconds: max(0, rest)))])
            .sorted { $0.1.microseconds > $1.1.microseconds }
    }
}
