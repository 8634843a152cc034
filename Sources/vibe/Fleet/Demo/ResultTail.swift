import CopyTrading
import JSON
import Redis
import RedisStreams

/// Follows the result streams as they grow, without a consumer group: it holds nothing back and misses nothing, as long as it looks
/// more often than acknowledged entries are kept.
struct ResultTail: Sendable {
    static let page = 500

    private let redis: RedisConnection
    private let streams: [String]
    private var last: [String]

    private(set) var written = LatencySummary()
    private(set) var acknowledged = LatencySummary()
    private(set) var outcomes: [Outcome: Int] = [:]
    /// Results that could not be read.
    private(set) var unreadable = 0

    var executed: Int { outcomes.reduce(0) { $0 + ($1.key.isExecuted ? $1.value : 0) } }
    var skipped: Int { outcomes.reduce(0) { $0 + ($1.key.isExecuted ? 0 : $1.value) } }

    /// Begins after what the streams hold now.
    static func fromNow(_ redis: RedisConnection, _ keys: Keys, _ partitioning: Partitioning) async throws -> ResultTail {
        let streams = (0..<partitioning.accounts).map { keys.stream(StreamPartition(.results, $0)) }
        let replies = try await redis.send(streams.map { RedisCommand("XREVRANGE", $0, "+", "-", "COUNT", "1") })
        return ResultTail(redis: redis, streams: streams, last: replies.map { $0.array?.first?.array?.first?.text ?? "0-0" })
    }

    private init(redis: RedisConnection, streams: [String], last: [String]) {
        self.redis = redis
        self.streams = streams
        self.last = last
    }

    /// Reads everything that was added since the last call.
    mutating func advance() async throws {
        while true {
            let reply = try await redis.send(RedisCommand(["XREAD", "COUNT", "\(Self.page)", "STREAMS"] + streams + last))
            guard let found = try reply.checked().array, !found.isEmpty else { return }
            var isFull = false
            for stream in found {
                guard let parts = stream.array, parts.count == 2, let name = parts[0].text, let entries = parts[1].array,
                    let index = streams.firstIndex(of: name)
                else { throw RedisError.unexpectedReply("XREAD") }
                for entry in entries { add(entry) }
                if let id = entries.last?.array?.first?.text { last[index] = id }
                isFull = isFull || entries.count == Self.page
            }
            guard isFull else { return }
        }
    }

    private mutating func add(_ entry: RedisValue) {
        guard let parts = entry.array, parts.count == 2, let data = parts[1].pairs["data"]?.bytes, let json = try? JSON.parse(data),
            let result = try? ExecutionResult(json: json)
        else {
            unreadable += 1
            return
        }
        outcomes[result.outcome, default: 0] += 1
        guard result.times.sent > 0 else { return }
        written.record(microseconds: result.times.sent - result.times.received)
        if result.times.acknowledged > 0 { acknowledged.record(microseconds: result.times.acknowledged - result.times.received) }
    }
}
