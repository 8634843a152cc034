import CopyTrading
import Logging
import Redis
import Synchronization

/// The markets' quotes in memory, answered without waiting, for those who plan and send orders; and their books' depth for those who want it.
///
/// What it owes others: no quote is older than the greatest age, whatever happens to the exchange, the publisher or Redis. Its size is
/// bounded by the exchange's markets.
public final class QuoteReader: Sendable {
    public static let interval = Duration.milliseconds(100)
    public static let depthInterval = Duration.milliseconds(500)

    private let redis: RedisConnection
    private let keys: Keys
    private let maximumAge: Int64
    private let readsDepth: Bool
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let known = Mutex<[Coin: MarketQuote]>([:])
    private let depths = Mutex<[Coin: MarketDepth]>([:])

    /// - Parameters:
    ///   - redis: a connection for this alone.
    ///   - maximumAge: of a quote, since the exchange was heard.
    ///   - readsDepth: without, no depth is known.
    ///   - now: milliseconds since 1970.
    public init(
        redis: RedisConnection, keys: Keys, maximumAge: Duration, readsDepth: Bool = false, now: @escaping @Sendable () -> Int64, logger: Logger
    ) {
        self.redis = redis
        self.keys = keys
        self.maximumAge = maximumAge.milliseconds
        self.readsDepth = readsDepth
        self.now = now
        self.logger = logger
    }

    /// `nil` when nothing is known, or nothing recent. One that is ahead of this machine's clock by more than the age is as little worth.
    public func quote(_ coin: Coin) -> MarketQuote? {
        guard let quote = known.withLock({ $0[coin] }), abs(now() - quote.heardAt) <= maximumAge else { return nil }
        return quote
    }

    /// `nil` as for a quote. A book stays what it is until the next is due, and grows old from then on.
    public func depth(_ coin: Coin) -> MarketDepth? {
        guard let depth = depths.withLock({ $0[coin] }), abs(now() - depth.heardAt) <= maximumAge + MarketDepth.period else { return nil }
        return depth
    }

    /// Reads until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.follow(self.keys.quotes, every: Self.interval, MarketQuote.init(text:)) { changed in
                    self.known.withLock { known in for (coin, quote) in changed { known[coin] = quote } }
                }
            }
            guard readsDepth else { return }
            group.addTask {
                await self.follow(self.keys.depth, every: Self.depthInterval, MarketDepth.init(text:)) { changed in
                    self.depths.withLock { depths in for (coin, depth) in changed { depths[coin] = depth } }
                }
            }
        }
    }

    /// - Parameter take: what has changed; `nil` for what is gone, or cannot be read.
    private func follow<Value: Sendable>(
        _ key: String, every interval: Duration, _ parse: @Sendable (String) throws(MoneyError) -> Value,
        _ take: @Sendable ([Coin: Value?]) -> Void
    ) async {
        var texts: [String: [UInt8]] = [:]
        var isAway = false
        while !Task.isCancelled {
            do {
                let read = try await redis.hash(key)
                take(changed(read, after: texts, parse))
                texts = read
                isAway = false
            } catch {
                if !isAway { logger.warning("quotes.unread", metadata: ["key": "\(key)", "error": "\(error)"]) }
                isAway = true
            }
            try? await Task.sleep(for: interval)  // ends early only when cancelled
        }
    }

    private func changed<Value>(
        _ read: [String: [UInt8]], after before: [String: [UInt8]], _ parse: (String) throws(MoneyError) -> Value
    ) -> [Coin: Value?] {
        var changed: [Coin: Value?] = [:]
        for (name, bytes) in read where before[name] != bytes {
            do { changed[Coin(name)] = .some(try parse(String(decoding: bytes, as: UTF8.self))) } catch {
                logger.error("quote.malformed", metadata: ["coin": "\(name)", "error": "\(error)"])
                changed[Coin(name)] = .some(nil)
            }
        }
        for name in before.keys where read[name] == nil { changed[Coin(name)] = .some(nil) }
        return changed
    }
}
