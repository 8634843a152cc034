import Redis
import RedisStreams

/// The bare bus on an otherwise idle Redis: the scripts that one execution takes, in full batches, and no work between them.
///
/// Lanes, each with a connection and a partition of its own, so that one prepares its next batch while Redis runs another's. A round
/// of a lane publishes signals, fans out those of the round before, hands its requests and jobs on, and acknowledges what the audit
/// trail would have committed.
struct HandOffCeiling: Sendable {
    let redis: RedisEndpoint
    /// Of the server, for its processor time.
    let pid: Int32
    /// Subscribers a signal; more than a batch holds count as a batch.
    let fanOut: Int
    /// One record of each stream of the run.
    let payloads: [RedisStreams.Stream: [UInt8]]
    let duration: Duration

    struct Outcome: Sendable {
        let perSecond: Int64
        /// Parts of a thousand of the time that the server was computing: near 1,000 the ceiling is Redis's own.
        let busyPerMille: Int64
        /// Microseconds of processor an execution.
        let serverMicroseconds: Int64
    }

    static let batch = 128
    private static let lanes = 3
    private static let keys = Keys(cell: "ceiling")
    private static let partitioning = Partitioning(signals: lanes, accounts: lanes)

    func run() async throws -> Outcome {
        let connections = (0...Self.lanes).map {
            RedisConnection(endpoint: redis, timeout: .seconds(10), name: "vibe-ceiling-\($0)", logger: CommandLogger.make("ceiling"))
        }
        try await Provisioning.provision(connections[Self.lanes], keys: Self.keys, partitioning: Self.partitioning)
        let begin = ContinuousClock.now
        let before = ResourceUsage.process(pid)?.cpu ?? 0
        let end = begin + duration
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<Self.lanes {
                group.addTask {
                    var lane = CeilingLane(
                        partition: index, redis: connections[index], keys: Self.keys, partitioning: Self.partitioning,
                        fanOut: min(fanOut, Self.batch), payloads: payloads)
                    try await lane.begin()
                    while ContinuousClock.now < end { try await lane.round() }
                    return lane.executions
                }
            }
            return try await group.reduce(0, +)
        }
        let took = max(1, (ContinuousClock.now - begin).microseconds)
        let cpu = (ResourceUsage.process(pid)?.cpu ?? 0) - before
        for connection in connections { await connection.close() }
        return Outcome(
            perSecond: Int64(done) * 1_000_000 / took, busyPerMille: cpu * 1_000 / took, serverMicroseconds: cpu / Int64(max(1, done)))
    }
}

/// One partition of the ceiling's cell.
private struct CeilingLane {
    private let partition: Int
    private let redis: RedisConnection
    private let keys: Keys
    private let fanOut: Int
    private let payloads: [RedisStreams.Stream: [UInt8]]
    private let publisher: SignalPublisher
    private let match: StageCommands
    private let plan: StageCommands
    private let work: StageCommands
    private let audit: StageCommands
    /// The audit stage's partitions that this lane reads: one of each stream.
    private let audited: [Int]
    private let leases: [String]

    private var number = 0
    private var signals: [StreamEntry] = []
    private var requests: [StreamEntry] = []
    private var jobs: [StreamEntry] = []
    private var written: [[String]]
    private(set) var executions = 0

    private static let epoch = "1"

    init(
        partition: Int, redis: RedisConnection, keys: Keys, partitioning: Partitioning, fanOut: Int,
        payloads: [RedisStreams.Stream: [UInt8]]
    ) {
        self.partition = partition
        self.redis = redis
        self.keys = keys
        self.fanOut = fanOut
        self.payloads = payloads
        publisher = SignalPublisher(redis: redis, keys: keys)
        func commands(_ stage: Stage) -> StageCommands { StageCommands(keys: keys, stage: stage, consumer: "ceiling") }
        (match, plan, work, audit) = (commands(.match(partitioning)), commands(.plan(partitioning)), commands(.work(partitioning)), commands(.audit(partitioning)))
        audited = Stage.audit(partitioning).inputs.indices.filter {
            let input = Stage.audit(partitioning).inputs[$0]
            return input.index == partition && input.stream != .deadLetters && input.stream != .interventions
        }
        leases = [keys.lease("ingest", twoDigits(partition))]
            + [Stage.match(partitioning), .plan(partitioning), .work(partitioning)].map { keys.lease($0.name, $0.partitionNames[partition]) }
            + audited.map { keys.lease("audit", Stage.audit(partitioning).partitionNames[$0]) }
        written = audited.map { _ in [] }
    }

    func begin() async throws {
        for reply in try await redis.send(leases.map { RedisCommand("HSET", $0, "epoch", Self.epoch) }) { _ = try reply.checked() }
    }

    mutating func round() async throws {
        try await publish()
        let requested = (0..<fanOut).map { _ in emission(.requests) }
        let fanOuts = signals.map { signal in
            match.fanOut(
                partition, epoch: Self.epoch,
                FanOutChunk(
                    entry: signal.id, cursor: 0, next: fanOut, isLast: true, configVersion: 1, emissions: requested))
        }
        let stages = [
            match.handOff(partition, epoch: Self.epoch, [], fetch: HandOffCeiling.batch),
            plan.handOff(partition, epoch: Self.epoch, requests.map { HandOff(entry: $0.id, emissions: [emission(.jobs)]) }, fetch: HandOffCeiling.batch),
            work.handOff(partition, epoch: Self.epoch, jobs.map { HandOff(entry: $0.id, emissions: [emission(.results)]) }, fetch: HandOffCeiling.batch),
        ]
        let acknowledgements = zip(audited, written).map {
            audit.acknowledge($0, epoch: Self.epoch, $1, fetch: HandOffCeiling.batch)
        }
        let replies = try await redis.send(fanOuts + stages + acknowledgements)
        for reply in replies { _ = try reply.checked() }
        let answers = try replies.dropFirst(fanOuts.count).map { try work.reply($0) }
        executions += answers[2].acknowledged
        (signals, requests, jobs) = (answers[0].fetched, answers[1].fetched, answers[2].fetched)
        written = answers.dropFirst(3).map { $0.fetched.map(\.id) }
    }

    /// As many signals as make one batch of requests.
    private mutating func publish() async throws {
        let items = (0..<max(1, HandOffCeiling.batch / fanOut)).map { _ in
            number += 1
            return SignalPublisher.Item(id: "\(partition)-\(number)", emission: emission(.signals))
        }
        let call = SignalPublisher.Call(
            items: items, partition: partition, day: "ceiling", epoch: Self.epoch,
            leader: .init(influencer: "leader", cursor: [0], record: [0]))
        for answer in try await publisher.publish([call]) {
            guard case .published = answer else { throw RedisError.unexpectedReply("the ceiling's lease was taken") }
        }
    }

    private func emission(_ stream: RedisStreams.Stream) -> Emission {
        Emission(
            StreamPartition(stream, partition), id: Self.name, owner: ("subscriber", "sub-0000"), coin: "SYN0000", action: "open",
            trace: Self.name, data: payloads[stream] ?? [])
    }

    /// As long as an id.
    private static let name = String(repeating: "0", count: 32)
}
