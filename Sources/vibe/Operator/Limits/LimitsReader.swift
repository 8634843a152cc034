import Redis
import RedisStreams
import Settings

/// A bucket of one kind and id with its state.
struct LimitRow: Sendable {
    let bucket: RateLimits.Bucket
    let isException: Bool
    let state: BucketState

    var kind: String {
        switch bucket {
        case .subscriber: "subscriber"
        case .account: "account"
        case .egress: "egress"
        }
    }

    var id: String {
        switch bucket {
        case .subscriber(let id), .account(let id), .egress(let id): id
        }
    }
}

/// Reads buckets' states from Redis.
struct LimitsReader: Sendable {
    let redis: RedisConnection
    let keys: Keys
    let rates: RateLimits

    /// Buckets that have been used lately: those Redis has a key of, since a full bucket has none.
    func used() async throws -> [RateLimits.Bucket] {
        let prefix = keys.key("tokens:")
        return try await redis.keys(matching: prefix + "*").compactMap { key in
            let parts = key.dropFirst(prefix.count).split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            return switch parts[0] {
            case "subscriber": .subscriber(parts[1])
            case "account": .account(parts[1])
            case "egress": .egress(parts[1])
            default: nil
            }
        }
    }

    func rows(_ buckets: [RateLimits.Bucket]) async throws -> [LimitRow] {
        let replies = try await redis.send(
            [RedisCommand("TIME")] + buckets.map { bucket in
                switch bucket {
                case .subscriber(let id): RedisCommand("GET", keys.tokens("subscriber", id))
                case .account(let id): RedisCommand("GET", keys.tokens("account", id))
                case .egress(let id): RedisCommand("GET", keys.tokens("egress", id))
                }
            })
        guard let now = replies[0].serverTime else { throw RedisError.unexpectedReply("TIME") }
        return zip(buckets, replies.dropFirst()).map { bucket, reply in
            LimitRow(
                bucket: bucket, isException: rates.isException(bucket),
                state: BucketState(limit: rates.effective(for: bucket), arrival: reply.integer ?? 0, now: now))
        }
    }
}
