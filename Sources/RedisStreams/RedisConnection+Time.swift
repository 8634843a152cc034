import Redis

extension RedisConnection {
    /// The server's clock, which every process shares, milliseconds since 1970.
    public func serverMilliseconds() async throws(RedisError) -> Int64 {
        guard let time = try await send(RedisCommand("TIME")).checked().serverTime else { throw .unexpectedReply("TIME") }
        return time / 1_000
    }

    /// The moment before which what was acknowledged may have been lost with Redis: in Redis time, milliseconds, 0 when nothing was; and by the
    /// process' own monotonic clock, as the other one may be wrong.
    public func suspicion(_ keys: Keys) async throws(RedisError) -> (at: Int64, since: ContinuousClock.Instant) {
        let replies = try await send([RedisCommand("HGET", keys.cellRecord, "suspect_ms"), RedisCommand("TIME")])
        guard let time = try replies[1].checked().serverTime else { throw .unexpectedReply("TIME") }
        let moment = try replies[0].checked().text.flatMap { Int64($0) } ?? 0
        return (moment, .now - .milliseconds(max(0, time / 1_000 - moment)))
    }
}
