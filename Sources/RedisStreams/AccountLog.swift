import Redis

/// What the owner of a partition writes down about its accounts, beside the hand-offs of its entries: records, its stage's state, events,
/// and jobs of its own making. All of one call or nothing, under the partition's epoch.
public struct AccountLog: Sendable {
    public struct Entry: Sendable {
        /// Account → its record.
        public var accounts: [(account: String, record: [UInt8])] = []
        /// Fields of the stage's state hash; `nil` deletes.
        public var state: [(field: String, value: [UInt8]?)] = []
        /// Each is emitted once under its id, however often the call is repeated.
        public var emissions: [(id: String, emission: Emission)] = []

        public init() {}

        public var isEmpty: Bool { accounts.isEmpty && state.isEmpty && emissions.isEmpty }
    }

    /// How long an id is remembered; a call is repeated within seconds.
    public static let life = Duration.seconds(2 * 86_400)

    private let redis: RedisConnection
    private let keys: Keys
    private let stage: Stage

    public init(redis: RedisConnection, keys: Keys, stage: Stage) {
        self.redis = redis
        self.keys = keys
        self.stage = stage
    }

    /// When the accounts were last read.
    public var checks: CheckTable { CheckTable(redis: redis, keys: keys, kind: .accounts) }

    /// Account → its record, of a whole partition.
    public func records(_ partition: Int) async throws(RedisError) -> [String: [UInt8]] {
        try await redis.hash(keys.accounts(stage.inputs[partition].index))
    }

    /// Up to where a leader's fills were read, with its positions, as ingest stores it; `nil` when there is none.
    public func cursor(of influencer: String, _ partitioning: Partitioning) async throws(RedisError) -> [UInt8]? {
        try await LeaderCursors(redis: redis, keys: keys, partitioning: partitioning).cursor(of: influencer)
    }

    /// Whether signals of the leader, or requests of the subscriber, are not acknowledged, or jobs of the subscriber not delivered yet; also
    /// when there is more of others' than is looked through.
    public func hasBacklog(influencer: String, subscriber: String, account: String, _ partitioning: Partitioning) async throws(RedisError) -> Bool {
        let account = partitioning.account(account)
        // upstream first: what moves on meanwhile is found further down
        let signals = try await open(StreamPartition(.signals, partitioning.signal(influencer)), Group.matcher, andPending: true)
        guard signals.count <= Self.openLimit, !signals.contains(where: { $0.text("influencer") == influencer }) else { return true }
        for (stream, group, andPending) in [(Stream.requests, Group.planner, true), (.jobs, Group.worker, false)] {
            let entries = try await open(StreamPartition(stream, account), group, andPending: andPending)
            guard entries.count <= Self.openLimit, !entries.contains(where: { $0.text("subscriber") == subscriber }) else { return true }
        }
        return false
    }

    /// So many entries that are not done are looked through, in one partition of a stream.
    private static let openLimit = 512

    /// What a group was not given yet, from the oldest on that it has not acknowledged with `andPending`; one more than the limit at most.
    private func open(_ partition: StreamPartition, _ group: String, andPending: Bool) async throws(RedisError) -> [StreamEntry] {
        let key = keys.stream(partition)
        // what is delivered between the two is either at the end of the one or in the other
        let replies = try await redis.send([RedisCommand("XINFO", "GROUPS", key), RedisCommand("XPENDING", key, group)])
        guard let delivered = CellPictures.delivered(try replies[0].checked(), to: group) else {
            throw .unexpectedReply("\(partition) has no group \(group)")
        }
        let oldest = andPending ? try replies[1].checked().array?.dropFirst().first?.text : nil
        let entries = try await redis.send(RedisCommand("XRANGE", key, oldest ?? "(\(delivered)", "+", "COUNT", "\(Self.openLimit + 1)"))
        return try StreamEntry.list(entries.checked())
    }

    /// What a leader has resting at the exchange, as ingest stores it; `nil` when there is nothing.
    public func orders(of influencer: String, _ partitioning: Partitioning) async throws(RedisError) -> [UInt8]? {
        try await redis.send(RedisCommand("HGET", keys.orders(partitioning.signal(influencer)), influencer)).checked().bytes
    }

    /// False when the partition is no longer ours: nothing was written.
    public func write(_ entry: Entry, partition: Int, epoch: String) async throws(RedisError) -> Bool {
        let index = stage.inputs[partition].index
        var outputs: [StreamPartition] = []
        for (_, emission) in entry.emissions where !outputs.contains(emission.partition) { outputs.append(emission.partition) }
        var command = RedisCommand(
            script: Script.recordAccount,
            keys: [
                keys.lease(stage.name, stage.partitionNames[partition]), keys.accounts(index), stage.stateKey(keys, partition), keys.sequence,
                keys.emitted(index),
            ] + outputs.map(keys.stream))
        command.append(epoch)
        command.append(Self.life.milliseconds)
        command.append(outputs.count)
        for output in outputs { command.append(output.name) }
        command.append(entry.accounts.count)
        for (account, record) in entry.accounts {
            command.append(account)
            command.append(record)
        }
        command.append(entry.state.count)
        for (field, value) in entry.state {
            command.append(field)
            command.append(value ?? [])
        }
        command.append(entry.emissions.count)
        for (id, emission) in entry.emissions {
            command.append(id)
            command.append(outputs.firstIndex(of: emission.partition)! + 1)
            command.append(fields: emission.fields)
        }
        let reply = try await redis.send(command)
        if let error = reply.error, error.contains("FENCED") { return false }
        _ = try reply.checked()
        return true
    }
}
