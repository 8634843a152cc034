import Redis

/// Creates a cell's streams with their groups, and looks whether the server may carry money at all.
public enum Provisioning {
    public enum Fault: Error, CustomStringConvertible {
        /// Each says what is wrong and what to set.
        case unfit([String])
        /// Streams that had entries and are gone, or a group of theirs that had acknowledged some.
        case lost([String])
        /// Streams that are not there, or lack a group, and that this user may not create.
        case forbidden([String])

        public var description: String {
            switch self {
            case .unfit(let faults): "this Redis must not carry orders:\n" + faults.map { "  - " + $0 }.joined(separator: "\n")
            case .lost(let streams):
                "streams, or groups of theirs, are missing that had entries: \(streams.joined(separator: ", ")). Redis lost data; nothing was started. "
                    + "`vibe recover --yes` rebuilds the cell from Postgres."
            case .forbidden(let streams):
                "streams are missing: \(streams.joined(separator: ", ")), and this Redis user may not create them. Before the first start, "
                    + "run `vibe provision` as one that may (deploy/redis); later it says whether Redis has lost data."
            }
        }
    }

    /// Refuses a server that would lose or evict what it acknowledged.
    /// - Throws: ``Fault/unfit(_:)``; ``RedisError/unavailable(_:)`` while it is loading its data, when it does not tell the truth about itself
    ///   yet (Redis 7.0 says that its append-only file is off).
    public static func check(_ redis: RedisConnection) async throws {
        let reply = try await redis.send([
            RedisCommand("INFO", "server"), RedisCommand("INFO", "persistence"), RedisCommand("INFO", "memory"),
        ])
        let info = try reply.map { try $0.checked().text ?? "" }.joined(separator: "\n")
        func value(_ name: String) -> String {
            for line in info.split(whereSeparator: \.isNewline) where line.hasPrefix(name + ":") { return String(line.dropFirst(name.count + 1)) }
            return ""
        }
        guard value("loading") != "1" else { throw RedisError.unavailable("it is still loading its data") }
        var faults: [String] = []
        let version = value("redis_version")
        if (Int(version.prefix { $0 != "." }) ?? 0) < 7 { faults.append("version \(version) is older than 7.0") }
        if value("aof_enabled") != "1" { faults.append("the append-only file is off: set `appendonly yes`") }
        if value("maxmemory_policy") != "noeviction" {
            faults.append("it evicts (\(value("maxmemory_policy"))): set `maxmemory-policy noeviction`")
        }
        if value("aof_last_write_status") == "err" { faults.append("its last write to the append-only file failed: look at its log and its disk") }
        guard faults.isEmpty else { throw Fault.unfit(faults) }
    }

    /// Idempotent; every role calls it at its start. Where nothing is missing it only reads, which every role may.
    /// - Returns: the partitions that were missing or lacked a group.
    @discardableResult
    public static func provision(_ redis: RedisConnection, keys: Keys, partitioning: Partitioning) async throws -> [StreamPartition] {
        let partitions = try await lacking(redis, keys, partitioning)
        let replies = try await redis.send(
            partitions.map { partition in
                var command = RedisCommand(script: Script.provisionStream, keys: [keys.stream(partition), keys.sequence, keys.acknowledged])
                command.append(partition.name)
                for group in partition.stream.groups { command.append(group) }
                return command
            })
        guard !replies.contains(where: isRefusal) else { throw Fault.forbidden(partitions.map(\.name)) }
        var lost: [String] = []
        for (partition, reply) in zip(partitions, replies) where try reply.checked().text == "LOST" { lost.append(partition.name) }
        guard lost.isEmpty else { throw Fault.lost(lost) }
        return partitions
    }

    /// Of the script, or of a command inside it, which Redis 7.0 words differently.
    private static func isRefusal(_ reply: RedisValue) -> Bool {
        reply.error.map { $0.hasPrefix("NOPERM") || $0.contains("The user executing the script can't") } ?? false
    }

    private static func lacking(_ redis: RedisConnection, _ keys: Keys, _ partitioning: Partitioning) async throws -> [StreamPartition] {
        let partitions = partitioning.all
        let replies = try await redis.send(partitions.map { RedisCommand("XINFO", "GROUPS", keys.stream($0)) })
        return zip(partitions, replies).filter { partition, reply in
            // of each group a flat list: name, <name>, consumers, …; an error when there is no such stream
            let groups = Set((reply.array ?? []).compactMap { $0.array?.dropFirst().first?.text })
            return !groups.isSuperset(of: partition.stream.groups)
        }.map(\.0)
    }
}

/// Drops what every group has acknowledged.
public struct StreamTrimmer: Sendable {
    private let redis: RedisConnection
    private let keys: Keys
    private let keep: Duration

    /// - Parameter keep: how long acknowledged entries stay for operators to look at.
    public init(redis: RedisConnection, keys: Keys, keep: Duration) {
        self.redis = redis
        self.keys = keys
        self.keep = keep
    }

    /// Entries dropped from each partition. A dead letter is dropped by no one but an operator.
    public func trim(_ partitions: [StreamPartition]) async throws(RedisError) -> [StreamPartition: Int] {
        let partitions = partitions.filter { $0.stream != .deadLetters }
        let replies = try await redis.send(
            partitions.map { partition in
                var command = RedisCommand(script: Script.trimStream, keys: [keys.stream(partition)])
                command.append(keep.milliseconds)
                for group in partition.stream.groups { command.append(group) }
                return command
            })
        var dropped: [StreamPartition: Int] = [:]
        for (partition, reply) in zip(partitions, replies) { dropped[partition] = Int(try reply.checked().array?.first?.integer ?? 0) }
        return dropped
    }
}
