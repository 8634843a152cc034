import Redis
import RedisStreams

/// How many entries a cell's streams were ever given and each group has ever acknowledged, as of one moment: two hashes that the scripts
/// keep, so that looking costs the run nothing.
struct StreamCounters: Sendable {
    /// Redis time, microseconds since 1970.
    let time: Int64
    private let added: [Stream: Int64]
    private let acknowledged: [String: Int64]

    static func read(_ redis: RedisConnection, _ keys: Keys) async throws -> StreamCounters {
        let replies = try await redis.snapshot([
            RedisCommand("TIME"), RedisCommand("HGETALL", keys.sequence), RedisCommand("HGETALL", keys.acknowledged),
        ])
        guard let time = replies[0].serverTime else { throw RedisError.unexpectedReply("TIME") }
        var added: [Stream: Int64] = [:]
        for (name, value) in replies[1].pairs {
            if let stream = Stream(rawValue: String(name.prefix { $0 != ":" })) { added[stream, default: 0] += value.integer ?? 0 }
        }
        var acknowledged: [String: Int64] = [:]
        for (name, value) in replies[2].pairs {
            guard let bar = name.lastIndex(of: "|") else { continue }
            acknowledged[String(name[name.index(after: bar)...]), default: 0] += value.integer ?? 0
        }
        return StreamCounters(time: time, added: added, acknowledged: acknowledged)
    }

    func added(_ stream: Stream) -> Int64 { added[stream] ?? 0 }
    var entries: Int64 { added.values.reduce(0, +) }
    /// Rows that Postgres has: what the audit trail acknowledged it had committed.
    var audited: Int64 { acknowledged[Group.audit] ?? 0 }

    /// Entries that a stage has still to finish.
    func backlog(_ role: FleetRole) -> Int64 {
        switch role {
        case .ingest: 0
        case .match: added(.signals) - (acknowledged[Group.matcher] ?? 0)
        case .plan: added(.requests) - (acknowledged[Group.planner] ?? 0)
        case .work: added(.jobs) - (acknowledged[Group.worker] ?? 0)
        case .audit: entries - audited
        }
    }

    var isDrained: Bool { FleetRole.allCases.allSatisfy { backlog($0) == 0 } }
}
