import Redis

/// Writes a halted cell's keys anew. Only for the one process that recovers it: nothing here looks at leases, as none is granted.
public struct CellRebuild: Sendable {
    /// Entries, fields or members of one command: bounds the time that one holds Redis.
    static let page = 200

    private let redis: RedisConnection
    private let keys: Keys

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        self.keys = keys
    }

    /// Deletes all that was known of the cell, but its own record, the kill switch, rate limits, places at the exchange and live members.
    /// - Returns: how many keys.
    public func wipe() async throws(RedisError) -> Int {
        let kept = ["cell", "latches", "quotes"].map(keys.key)
        let prefixes = ["tokens:", "users:", "members:"].map(keys.key)
        // braces would be taken for themselves by MATCH; brackets and stars do not occur in a cell's name
        let pattern = keys.key("*")
        var cursor = "0"
        var wiped = 0
        repeat {
            guard let reply = try await redis.send(RedisCommand("SCAN", cursor, "MATCH", pattern, "COUNT", "1000")).checked().array, reply.count == 2,
                let next = reply[0].text, let found = reply[1].array?.compactMap(\.text)
            else { throw .unexpectedReply("SCAN") }
            cursor = next
            let doomed = found.filter { key in !kept.contains(key) && !prefixes.contains { key.hasPrefix($0) } }
            if !doomed.isEmpty { wiped += Int(try await redis.send(RedisCommand(["UNLINK"] + doomed)).checked().integer ?? 0) }
        } while cursor != "0"
        return wiped
    }

    /// One entry of a stream as it was, its number among its fields.
    public struct Entry: Sendable {
        public var id: String
        public var fields: [(name: [UInt8], value: [UInt8])]

        public init(id: String, fields: [(name: [UInt8], value: [UInt8])]) {
            self.id = id
            self.fields = fields
        }
    }

    /// Makes a stream with its groups: as if all that is on record had been in it, of which only `again` is still there and not
    /// acknowledged by its stage.
    /// - Parameters:
    ///   - last: id of the last entry on record, `0-0` when there is none, and its number.
    ///   - again: by rising id.
    public func restore(_ partition: StreamPartition, last: (id: String, number: Int64), again: [Entry]) async throws(RedisError) {
        let groups = partition.stream.groups.filter { $0 != Group.audit }
        var start = 0
        repeat {
            let page = again[start..<min(start + Self.page, again.count)]
            start += Self.page
            var command = RedisCommand(script: Script.restoreStream, keys: [keys.stream(partition), keys.sequence, keys.acknowledged])
            command.append(partition.name)
            command.append(last.id)
            command.append(last.number)
            command.append(Group.audit)
            command.append(start >= again.count ? "1" : "0")
            command.append(groups.count)
            for group in groups {
                command.append(group)
                command.append(last.number - Int64(again.count))
            }
            command.append(page.count)
            for entry in page {
                command.append(entry.id)
                command.append(entry.fields.count * 2)
                for (name, value) in entry.fields {
                    command.append(name)
                    command.append(value)
                }
            }
            _ = try await redis.send(command).checked()
        } while start < again.count
    }

    /// Adds entries that are on record nowhere, with the numbers after `number`.
    /// - Returns: their ids.
    public func add(_ emissions: [Emission], after number: Int64) async throws(RedisError) -> [String] {
        var ids: [String] = []
        for (offset, emission) in emissions.enumerated() {
            let seq = String(number + Int64(offset) + 1)
            var command = RedisCommand("XADD", keys.stream(emission.partition), "NOMKSTREAM", "*", "seq", seq)
            for (name, value) in emission.fields {
                command.append(name)
                command.append(value)
            }
            let calls = [RedisCommand("MULTI"), command, RedisCommand("HSET", keys.sequence, emission.partition.name, seq), RedisCommand("EXEC")]
            let replies = try await redis.send(calls)
            for reply in replies { _ = try reply.checked() }
            guard let id = replies[3].array?.first?.text else { throw .unexpectedReply("EXEC: \(replies[3])") }
            ids.append(id)
        }
        return ids
    }

    /// - Parameter life: `nil` for ever.
    public func store(_ fields: [(String, [UInt8])], hash key: String, life: Duration? = nil) async throws(RedisError) {
        try await write("HSET", key, fields, life) { command, field in
            command.append(field.0)
            command.append(field.1)
        }
    }

    public func store(_ members: some Collection<String>, set key: String, life: Duration?) async throws(RedisError) {
        try await write("SADD", key, Array(members), life) { $0.append($1) }
    }

    /// - Parameter score: of each member.
    public func store(_ members: some Collection<String>, score: Int64, sortedSet key: String, life: Duration) async throws(RedisError) {
        try await write("ZADD", key, Array(members), life) { command, member in
            command.append(score)
            command.append(member)
        }
    }

    private func write<Item>(
        _ verb: String, _ key: String, _ items: [Item], _ life: Duration?, _ append: (inout RedisCommand, Item) -> Void
    ) async throws(RedisError) {
        for start in stride(from: 0, to: items.count, by: Self.page) {
            var command = RedisCommand(verb, key)
            for item in items[start..<min(start + Self.page, items.count)] { append(&command, item) }
            var calls = [command]
            if let life { calls.append(RedisCommand("EXPIRE", key, "\(life.components.seconds)")) }
            for reply in try await redis.send(calls) { _ = try reply.checked() }
        }
    }
}
