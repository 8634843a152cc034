import Redis

extension RedisConnection {
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

enum EntryID {
    /// The milliseconds of an entry id such as `1700000000000-3`.
    static func milliseconds(_ id: String) -> Int64? { id.split(separator: "-").first.flatMap { Int64($0) } }
}
