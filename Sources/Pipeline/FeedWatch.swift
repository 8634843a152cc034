import Hyperliquid
import Logging
import Redis

/// Tells when a process has lost the exchange for good, so that it ends and one elsewhere takes its accounts.
///
/// While Redis is away too it waits: it is not the exchange alone that is out of reach, and nothing could be handed over.
public actor FeedWatch {
    /// Looks in the time after which the feed counts as lost.
    private static let looks = 16

    private let redis: RedisConnection
    private let limit: Duration
    private let lostSince: @Sendable () async -> ContinuousClock.Instant?
    private let logger: Logger
    public private(set) var isLost = false

    /// - Parameters:
    ///   - redis: a connection of its own.
    ///   - limit: lost for so long is lost for good.
    ///   - lostSince: since when nothing has come from the exchange; `nil` while it is there.
    public init(redis: RedisConnection, limit: Duration, logger: Logger, lostSince: @escaping @Sendable () async -> ContinuousClock.Instant?) {
        precondition(limit > .zero)
        self.redis = redis
        self.limit = limit
        self.lostSince = lostSince
        self.logger = logger
    }

    /// By the answers to requests: it asks for the exchange's status at each look, so that an idle process knows too.
    public init(redis: RedisConnection, limit: Duration, client: ExchangeClient, logger: Logger) {
        self.init(redis: redis, limit: limit, logger: logger) {
            // a process that is not let ask ends, as if the exchange were gone
            do { _ = try await ReadUrgency.$current.withValue(.exit) { try await client.read(.exchangeStatus()) } } catch { logger.debug("exchange.unread", metadata: ["error": "\(error)"]) }
            return client.unansweredSince
        }
    }

    /// Returns when the feed is lost for good, or when cancelled.
    public func waitForLoss() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: limit / Self.looks)  // ends early only when cancelled
            guard let since = await lostSince(), !Task.isCancelled else { continue }
            let silence = ContinuousClock.now - since
            guard silence >= limit, await reachesRedis() else { continue }
            isLost = true
            logger.critical("feed.lost", metadata: ["for": "\(silence)", "limit": "\(limit)"])
            return
        }
    }

    private func reachesRedis() async -> Bool {
        do { _ = try await redis.send(RedisCommand("PING")).checked() } catch {
            logger.warning("feed.lost.redis", metadata: ["error": "\(error)"])
            return false
        }
        return true
    }
}
