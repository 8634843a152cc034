import CopyTrading
import JSON
import Pipeline
import RedisStreams

/// What a recovery writes into Redis, as Postgres has it. Reading it changes nothing.
public struct RecoveryPlan: Sendable {
    /// One partition of a stream.
    public struct StreamPart: Sendable {
        public var partition: StreamPartition
        public var lastID: String
        public var lastNumber: Int64
        /// Not finished: delivered to its stage again.
        public var again: [CellRebuild.Entry] = []
        public var missing: [Missing] = []
    }

    /// Not on record, but known by what it led to.
    public struct Missing: Sendable {
        public var emission: Emission
        /// Of a signal: under which its fan-out began.
        public var configVersion: Int64?
    }

    public var streams: [StreamPart] = []
    /// When the checkpoint was taken that it begins with, Redis time, milliseconds; `nil`: all of the trail was read.
    public var checkpoint: Int64?
    /// Nothing on record was written under a later epoch. Leases begin with later ones: the clock that made these may have been ahead.
    public var newestEpoch: Int64 = 0
    /// Partition of signals → entry → cursor of its fan-out: from the beginning, under the configuration it began with.
    public var fanouts: [Int: [String: String]] = [:]
    /// Day → signal ids.
    public var seen: [String: [String]] = [:]
    public var knownRequests: Set<String> = []
    /// By partition of accounts.
    public var knownLegs: [Int: Set<String>] = [:]
    public var decisions: [Int: [String: String]] = [:]
    /// By partition of accounts: what else is known of requests among those to be planned.
    public var undecided: [Int: [String: UndecidedRequest]] = [:]
    /// Jobs among what is missing that were answered.
    public var answered: [Int: [String]] = [:]
    public var sleeves: [Int: [String: Sleeve]] = [:]
    public var lifecycles: [Int: [String: Lifecycle]] = [:]
    /// What workers emitted by themselves.
    public var emitted: [Int: [String]] = [:]
    /// By partition of signals.
    public var cursors: [Int: [String: LeaderCursor]] = [:]
    /// What could not be understood, for people.
    public var doubts: [String] = []

    public init() {}

    public var sleeveCount: Int { sleeves.values.reduce(0) { $0 + $1.count } }
    public var lifecycleCount: Int { lifecycles.values.reduce(0) { $0 + $1.count } }
    public var leaderCount: Int { cursors.values.reduce(0) { $0 + $1.count } }
    public var seenCount: Int { seen.values.reduce(0) { $0 + $1.count } }

    /// All partitions of a stream together.
    public func counts(_ stream: RedisStreams.Stream) -> (finished: Int64, again: Int, missing: Int) {
        streams.filter { $0.partition.stream == stream }.reduce((0, 0, 0)) { sum, part in
            (sum.0 + part.lastNumber - Int64(part.again.count), sum.1 + part.again.count, sum.2 + part.missing.count)
        }
    }

    public var json: JSON {
        let streams = RedisStreams.Stream.allCases.map { stream -> JSON in
            let counts = counts(stream)
            return [
                "name": .string(stream.rawValue), "finished": .integer(counts.finished), "again": .integer(counts.again),
                "missing": .integer(counts.missing),
            ]
        }
        return [
            "streams": .array(streams), "checkpointMs": checkpoint.map { .integer($0) } ?? .null, "sleeves": .integer(sleeveCount), "lifecycles": .integer(lifecycleCount), "leaders": .integer(leaderCount),
            "seenSignals": .integer(seenCount), "knownRequests": .integer(knownRequests.count),
            "knownLegs": .integer(knownLegs.values.reduce(0) { $0 + $1.count }),
            "ownEmissions": .integer(emitted.values.reduce(0) { $0 + $1.count }), "doubts": .array(doubts.map(JSON.string)),
        ]
    }
}
