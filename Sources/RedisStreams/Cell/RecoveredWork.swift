import Redis

/// What a recovery found on record of work that is delivered again: it must not be emitted a second time, and a decision that was made must
/// not be made otherwise. Written once, by the recovery, while no process works; empty in a cell that never lost its Redis.
public struct RecoveredWork: Sendable {
    /// Of one partition of requests.
    public struct Decisions: Sendable {
        /// Jobs, or legs that ended without one, by job id.
        public var legs: Set<String> = []
        /// Request → what it was decided on.
        public var records: [String: [UInt8]] = [:]
        /// Request → what else is known of it.
        public var undecided: [String: [UInt8]] = [:]

        public init() {}
    }

    /// Kept as long as a source is deduplicated.
    public static let life = SignalPublisher.memory

    private let redis: RedisConnection
    private let keys: Keys

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        self.keys = keys
    }

    /// Ids of requests.
    public func requests() async throws(RedisError) -> Set<String> { try await members(keys.recoveredRequests) }

    public func decisions(_ partition: Int) async throws(RedisError) -> Decisions {
        var decisions = Decisions()
        decisions.legs = try await members(keys.recoveredLegs(partition))
        decisions.records = try await redis.hash(keys.recoveredDecisions(partition))
        decisions.undecided = try await redis.hash(keys.recoveredUndecided(partition))
        return decisions
    }

    private func members(_ key: String) async throws(RedisError) -> Set<String> {
        Set((try await redis.send(RedisCommand("SMEMBERS", key)).checked().array ?? []).compactMap(\.text))
    }
}
