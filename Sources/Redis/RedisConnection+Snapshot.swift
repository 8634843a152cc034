/// Reading many figures as of one moment.
extension RedisConnection {
    /// Runs the commands as one transaction, so that their replies belong together.
    public func snapshot(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        let replies = try await send([RedisCommand("MULTI")] + commands + [RedisCommand("EXEC")])
        // a command that is refused says why itself; EXEC says only that there was one
        for reply in replies { _ = try reply.checked() }
        guard let results = replies[replies.count - 1].array, results.count == commands.count else {
            throw .unexpectedReply("EXEC: \(replies[replies.count - 1])")
        }
        return results
    }
}
