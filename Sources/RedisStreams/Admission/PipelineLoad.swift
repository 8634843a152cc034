import Redis

/// How much the pipeline has before it, and how full its Redis is.
public struct PipelineLoad: Sendable, Equatable {
    /// Signals, requests and jobs that are not done, in sum.
    public var backlog: Int64
    /// Bytes; a maximum of 0 is none.
    public var usedMemory: Int64
    public var maximumMemory: Int64

    public init(backlog: Int64, usedMemory: Int64 = 0, maximumMemory: Int64 = 0) {
        self.backlog = backlog
        self.usedMemory = usedMemory
        self.maximumMemory = maximumMemory
    }

    /// 0 without a maximum.
    public var memoryPercent: Int64 { maximumMemory > 0 ? usedMemory / max(1, maximumMemory / 100) : 0 }

    /// From the scripts' own counters, in one round trip. What was added by hand is not counted.
    public static func read(_ redis: RedisConnection, _ keys: Keys) async throws(RedisError) -> PipelineLoad {
        let replies = try await redis.send([
            RedisCommand("HGETALL", keys.sequence), RedisCommand("HGETALL", keys.acknowledged), RedisCommand("INFO", "memory"),
        ])
        let added = try sum(replies[0]) { name in stages.contains { name.hasPrefix("\($0.stream.rawValue):") } }
        let done = try sum(replies[1]) { name in stages.contains { name.hasPrefix("\($0.stream.rawValue):") && name.hasSuffix("|\($0.group)") } }
        var memory: [Substring: Int64] = [:]
        for line in (try replies[2].checked().text ?? "").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, let value = Int64(parts[1]) { memory[parts[0]] = value }
        }
        return PipelineLoad(
            backlog: max(0, added - done), usedMemory: memory["used_memory"] ?? 0, maximumMemory: memory["maxmemory"] ?? 0)
    }

    /// What a signal goes through, and whose group tells that it is done.
    static let stages: [(stream: Stream, group: String)] = [
        (.signals, Group.matcher), (.requests, Group.planner), (.jobs, Group.worker),
    ]

    private static func sum(_ reply: RedisValue, _ isCounted: (String) -> Bool) throws(RedisError) -> Int64 {
        let flat = try reply.checked().array ?? []
        var sum: Int64 = 0
        for index in stride(from: 0, to: flat.count - 1, by: 2) where isCounted(flat[index].text ?? "") { sum += flat[index + 1].integer ?? 0 }
        return sum
    }
}
