import Redis
import RedisStreams

/// How long the partitions of a process are without another owner, as Redis has it.
struct TakeOverWatch {
    private let redis: RedisConnection
    private let keys: [String]
    private let process: String

    private static let grain = Duration.milliseconds(5)

    /// - Parameter process: the owner now; what it holds is watched.
    init(_ site: ChaosSite, role: FleetRole, process: String) async throws {
        redis = site.redis
        self.process = process
        let partitioning = site.context.partitioning
        let names: [String] =
            switch role {
            case .ingest: (0..<partitioning.signals).map(twoDigits)
            case .match: Stage.match(partitioning).partitionNames
            case .plan: Stage.plan(partitioning).partitionNames
            case .work: Stage.work(partitioning).partitionNames
            case .audit: Stage.audit(partitioning).partitionNames
            }
        let all = names.map { site.context.keys.lease(role.rawValue, $0) }
        let owners = try await Self.owners(redis, all)
        keys = zip(all, owners).filter { $1 == process }.map(\.0)
    }

    var partitions: Int { keys.count }

    /// `nil` when it takes longer than the limit.
    func wait(since start: ContinuousClock.Instant, limit: Duration) async throws -> Duration? {
        while ContinuousClock.now - start < limit {
            let owners = try await Self.owners(redis, keys)
            if owners.allSatisfy({ $0 != process && $0 != nil }) { return ContinuousClock.now - start }
            try await Task.sleep(for: Self.grain)
        }
        return nil
    }

    /// Until the owner has let every one of them go, whether another has taken it or not.
    func waitForRelease(since start: ContinuousClock.Instant, limit: Duration) async throws -> Duration? {
        while ContinuousClock.now - start < limit {
            let leases = try await redis.send(keys.map { RedisCommand("HMGET", $0, "owner", "exp") })
            if leases.allSatisfy({ $0.array?.first?.text != process || $0.array?.last?.integer == 0 }) { return ContinuousClock.now - start }
            try await Task.sleep(for: Self.grain)
        }
        return nil
    }

    /// `nil` for one that was released and is not taken yet.
    private static func owners(_ redis: RedisConnection, _ keys: [String]) async throws -> [String?] {
        guard !keys.isEmpty else { return [] }
        return try await redis.send(keys.map { RedisCommand("HGET", $0, "owner") }).map(\.text)
    }
}
