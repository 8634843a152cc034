import Redis

/// Reading many figures as of one moment.
extension RedisConnection {
    /// Runs the commands as one transaction, so that their replies belong together.
    func snapshot(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        let replies = try await send([RedisCommand("MULTI")] + commands + [RedisCommand("EXEC")])
        guard let results = try replies[replies.count - 1].checked().array, results.count == commands.count else {
            throw .unexpectedReply("EXEC: \(replies[replies.count - 1])")
        }
        return results
    }

    /// Every key that matches a glob pattern.
    func keys(matching pattern: String) async throws(RedisError) -> [String] {
        var keys: Set<String> = []
        var cursor = "0"
        repeat {
            let reply = try await send(RedisCommand("SCAN", cursor, "MATCH", pattern, "COUNT", "1000")).checked().array ?? []
            guard reply.count == 2, let next = reply[0].text, let page = reply[1].array else { throw .unexpectedReply("SCAN") }
            keys.formUnion(page.compactMap(\.text))
            cursor = next
        } while cursor != "0"
        return keys.sorted()
    }
}

extension RedisValue {
    /// A flat list of names and values, as HGETALL answers, by name.
    var pairs: [String: RedisValue] {
        guard let list = array else { return [:] }
        var result: [String: RedisValue] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            if let name = list[index].text { result[name] = list[index + 1] }
        }
        return result
    }
}

enum EntryID {
    /// The milliseconds of an entry id such as `1700000000000-3`.
    static func milliseconds(_ id: String) -> Int64? { id.split(separator: "-").first.flatMap { Int64($0) } }
}
