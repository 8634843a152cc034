import Redis

/// The dead letters of a cell: read, and taken out by what an operator decides.
public struct DeadLetterBox: Sendable {
    /// What becomes of a letter.
    public struct Decision: Sendable {
        /// What is put on record in `interventions`.
        public var record: Emission
        /// What follows from it, all in one partition: the entry again, or the results that end it.
        public var emissions: [Emission]
        /// The entry goes back to where it was, and with it a fan-out that was begun.
        public var goesOn: Bool

        public init(record: Emission, emissions: [Emission], goesOn: Bool) {
            self.record = record
            self.emissions = emissions
            self.goesOn = goesOn
        }
    }

    public enum Answer: Sendable, Equatable {
        /// With the ids of what was emitted.
        case done([String])
        /// Decided before.
        case gone
        /// The audit trail has not stored the letter yet.
        case unaudited
    }

    /// Letters read at most by one look at all of them.
    public static let mostRead = 1_000
    private let redis: RedisConnection
    private let keys: Keys
    private let letters = StreamPartition(.deadLetters, 0)
    private let interventions = StreamPartition(.interventions, 0)

    public init(redis: RedisConnection, keys: Keys) {
        self.redis = redis
        self.keys = keys
    }

    public func count() async throws(RedisError) -> Int64 {
        try await redis.send(RedisCommand("XLEN", keys.stream(letters))).checked().integer ?? 0
    }

    /// The oldest first.
    public func read(limit: Int = Self.mostRead) async throws(RedisError) -> [DeadLetter] {
        let reply = try await redis.send(RedisCommand("XRANGE", keys.stream(letters), "-", "+", "COUNT", "\(limit)")).checked()
        return try StreamEntry.list(reply).map(DeadLetter.init)
    }

    /// `nil` when it was decided before, or never was.
    public func letter(_ id: String) async throws(RedisError) -> DeadLetter? {
        let reply = try await redis.send(RedisCommand("XRANGE", keys.stream(letters), id, id)).checked()
        return try StreamEntry.list(reply).first.map(DeadLetter.init)
    }

    public func resolve(_ letter: DeadLetter, _ decision: Decision) async throws(RedisError) -> Answer {
        let target = decision.emissions.first?.partition
        let fanout = letter.origin.flatMap { $0.stream == .signals ? $0.index : nil }
        var command = RedisCommand(
            script: Script.resolveDeadLetter,
            keys: [
                keys.stream(letters), keys.sequence, keys.stream(interventions), target.map(keys.stream) ?? keys.unused,
                fanout.map(keys.fanout) ?? keys.unused,
            ])
        command.append(letter.id)
        command.append(Group.audit)
        command.append(interventions.name)
        command.append(target?.name ?? "")
        command.append(fanout == nil ? "" : letter.entry)
        command.append(decision.goesOn ? "1" : "0")
        for (index, emission) in ([decision.record] + decision.emissions).enumerated() {
            if index == 1 { command.append(decision.emissions.count) }
            command.append(fields: emission.fields)
        }
        if decision.emissions.isEmpty { command.append(0) }
        let parts = try await redis.send(command).checked().array ?? []
        switch parts.first?.text {
        case "OK": return .done(parts.count > 1 ? (parts[1].array ?? []).compactMap(\.text) : [])
        case "GONE": return .gone
        case "UNAUDITED": return .unaudited
        default: throw .unexpectedReply("resolve-dead-letter")
        }
    }
}
