import Health
import RedisStreams

/// Where a cell stands, as of one moment of Redis time.
struct CellStatus: Sendable {
    /// Redis time, microseconds since 1970.
    var time: Int64
    var stages: [StageStatus]
    var deadLetters: Int64
    /// Of them, those that give up a position or may.
    var deadExits: Int
    var checks: [CheckStatus]
    var server: ServerFacts
    /// From when on ingest sheds entries.
    var admissionLimits: Admission.Limits
    /// What people have to see to of the agents that sign.
    var agentConcerns: [String] = []
    /// Entries that may wait for the audit trail before entries are no longer traded.
    var auditLimit = Int64.max
    /// When the newest checkpoint was taken, Redis time in milliseconds; `nil`: there is none, or Postgres did not say.
    var checkpointAt: Int64?
    /// How often one is taken.
    var checkpointEvery = Duration.seconds(60)
    /// What the processes say that can be reached from here.
    var processes: [HealthReport] = []

    /// The part of ``auditLimit``, in per cent, from which on the backlog of the audit trail is worth a look.
    static let auditAttention: Int64 = 10
    /// So many that were not taken in a row are worth a look.
    static let missedCheckpoints: Int64 = 10
    /// Why nothing runs in the cell; `nil`: it is not halted.
    var halt: String?
    /// A process has seen this start of Redis. Before that the leases are those of before, and void.
    var isServerKnown = true

    /// Every partition of every stage has an owner, in a cell that is not halted.
    var isAtWork: Bool { halt == nil && isServerKnown && stages.allSatisfy { $0.unowned == 0 && !$0.partitions.isEmpty } }

    func stage(_ name: String) -> StageStatus? { stages.first { $0.name == name } }

    /// True when nothing waits and nothing is being worked on.
    var isDrained: Bool { stages.allSatisfy { $0.backlog == 0 && $0.pending == 0 } }

    /// Entries ever added to any stream: while it stands still, nothing happens.
    var added: Int64 { stages.reduce(0) { $0 + ($1.name == "audit" ? $1.added : 0) } }

    /// Milliseconds.
    var checkpointAge: Int64? { checkpointAt.map { max(0, time / 1_000 - $0) } }

    var load: PipelineLoad {
        let backlog = stages.filter { $0.name != "audit" }.reduce(0) { $0 + $1.backlog + $1.pending }
        return PipelineLoad(backlog: backlog, usedMemory: server.usedMemory, maximumMemory: server.maximumMemory)
    }

    /// What ingest lets in by these figures; it stays at a level until it is well below where that begins.
    var admission: Admission.Level {
        var admission = Admission(admissionLimits)
        admission.update(load)
        return admission.level
    }

    /// What must be looked into now; `nil` when nothing must.
    var alarm: String? {
        guard deadExits > 0 else { return nil }
        return "\(Format.count(deadExits)) exits are dead letters: their followers may hold what their leaders gave up: `vibe dlq list`"
    }

    /// What an operator should look into, most urgent first.
    var concerns: [String] {
        var found: [String] = []
        for stage in stages {
            let waiting = stage.backlog + stage.pending
            if stage.members.isEmpty, waiting > 0 {
                found.append("\(stage.name): \(Format.count(waiting)) entries wait and no process is alive: start `vibe \(stage.name)`")
            } else if !stage.members.isEmpty, stage.unowned > 0 {
                found.append("\(stage.name): \(stage.unowned) of \(stage.partitions.count) partitions have no owner")
            }
            for partition in stage.partitions where partition.missing {
                found.append("\(partition.name): numbers were given out but the stream is gone: data was lost")
            }
        }
        if let audit = stage("audit"), case let waiting = audit.backlog + audit.pending, waiting >= auditLimit / 100 * Self.auditAttention {
            found.append(
                "audit: \(Format.count(waiting)) entries are not in Postgres yet; from \(Format.count(auditLimit)) on only exits are traded")
        }
        if let age = checkpointAge, age > Self.missedCheckpoints * checkpointEvery.milliseconds {
            found.append("a recovery would read what came in the last \(Format.time(milliseconds: age)): no checkpoint since, `checkpoint` in the auditors' logs says why")
        }
        for process in processes where process.state != .ok {
            for sample in process.samples where sample.state != .ok { found.append("\(process.process): \(sample.concern)") }
        }
        switch admission {
        case .open: break
        case .shedding: found.append("entries are shed: the pipeline has \(Format.count(load.backlog)) entries before it, Redis is \(load.memoryPercent) % full")
        case .closing: found.append("entries are not even published: Redis is \(load.memoryPercent) % full")
        }
        if deadLetters > 0 { found.append("\(Format.count(deadLetters)) dead letters: `vibe dlq list`") }
        return found + checks.compactMap(\.concern) + agentConcerns + server.concerns
    }
}

