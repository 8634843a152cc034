import CopyTrading
import Logging
import Redis
import Synchronization

/// The markets' quotes in memory, answered without waiting, for those who plan and send orders.
///
/// What it owes others: no quote is older than the greatest age, whatever happens to the exchange, the publisher or Redis. Its size is
/// bounded by the exchange's markets.
public final class QuoteReader: Sendable {
    public static let interval = Duration.milliseconds(100)

    private let redis: RedisConnection
    private let key: String
    private let maximumAge: Int64
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let known = Mutex<[Coin: MarketQuote]>([:])

    /// - Parameters:
    ///   - redis: a connection for this alone.
    ///   - maximumAge: of a quote, since the exchange was heard.
    ///   - now: milliseconds since 1970.
    public init(redis: RedisConnection, keys: Keys, maximumAge: Duration, now: @escaping @Sendable () -> Int64, logger: Logger) {
        self.redis = redis
        key = keys.quotes
        self.maximumAge = maximumAge.milliseconds
        self.now = now
        self.logger = logger
    }

    /// `nil` when nothing is known, or nothing recent. One that is ahead of this machine's clock by more than the age is as little worth.
    public func quote(_ coin: Coin) -> MarketQuote? {
        guard let quote = known.withLock({ $0[coin] }), abs(now() - quote.heardAt) <= maximumAge else { return nil }
        return quote
    }

    /// Reads until cancelled.
    public func run() async {
        var texts: [String: [UInt8]] = [:]
        var isAway = false
        while !Task.isCancelled {
            do {
                let read = try await redis.hash(key)
                take(read, after: texts)
                texts = read
                isAway = false
            } catch {
                if !isAway { logger.warning("quotes.unread", metadata: ["error": "\(error)"]) }
                isAway = true
            }
            try? await Task.sleep(for: Self.interval)  // ends early only when cancelled
        }
    }

    private func take(_ read: [String: [UInt8]], after before: [String: [UInt8]]) {
        var changed: [Coin: MarketQuote?] = [:]
        for (name, bytes) in read where before[name] != bytes {
            do { changed[Coin(name)] = .some(try MarketQuote(text: String(decoding: bytes, as: UTF8.self))) } catch {
                logger.error("quote.malformed", metadata: ["coin": "\(name)", "error": "\(error)"])
                changed[Coin(name)] = .some(nil)
            }
        }
        for name in before.keys where read[name] == nil { changed[Coin(name)] = .some(nil) }
        guard !changed.isEmpty else { return }
        known.withLock { known in
            for (coin, quote) in changed { known[coin] = quote }
        }
    }
}
