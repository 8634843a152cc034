import CopyTrading
import Redis

/// Writes what is known of the markets for every process of the cell (``QuoteReader``). For the holder of the lease of stage `market`
/// alone; a field that is not written again goes stale by its own time.
public struct QuotePublisher: Sendable {
    /// Changes are to be collected for so long, so that a busy market costs little more than a quiet one.
    public static let interval = Duration.milliseconds(50)
    /// The same for books' depth, which is larger and changes every few seconds.
    public static let depthInterval = Duration.seconds(1)

    private let redis: RedisConnection
    private let keys: Keys

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        self.keys = keys
    }

    /// All in one command.
    public func publish(_ quotes: [Coin: MarketQuote]) async throws(RedisError) {
        try await write(keys.quotes, quotes.mapValues(\.text))
    }

    /// All in one command.
    public func publish(_ depths: [Coin: MarketDepth]) async throws(RedisError) {
        try await write(keys.depth, depths.mapValues(\.text))
    }

    private func write(_ key: String, _ texts: [Coin: String]) async throws(RedisError) {
        guard !texts.isEmpty else { return }
        var command = RedisCommand("HSET", key)
        for (coin, text) in texts {
            command.append(coin.text)
            command.append(text)
        }
        _ = try await redis.send(command).checked()
    }
}