/// One stage over all of its partitions.
struct StageStatus: Sendable {
    var name: String
    /// The streams it reads, empty for ingest.
    var reads: String
    var members: [Member]
    var partitions: [PartitionStatus]

    struct Member: Sendable {
        var name: String
        /// Milliseconds since its last beat.
        var silence: Int64
    }

    var entries: Int64 { partitions.reduce(0) { $0 + $1.entries } }
    var added: Int64 { partitions.reduce(0) { $0 + $1.added } }
    var acknowledged: Int64 { partitions.reduce(0) { $0 + $1.acknowledged } }
    var backlog: Int64 { partitions.reduce(0) { $0 + $1.backlog } }
    var pending: Int64 { partitions.reduce(0) { $0 + $1.pending } }
    /// Milliseconds, of the oldest pending entry.
    var oldestPending: Int64? { partitions.compactMap(\.oldestPending).max() }
    var owned: Int { partitions.count { $0.owner != nil } }
    var unowned: Int { partitions.count - owned }
    /// Owner → number of partitions.
    var owners: [(name: String, partitions: Int)] {
        Dictionary(grouping: partitions.compactMap(\.owner)) { $0 }.map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
    }
}

/// One partition as one group sees it.
struct PartitionStatus: Sendable {
    /// `execution_jobs:03`, or for ingest the lease's name.
    var name: String
    /// Entries in the stream now, acknowledged ones that are kept included.
    var entries: Int64 = 0
    /// Entries ever added, and ever acknowledged by the group.
    var added: Int64 = 0
    var acknowledged: Int64 = 0
    /// Delivered and not acknowledged.
    var pending: Int64 = 0
    /// Age of the oldest pending entry, milliseconds.
    var oldestPending: Int64?
    var missing = false
    /// Holder of the lease; `nil` when it is free or has run out.
    var owner: String?
    var epoch: Int64?
    /// Milliseconds until the lease runs out.
    var leaseLeft: Int64?

    /// Added and not yet delivered. The server's own `lag` is not used: it is wrong after a restart.
    var backlog: Int64 { max(0, added - acknowledged - pending) }
}

/// What matters about the server itself.
struct ServerFacts: Sendable {
    var version: String
    var usedMemory: Int64
    var maximumMemory: Int64
    var policy: String
    var hasAOF: Bool
    var lastAOFWriteFailed: Bool
    var clients: Int64
    /// `run_id`: another one after each start.
    var start = ""

    var concerns: [String] {
        var found: [String] = []
        if !hasAOF { found.append("Redis has no AOF: what it acknowledges does not survive it") }
        if lastAOFWriteFailed { found.append("Redis could not write its AOF: check its disk") }
        if policy != "noeviction" { found.append("Redis may evict keys (maxmemory-policy \(policy)): set noeviction") }
        if maximumMemory > 0, usedMemory * 10 > maximumMemory * 9 {
            found.append("Redis uses \(Format.bytes(usedMemory)) of \(Format.bytes(maximumMemory))")
        }
        return found
    }
}
