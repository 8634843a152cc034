import Redis
import RedisStreams

/// All streams of a cell with their groups, as of one moment.
struct StreamPicture: Sendable {
    struct Consumer: Sendable {
        var name: String
        var pending: Int
    }

    struct Group: Sendable {
        var name: String
        var delivered: String
        var pending: Int
        /// Pending entries that are still in the stream.
        var pendingPresent: Int
        /// In the stream and not yet delivered.
        var undelivered: Int
        /// Entries ever acknowledged, as the scripts counted them.
        var acknowledged: Int
        var consumers: [Consumer]
    }

    struct Stream: Sendable {
        var partition: StreamPartition
        var exists: Bool
        /// Entries ever added, as the scripts counted them.
        var added: Int
        var length: Int
        var last: String
        var first: String?
        /// The audit number of the first entry; `nil` when there is no entry, or one without.
        var firstSeq: Int?
        var groups: [Group]
    }

    var streams: [Stream]
    /// Hashes that must be empty at rest, with how many fields they have.
    var leftovers: [(key: String, fields: Int)]

    /// Nothing is on its way in any stream.
    var isSettled: Bool { streams.allSatisfy { stream in stream.groups.allSatisfy { $0.pending == 0 && $0.delivered == stream.last } } }

    /// More of them pending are not looked at one by one.
    private static let mostPending = 10_000

    static func read(_ redis: RedisConnection, _ keys: Keys, _ partitioning: Partitioning) async throws -> StreamPicture {
        let hashes = (0..<partitioning.accounts).map { keys.attempts($0) } + (0..<partitioning.signals).map { keys.fanout($0) }
        var commands = [RedisCommand("HGETALL", keys.sequence), RedisCommand("HGETALL", keys.acknowledged)] + hashes.map { RedisCommand("HLEN", $0) }
        for partition in partitioning.all {
            let key = keys.stream(partition)
            commands += [RedisCommand("XINFO", "STREAM", key), RedisCommand("XINFO", "GROUPS", key)]
            for group in partition.stream.groups {
                commands.append(RedisCommand("XPENDING", key, group, "-", "+", "\(mostPending)"))
                commands.append(RedisCommand("XINFO", "CONSUMERS", key, group))
            }
        }
        var replies = try await redis.snapshot(commands)[...]
        let added = replies.removeFirst().pairs
        let acknowledged = replies.removeFirst().pairs
        var picture = StreamPicture(streams: [], leftovers: [])
        for hash in hashes { picture.leftovers.append((hash, Int(try replies.removeFirst().checked().integer ?? 0))) }
        for partition in partitioning.all {
            let stream = replies.removeFirst(), groups = replies.removeFirst()
            let details = partition.stream.groups.map { ($0, replies.removeFirst(), replies.removeFirst()) }
            let facts = stream.pairs
            let first = facts["first-entry"]?.array
            var found = Stream(
                partition: partition, exists: stream.error == nil, added: Int(added[partition.name]?.integer ?? 0),
                length: Int(facts["length"]?.integer ?? 0), last: facts["last-generated-id"]?.text ?? "0-0", first: first?.first?.text,
                firstSeq: first?.last?.pairs["seq"]?.integer.map { Int($0) }, groups: [])
            for group in (groups.array ?? []).map(\.pairs) {
                guard let name = group["name"]?.text, let detail = details.first(where: { $0.0 == name }) else { continue }
                let pending = (detail.1.array ?? []).compactMap { $0.array?.first?.text }
                let present = found.first.map { first in pending.count { EntryID.order($0) >= EntryID.order(first) } } ?? 0
                found.groups.append(
                    Group(
                        name: name, delivered: group["last-delivered-id"]?.text ?? "0-0", pending: Int(group["pending"]?.integer ?? 0),
                        pendingPresent: present, undelivered: 0,
                        acknowledged: Int(acknowledged[partition.counter(of: name)]?.integer ?? 0),
                        consumers: (detail.2.array ?? []).map(\.pairs).map {
                            Consumer(name: $0["name"]?.text ?? "?", pending: Int($0["pending"]?.integer ?? 0))
                        }))
            }
            picture.streams.append(found)
        }
        try await picture.countUndelivered(redis, keys)
        return picture
    }

    /// Only where there are any, which at rest is nowhere.
    private mutating func countUndelivered(_ redis: RedisConnection, _ keys: Keys) async throws {
        for (stream, found) in streams.enumerated() {
            for (group, state) in found.groups.enumerated() where state.delivered != found.last && found.length > 0 {
                let command = RedisCommand("XRANGE", keys.stream(found.partition), "(" + state.delivered, found.last)
                streams[stream].groups[group].undelivered = try await redis.send(command).checked().array?.count ?? 0
            }
        }
    }
}

extension EntryID {
    /// Ids compare by their two numbers.
    static func order(_ id: String) -> (Int64, Int64) {
        let parts = id.split(separator: "-")
        return (parts.first.flatMap { Int64($0) } ?? 0, parts.count > 1 ? Int64(parts[1]) ?? 0 : 0)
    }
}
