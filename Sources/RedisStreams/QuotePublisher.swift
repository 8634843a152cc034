import CopyTrading
import Redis

/// Writes what is known of the markets for every process of the cell (``QuoteReader``). For the holder of the lease of stage `market`
/// alone; a field that is not written again goes stale by its own time.
public struct QuotePublisher: Sendable {
    /// Changes are to be collected for so long, so that a busy market costs little more than a quiet one.
    public static let interval = Duration.milliseconds(50)

    private let redis: RedisConnection
    private let key: String

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        key = keys.quotes
    }

    /// All in one command.
    public func publish(_ quotes: [Coin: MarketQuote]) async throws(RedisError) {
        guard !quotes.isEmpty else { return }
        var command = RedisCommand("HSET", key)
        for (coin, quote) in quotes {
            command.append(coin.text)
            command.append(quote.text)
        }
        _ = try await redis.send(command).checked()
    }
}
