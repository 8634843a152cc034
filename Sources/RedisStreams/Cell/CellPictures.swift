import Redis

/// What the stages of one partition had done and knew at one moment.
public struct PartitionPicture: Sendable, Equatable {
    /// One of its streams.
    public struct Stream: Sendable, Equatable {
        public var partition: StreamPartition
        /// Id of the last entry ever added.
        public var last: String
        /// Up to which entries were handed to the stream's stage; `last` when it has none but the audit, or a recovery left it nothing more.
        public var delivered: String
        /// Of these, what is not acknowledged, by rising id.
        public var pending: [String] = []

        public init(partition: StreamPartition, last: String, delivered: String, pending: [String] = []) {
            self.partition = partition
            self.last = last
            self.delivered = delivered
            self.pending = pending
        }
    }

    public var streams: [Stream]
    /// Subscription|coin → record. Of a partition of accounts, as the two that follow.
    public var sleeves: [String: [UInt8]] = [:]
    public var lifecycles: [String: [UInt8]] = [:]
    /// Ids of what its worker emitted by itself.
    public var emitted: [String] = []

    public init(streams: [Stream]) { self.streams = streams }
}

/// Takes pictures of a cell's partitions. Each is of one moment; the moments differ.
public struct CellPictures: Sendable {
    public enum Fault: Error, Equatable, CustomStringConvertible {
        /// The cell is halted, or another incarnation.
        case otherCell
        /// More than ``mostPending`` entries of a stream are under way.
        case busy(StreamPartition)
        /// What a recovery delivered again is not finished yet: what it led to may be on record since before.
        case recovering(StreamPartition)
        case absent(StreamPartition)

        public var description: String {
            switch self {
            case .otherCell: "the cell is halted, or was recovered meanwhile"
            case .busy(let partition): "more than \(CellPictures.mostPending) entries of \(partition) are under way"
            case .recovering(let partition): "\(partition) is not done with what was under way when Redis was lost"
            case .absent(let partition): "\(partition) or its group is not in Redis"
            }
        }
    }

    /// Entries of one stream that were handed out and are not acknowledged: bounds a picture.
    public static let mostPending = 10_000

    private let redis: RedisConnection
    private let keys: Keys
    private let partitioning: Partitioning

    public init(redis: RedisConnection, keys: Keys, partitioning: Partitioning) {
        self.redis = redis
        self.keys = keys
        self.partitioning = partitioning
    }

    /// - Parameter incarnation: the cell's.
    /// - Throws: ``Fault``, ``Redis/RedisError``.
    public func accounts(_ index: Int, of incarnation: String) async throws -> PartitionPicture {
        try await picture(
            [.requests, .jobs, .results, .accountEvents].map { StreamPartition($0, index) }, incarnation,
            knowledge: [
                RedisCommand("HGETALL", keys.sleeves(index)), RedisCommand("HGETALL", keys.lifecycles(index)), RedisCommand("ZRANGE", keys.emitted(index), "0", "-1"),
            ]
        ) { picture, replies in
            picture.sleeves = replies[0].pairs.compactMapValues(\.bytes)
            picture.lifecycles = replies[1].pairs.compactMapValues(\.bytes)
            picture.emitted = (replies[2].array ?? []).compactMap(\.text)
        }
    }

    /// - Parameter incarnation: the cell's.
    /// - Throws: ``Fault``, ``Redis/RedisError``.
    public func signals(_ index: Int, of incarnation: String) async throws -> PartitionPicture {
        try await picture([StreamPartition(.signals, index)], incarnation, knowledge: []) { _, _ in }
    }

    /// Of which start of the server, and of which incarnation, pictures are that are taken now; `nil` when Redis does not say.
    public func origin() async throws(RedisError) -> CellAdmission? {
        let reply = try await redis.send(RedisCommand("HMGET", keys.cellRecord, "run_id", "incarnation", "suspect_ms")).checked()
        guard let record = reply.array, record.count == 3, let server = record[0].text, let incarnation = record[1].text,
            let suspectedAt = record[2].integer
        else { return nil }
        return CellAdmission(server: server, incarnation: incarnation, suspectedAt: suspectedAt)
    }

