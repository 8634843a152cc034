import CopyTrading
import Redis
import RedisStreams

/// Takes the figures of a cell from plain Redis commands, the counts as of one moment.
struct StatusReader: Sendable {
    private let redis: RedisConnection
    private let keys: Keys
    private let partitioning: Partitioning
    /// Milliseconds of silence after which a process counts as gone.
    private let life: Int64
    /// So many readings of an account in a row may be missed before it is late.
    private static let missedReadings: Int64 = 4
    /// Milliseconds.
    private let accountLimit: Int64
    /// Entries.
    private let auditLimit: Int64

    private let admissionBacklog: Int64
    private let checkpointEvery: Duration

    init(_ context: OperatorContext, redis: RedisConnection) {
        self.redis = redis
        keys = context.keys
        partitioning = context.partitioning
        admissionBacklog = Int64(context.settings.pipeline.admissionBacklog)
        checkpointEvery = context.settings.audit.checkpointEvery
        life = context.settings.pipeline.leaseTTL.milliseconds
        auditLimit = Int64(context.settings.audit.maximumLag)
        accountLimit = Self.missedReadings * context.settings.safety.accountEvery.milliseconds
    }

    func read() async throws -> CellStatus {
        let streams = try await StreamFigures.read(redis, keys, partitioning)
        let leases = try await LeaseFigures.read(redis, keys, now: streams.time / 1_000, life: life)
        let stages = [Stage.match(partitioning), .plan(partitioning), .work(partitioning), .audit(partitioning)].map { stage in
            StageStatus(
                name: stage.name, reads: stage.group == Group.audit ? "all streams" : stage.inputs.first?.stream.rawValue ?? "",
                members: leases.members[stage.name] ?? [],
                partitions: zip(stage.inputs, stage.partitionNames).map { input, name in
                    leases.completing(streams.partition(input, group: stage.group), stage: stage.name, partition: name)
                })
        }
        let deadLetters = streams.entries[StreamPartition(.deadLetters, 0)] ?? 0
        let (server, record) = (try await ServerFacts.read(redis), try await cellRecord())
        return CellStatus(
            time: streams.time, stages: [ingest(leases)] + stages,
            deadLetters: deadLetters, deadExits: try await deadExits(among: deadLetters),
            checks: try await checks(now: streams.time / 1_000), server: server,
            admissionLimits: Admission.Limits(backlog: admissionBacklog), auditLimit: auditLimit, checkpointEvery: checkpointEvery,
            halt: Self.halt(record), isServerKnown: record["run_id"] == server.start)
    }

    /// Processes of a stage that are alive. To be had with the rights of the stage.
    func members(of stage: String) async throws -> [StageStatus.Member] {
        let beats = try await redis.send(LeaseFigures.beats(keys.members(stage))).checked()
        return LeaseFigures.alive(beats, now: try await redis.serverMilliseconds(), life: life)
    }

    /// Exits among the dead letters; those that are too many to be looked at count as exits.
    private func deadExits(among count: Int64) async throws -> Int {
        guard count > 0 else { return 0 }
        let letters = try await DeadLetterBox(redis: redis, keys: keys).read()
        return letters.count(where: \.isExit) + Int(max(0, count - Int64(letters.count)))
    }

    /// Why the cell is halted; `nil`: it is not.
    func halt() async throws -> String? { Self.halt(try await cellRecord()) }

    private static func halt(_ record: [String: String]) -> String? {
        record["state"] == "halted" ? record["reason"] ?? "no reason was given" : nil
    }

    private func cellRecord() async throws -> [String: String] {
        try await redis.hash(keys.cellRecord).mapValues { String(decoding: $0, as: UTF8.self) }
    }

    private func checks(now: Int64) async throws -> [CheckStatus] {
        var found: [CheckStatus] = []
        for kind in CheckTable.Kind.allCases {
            let limit = kind == .leaders ? PlanningFacts.Leader.verificationMilliseconds : accountLimit
            found.append(CheckStatus(kind, try await CheckTable(redis: redis, keys: keys, kind: kind).read(partitioning), limit: limit, now: now))
        }
        return found
    }

    private func ingest(_ leases: LeaseFigures) -> StageStatus {
        StageStatus(
            name: "ingest", reads: "", members: leases.members["ingest"] ?? [],
            partitions: (leases.leases["ingest"] ?? [:]).keys.sorted().map {
                leases.completing(PartitionStatus(name: $0), stage: "ingest", partition: $0)
            })
    }
}

/// Lengths, counters and pending summaries of all streams.
private struct StreamFigures {
    var time: Int64
    var added: [String: RedisValue]
    var acknowledged: [String: RedisValue]
    var entries: [StreamPartition: Int64] = [:]
    /// `stream:NN|group` → pending and the id of the oldest.
    var pending: [String: (count: Int64, oldest: String?)] = [:]

