import Redis

/// A rate: so many tokens a period, and how many may be taken at once.
///
/// Kept by the generic cell rate algorithm: a bucket is one number, its theoretical arrival time, so that limits change without migration.
public struct TokenRate: Sendable, Hashable {
    /// Microseconds in which one token comes back, rounded up.
    public let period: Int64
    /// How far ahead of now the bucket may be booked, microseconds: `period × burst`.
    public let depth: Int64

    public init(period: Int64, burst: Int64) {
        precondition(period > 0 && burst > 0)
        self.period = period
        depth = period * burst
    }

    /// Tokens of a full bucket.
    public var burst: Int { Int(depth / period) }
}

/// One bucket shared by every process that knows its key: for requests that are no orders. Orders take their tokens with their journal,
/// see ``AttemptJournal``.
public struct TokenBucket: Sendable {
    /// Largest penalty a bucket may carry, microseconds.
    public static let maximumPenalty: Int64 = 60_000_000

    public enum Answer: Sendable, Equatable {
        case taken
        /// After so many microseconds there will be enough.
        case wait(microseconds: Int64)
        /// More than the bucket ever holds.
        case never
    }

    private let redis: RedisConnection
    private let key: String
    public let rate: TokenRate

    public init(redis: RedisConnection, key: String, rate: TokenRate) {
        self.redis = redis
        self.key = key
        self.rate = rate
    }

    /// - Parameter spare: tokens that must stay, for what is more urgent.
    public func take(_ tokens: Int, leaving spare: Int = 0) async throws(RedisError) -> Answer {
        guard let wait = try await redis.send(command(tokens, spare: spare, isSpent: false)).checked().integer else {
            throw .unexpectedReply("take-tokens")
        }
        switch wait {
        case 0: return .taken
        case -1: return .never
        default: return .wait(microseconds: wait)
        }
    }

    /// Takes what was spent already, whatever is left: it is made up for by whoever comes next.
    public func spend(_ tokens: Int) async throws(RedisError) {
        _ = try await redis.send(command(tokens, spare: 0, isSpent: true)).checked()
    }

    /// Closes the bucket: the exchange said "too many requests".
    public func penalise(for wait: Duration) async throws(RedisError) {
        var command = RedisCommand(script: Script.penaliseBucket, keys: [key])
        command.append(rate.depth)
        command.append(min(wait.microseconds, Self.maximumPenalty))
        _ = try await redis.send(command).checked()
    }

    private func command(_ tokens: Int, spare: Int, isSpent: Bool) -> RedisCommand {
        var command = RedisCommand(script: Script.takeTokens, keys: [key])
        command.append(rate.period)
        command.append(rate.depth)
        command.append(Self.maximumPenalty)
        command.append(tokens)
        command.append(spare)
        command.append(isSpent ? 1 : 0)
        return command
    }
}
