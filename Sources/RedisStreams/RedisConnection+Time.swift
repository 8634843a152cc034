import Redis

extension RedisConnection {
    /// The server's clock, which every process shares, milliseconds since 1970.
    public func serverMilliseconds() async throws(RedisError) -> Int64 {
        guard let time = try await send(RedisCommand("TIME")).checked().serverTime else { throw .unexpectedReply("TIME") }
        return time / 1_000
    }
}