    static func read(_ redis: RedisConnection, _ keys: Keys, _ partitioning: Partitioning) async throws -> StreamFigures {
        var commands = [RedisCommand("TIME"), RedisCommand("HGETALL", keys.sequence), RedisCommand("HGETALL", keys.acknowledged)]
        for partition in partitioning.all {
            commands.append(RedisCommand("XLEN", keys.stream(partition)))
            commands += partition.stream.groups.map { RedisCommand("XPENDING", keys.stream(partition), $0) }
        }
        let replies = try await redis.snapshot(commands)
        guard let time = replies[0].serverTime else { throw RedisError.unexpectedReply("TIME") }
        var figures = StreamFigures(time: time, added: replies[1].pairs, acknowledged: replies[2].pairs)
        var next = 3
        for partition in partitioning.all {
            figures.entries[partition] = replies[next].integer ?? 0
            next += 1
            for group in partition.stream.groups {
                // A stream that nothing was ever written to may lack its group: an error, and nothing pending.
                let summary = replies[next].array ?? []
                figures.pending[partition.counter(of: group)] = (summary.first?.integer ?? 0, summary.count > 1 ? summary[1].text : nil)
                next += 1
            }
        }
        return figures
    }

    func partition(_ input: StreamPartition, group: String) -> PartitionStatus {
        let waiting = pending[input.counter(of: group)]
        let entries = entries[input] ?? 0
        let added = added[input.name]?.integer ?? 0
        let done = acknowledged[input.counter(of: group)]?.integer ?? 0
        return PartitionStatus(
            name: input.name, entries: entries, added: added, acknowledged: done, pending: waiting?.count ?? 0,
            oldestPending: waiting?.oldest.flatMap(EntryID.milliseconds).map { max(0, time / 1_000 - $0) },
            missing: entries == 0 && done < added && (waiting?.count ?? 0) == 0)
    }
}

/// Leases and members of every stage, found by their keys.
private struct LeaseFigures {
    struct Lease {
        var owner: String
        var epoch: Int64
        /// Milliseconds from now; negative when it has run out.
        var left: Int64
    }

    /// Stage → partition → lease.
    var leases: [String: [String: Lease]] = [:]
    var members: [String: [StageStatus.Member]] = [:]

    static func read(_ redis: RedisConnection, _ keys: Keys, now: Int64, life: Int64) async throws -> LeaseFigures {
        let leasePrefix = keys.key("lease:")
        let memberPrefix = keys.key("members:")
        let leaseKeys = try await redis.keys(matching: leasePrefix + "*")
        let memberKeys = try await redis.keys(matching: memberPrefix + "*")
        let commands = leaseKeys.map { RedisCommand("HMGET", $0, "owner", "epoch", "exp") }
            + memberKeys.map(beats)
        let replies = try await redis.send(commands)
        var figures = LeaseFigures()
        for (key, reply) in zip(leaseKeys, replies) {
            let parts = key.dropFirst(leasePrefix.count).split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let fields = reply.array, let owner = fields[0].text, let epoch = fields[1].integer,
                let end = fields[2].integer
            else { continue }
            figures.leases[String(parts[0]), default: [:]][String(parts[1])] = Lease(owner: owner, epoch: epoch, left: end - now)
        }
        for (key, reply) in zip(memberKeys, replies.dropFirst(leaseKeys.count)) {
            figures.members[String(key.dropFirst(memberPrefix.count))] = alive(reply, now: now, life: life)
        }
        return figures
    }

    static func beats(_ key: String) -> RedisCommand { RedisCommand("ZRANGE", key, "0", "-1", "WITHSCORES") }

    /// - Parameter beats: the reply to ``beats(_:)``.
    static func alive(_ beats: RedisValue, now: Int64, life: Int64) -> [StageStatus.Member] {
        beats.pairs.compactMap { name, beat in
            beat.integer.map { StageStatus.Member(name: name, silence: max(0, now - $0)) }
        }.filter { $0.silence <= life }.sorted { $0.name < $1.name }
    }

    func completing(_ partition: PartitionStatus, stage: String, partition name: String) -> PartitionStatus {
        guard let lease = leases[stage]?[name] else { return partition }
        var partition = partition
        partition.epoch = lease.epoch
        if lease.left > 0 {
            partition.owner = lease.owner
            partition.leaseLeft = lease.left
        }
        return partition
    }
}

extension ServerFacts {
    static func read(_ redis: RedisConnection) async throws -> ServerFacts {
        let lines = (try await redis.send(RedisCommand("INFO")).checked().text ?? "").split(separator: "\r\n")
        let facts = Dictionary(
            lines.compactMap { line -> (String, String)? in
                let parts = line.split(separator: ":", maxSplits: 1)
                return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
            }, uniquingKeysWith: { first, _ in first })
        return ServerFacts(
            version: facts["redis_version"] ?? "?", usedMemory: facts["used_memory"].flatMap { Int64($0) } ?? 0,
            maximumMemory: facts["maxmemory"].flatMap { Int64($0) } ?? 0,
            policy: facts["maxmemory_policy"] ?? "unknown",
            hasAOF: facts["aof_enabled"] == "1", lastAOFWriteFailed: facts["aof_last_write_status"] == "err",
            clients: facts["connected_clients"].flatMap { Int64($0) } ?? 0, start: facts["run_id"] ?? "")
    }
}