    /// Id of the last entry ever added, of every stream of the cell.
    public func lastIDs() async throws -> [StreamPartition: String] {
        let replies = try await redis.send(partitioning.all.map { RedisCommand("XINFO", "STREAM", keys.stream($0)) })
        var last: [StreamPartition: String] = [:]
        for (partition, reply) in zip(partitioning.all, replies) { last[partition] = try Self.last(reply.checked(), of: partition) }
        return last
    }

    private func picture(
        _ partitions: [StreamPartition], _ incarnation: String, knowledge: [RedisCommand], _ read: (inout PartitionPicture, [RedisValue]) -> Void
    ) async throws -> PartitionPicture {
        var commands = [RedisCommand("HMGET", keys.cellRecord, "incarnation", "state")]
        for partition in partitions {
            commands += [
                RedisCommand("HGET", keys.recoveredThrough, partition.name), RedisCommand("XINFO", "STREAM", keys.stream(partition)),
                RedisCommand("XINFO", "GROUPS", keys.stream(partition)),
            ]
            if let group = Self.stage(partition) { commands.append(RedisCommand("XPENDING", keys.stream(partition), group, "-", "+", "\(Self.mostPending + 1)")) }
        }
        var rest = try await redis.snapshot(commands + knowledge)[...]
        let cell = try rest.removeFirst().checked().array?.map(\.text)
        guard cell == [incarnation, "running"] else { throw Fault.otherCell }
        var picture = PartitionPicture(streams: [])
        for partition in partitions {
            let recovered = try rest.removeFirst().checked().text
            let info = try Self.there(rest.removeFirst(), partition)
            let last = try Self.last(info, of: partition)
            let groups = try Self.there(rest.removeFirst(), partition)
            var stream = PartitionPicture.Stream(partition: partition, last: last, delivered: last)
            if let group = Self.stage(partition) {
                stream.pending = try Self.there(rest.removeFirst(), partition).array?.compactMap { $0.array?.first?.text } ?? []
                guard let delivered = Self.delivered(groups, to: group) else { throw Fault.absent(partition) }
                // a recovered stream's last id may be that of an entry which is on record alone: its stage is never given that one
                let end = info.pairs["last-entry"]?.array?.first?.text
                let hasMore = end.map { Self.isBefore(delivered, $0) } ?? false
                stream.delivered = recovered != nil && !hasMore ? last : delivered
                guard stream.pending.count <= Self.mostPending else { throw Fault.busy(partition) }
                let isRecovering = recovered.map { through in
                    stream.pending.first.map { !Self.isBefore(through, $0) } ?? (stream.delivered != last && Self.isBefore(delivered, through))
                }
                guard isRecovering != true else { throw Fault.recovering(partition) }
            }
            picture.streams.append(stream)
        }
        for reply in rest { _ = try reply.checked() }
        read(&picture, Array(rest))
        return picture
    }

    /// The group beside the audit.
    private static func stage(_ partition: StreamPartition) -> String? { partition.stream.groups.first { $0 != Group.audit } }

    private static func there(_ reply: RedisValue, _ partition: StreamPartition) throws -> RedisValue {
        if let error = reply.error, error.contains("no such key") || error.hasPrefix("NOGROUP") { throw Fault.absent(partition) }
        return try reply.checked()
    }

    private static func last(_ info: RedisValue, of partition: StreamPartition) throws -> String {
        guard let id = info.pairs["last-generated-id"]?.text else { throw RedisError.unexpectedReply("XINFO STREAM \(partition)") }
        return id
    }

    static func delivered(_ groups: RedisValue, to group: String) -> String? {
        (groups.array ?? []).map(\.pairs).first { $0["name"]?.text == group }?["last-delivered-id"]?.text
    }

    private static func isBefore(_ a: String, _ b: String) -> Bool {
        let (a, b) = (StreamEntry(id: a, fields: []), StreamEntry(id: b, fields: []))
        return (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence)
    }
}
