import Redis

/// What the exchange answered to one process and may be used by all, by question. Losing it costs questions, nothing else.
public struct AnswerTable: Sendable {
    private let redis: RedisConnection
    private let keys: Keys

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        self.keys = keys
    }

    /// The newest answer when it is no older than `age`, by Redis' clock.
    public func answer(to question: String, atMostOld age: Duration) async throws(RedisError) -> [UInt8]? {
        let replies = try await redis.send([RedisCommand("HMGET", keys.answer(question), "at", "answer"), RedisCommand("TIME")])
        guard let fields = try replies[0].checked().array, fields.count == 2, let time = try replies[1].checked().serverTime else {
            throw .unexpectedReply("HMGET")
        }
        // one from the future is of a clock that was set back: how old it is cannot be known
        guard let at = fields[0].text.flatMap({ Int64($0) }), (0...age.milliseconds).contains(time / 1_000 - at) else { return nil }
        return fields[1].bytes
    }

    public func keep(_ answer: [UInt8], to question: String) async throws(RedisError) {
        var command = RedisCommand("HSET", keys.answer(question), "at", "\(try await redis.serverMilliseconds())", "answer")
        command.append(answer)
        _ = try await redis.send(command).checked()
    }

    /// Whether the caller is to ask. Nobody else is meanwhile.
    public func claim(_ question: String, for life: Duration) async throws(RedisError) -> Bool {
        try await redis.send(RedisCommand("SET", keys.answerClaim(question), "1", "NX", "PX", "\(life.milliseconds)")).checked().text == "OK"
    }
}
