import Redis

/// Tells when a partition has something new, without taking it: a non-mutating `XREAD BLOCK`. Fetching stays with the fenced scripts.
public actor Doorbell {
    private let redis: RedisConnection
    private let block: Duration

    /// - Parameters:
    ///   - redis: a connection for this alone, with a time-out longer than `block`.
    ///   - block: the longest wait; also the longest a lost ring goes unnoticed.
    public init(redis: RedisConnection, block: Duration) {
        self.redis = redis
        self.block = block
    }

    /// Waits until one of `streams` holds an entry after the id given for it; returns the streams that do, none after `block`.
    ///
    /// When it had to wait, Redis answers for the first of them alone: ``look(_:)`` finds the others.
    public func listen(_ streams: [(key: String, after: String)]) async throws(RedisError) -> Set<String> {
        try await read(["BLOCK", "\(block.milliseconds)"], streams)
    }

    /// Those of `streams` that hold an entry after the id given for them, without waiting.
    public func look(_ streams: [(key: String, after: String)]) async throws(RedisError) -> Set<String> {
        streams.isEmpty ? [] : try await read([], streams)
    }

    private func read(_ options: [String], _ streams: [(key: String, after: String)]) async throws(RedisError) -> Set<String> {
        let reply = try await redis.send(RedisCommand(["XREAD", "COUNT", "1"] + options + ["STREAMS"] + streams.map(\.key) + streams.map(\.after)))
        guard let rung = try reply.checked().array else { return [] }
        return Set(rung.compactMap { $0.array?.first?.text })
    }
}
