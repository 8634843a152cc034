import Redis

/// One bucket that an action takes tokens from.
public struct Charge: Sendable {
    /// For people: `subscriber:subscriber-001`.
    public var name: String
    public var key: String
    public var rate: TokenRate
    public var tokens: Int
    /// Tokens that must stay in the bucket, for what is more urgent.
    public var spare: Int

    public init(name: String, key: String, rate: TokenRate, tokens: Int, spare: Int = 0) {
        self.name = name
        self.key = key
        self.rate = rate
        self.tokens = tokens
        self.spare = spare
    }
}

/// One signed action about to be sent, as the script sees it.
public struct AttemptBooking: Sendable {
    public var signer: String
    public var nonce: Int64
    public var charges: [Charge]
    /// Job id → journal record.
    public var records: [(job: String, record: [UInt8])]

    public init(signer: String, nonce: Int64, charges: [Charge], records: [(job: String, record: [UInt8])]) {
        self.signer = signer
        self.nonce = nonce
        self.charges = charges
        self.records = records
    }
}

public enum BookingAnswer: Sendable, Equatable {
    case go
    /// Not enough tokens: after so many microseconds there will be; the named bucket limits.
    case wait(microseconds: Int64, limitedBy: String)
    /// Costs more than the bucket ever holds.
    case never(limitedBy: String)
    case nonceTooLow(highest: Int64)
}

/// The step before a byte of an order is written: tokens and journal in one script.
public struct AttemptJournal: Sendable {
    private let redis: RedisConnection
    private let keys: Keys
    private let stage: Stage

    public init(redis: RedisConnection, keys: Keys, stage: Stage) {
        self.redis = redis
        self.keys = keys
        self.stage = stage
    }

    /// Books all actions of some partitions in one round trip. A fenced partition's answer is `nil`: nothing was booked.
    public func begin(_ batches: [(partition: Int, epoch: String, bookings: [AttemptBooking])]) async throws(RedisError) -> [[BookingAnswer]?] {
        let replies = try await redis.send(batches.map { command($0.partition, $0.epoch, $0.bookings) })
        var answers: [[BookingAnswer]?] = []
        for (batch, reply) in zip(batches, replies) {
            if let error = reply.error, error.contains("FENCED") { answers.append(nil); continue }
            guard let items = try reply.checked().array, items.count == batch.bookings.count else { throw .unexpectedReply("begin-attempts") }
            answers.append(zip(batch.bookings, items).map(Self.answer))
        }
        return answers
    }

    private func command(_ partition: Int, _ epoch: String, _ bookings: [AttemptBooking]) -> RedisCommand {
        var buckets: [String: Int] = [:]
        var bucketKeys: [String] = []
        for charge in bookings.flatMap(\.charges) where buckets[charge.key] == nil {
            bucketKeys.append(charge.key)
            buckets[charge.key] = bucketKeys.count
        }
        let index = stage.inputs[partition].index
        var command = RedisCommand(
            script: Script.beginAttempts,
            keys: [keys.lease(stage.name, stage.partitionNames[partition]), keys.attempts(index), keys.nonces(index)] + bucketKeys)
        command.append(epoch)
        command.append(TokenBucket.maximumPenalty)
        command.append(bookings.count)
        for booking in bookings {
            command.append(booking.signer)
            command.append(booking.nonce)
            command.append(booking.charges.count)
            for charge in booking.charges {
                command.append(buckets[charge.key]!)
                command.append(charge.rate.period)
                command.append(charge.rate.depth)
                command.append(charge.tokens)
                command.append(charge.spare)
            }
            command.append(booking.records.count)
            for (job, record) in booking.records {
                command.append(job)
                command.append(record)
            }
        }
        return command
    }

    private static func answer(_ booking: AttemptBooking, _ item: RedisValue) -> BookingAnswer {
        let parts = item.array ?? []
        let second = parts.count > 1 ? parts[1].integer ?? 0 : 0
        let bucket = parts.count > 2 ? Int(parts[2].integer ?? 0) : 0
        let name = bucket >= 1 && bucket <= booking.charges.count ? booking.charges[bucket - 1].name : "?"
        switch parts.first?.integer {
        case 1: return .go
        case 0: return .wait(microseconds: second, limitedBy: name)
        case -2: return .nonceTooLow(highest: second)
        default: return .never(limitedBy: name)
        }
    }

    /// Every record of a partition's journal: what a predecessor may have sent.
    public func records(_ partition: Int) async throws(RedisError) -> [(job: String, record: [UInt8])] {
        let flat = try await redis.send(RedisCommand("HGETALL", keys.attempts(stage.inputs[partition].index))).checked().array ?? []
        return stride(from: 0, to: flat.count - 1, by: 2).map { (flat[$0].text ?? "", flat[$0 + 1].bytes ?? []) }
    }

    public func nonces(_ partition: Int) async throws(RedisError) -> [String: Int64] {
        try await hash(keys.nonces(stage.inputs[partition].index)).compactMapValues { Int64(String(decoding: $0, as: UTF8.self)) }
    }

    /// The moment before which journalled attempts may have been lost with Redis.
    public func suspicion() async throws(RedisError) -> (at: Int64, since: ContinuousClock.Instant) { try await redis.suspicion(keys) }

    /// Jobs of a partition that were answered before Redis was lost.
    public func answered(_ partition: Int) async throws(RedisError) -> Set<String> {
        Set((try await redis.send(RedisCommand("SMEMBERS", keys.recoveredAnswers(stage.inputs[partition].index))).checked().array ?? []).compactMap(\.text))
    }

    /// The stage's stored state of a partition.
    public func state(_ partition: Int) async throws(RedisError) -> [String: [UInt8]] { try await hash(stage.stateKey(keys, partition)) }

    private func hash(_ key: String) async throws(RedisError) -> [String: [UInt8]] {
        try await redis.hash(key)
    }

    /// The exchange said "too many requests".
    public func penalise(_ charge: Charge, for wait: Duration) async throws(RedisError) {
        try await TokenBucket(redis: redis, key: charge.key, rate: charge.rate).penalise(for: wait)
    }
}

extension RedisConnection {
    /// A whole hash.
    public func hash(_ key: String) async throws(RedisError) -> [String: [UInt8]] {
        let flat = try await send(RedisCommand("HGETALL", key)).checked().array ?? []
        var result: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: flat.count - 1, by: 2) { result[flat[index].text ?? ""] = flat[index + 1].bytes ?? [] }
        return result
    }
}
