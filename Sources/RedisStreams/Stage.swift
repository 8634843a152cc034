/// A role of the fleet as the bus sees it: a consumer group and the partitions it reads.
public struct Stage: Sendable {
    public let name: String
    public let group: String
    public let inputs: [StreamPartition]
    /// As they appear in lease keys.
    public let partitionNames: [String]
    /// The hash with the state that a hand-off stores, by partition.
    public let stateKey: @Sendable (Keys, Int) -> String

    public static func match(_ partitioning: Partitioning) -> Stage {
        Stage(name: "match", group: Group.matcher, inputs: partitions(.signals, partitioning)) { keys, _ in keys.unused }
    }

    public static func plan(_ partitioning: Partitioning) -> Stage {
        Stage(name: "plan", group: Group.planner, inputs: partitions(.requests, partitioning)) { $0.lifecycles($1) }
    }

    public static func work(_ partitioning: Partitioning) -> Stage {
        Stage(name: "work", group: Group.worker, inputs: partitions(.jobs, partitioning)) { $0.sleeves($1) }
    }

    /// Reads every stream; its partitions are named by stream.
    public static func audit(_ partitioning: Partitioning) -> Stage {
        Stage(name: "audit", group: Group.audit, inputs: partitioning.all, names: partitioning.all.map(\.name)) { keys, _ in keys.unused }
    }

    private static func partitions(_ stream: Stream, _ partitioning: Partitioning) -> [StreamPartition] {
        (0..<partitioning.count(stream)).map { StreamPartition(stream, $0) }
    }

    init(
        name: String, group: String, inputs: [StreamPartition], names: [String]? = nil, stateKey: @escaping @Sendable (Keys, Int) -> String
    ) {
        self.name = name
        self.group = group
        self.inputs = inputs
        partitionNames = names ?? inputs.indices.map(twoDigits)
        self.stateKey = stateKey
    }
}

/// Who owns which partition: every process computes it alone and they agree, because all read the same members.
///
/// Highest random weight: when a member comes or goes only the partitions it gains or loses move.
public enum Rendezvous {
    public static func owner(of partition: String, stage: String, members: [String]) -> String? {
        members.max { (StableHash.of("\(stage)/\(partition)/\($0)"), $0) < (StableHash.of("\(stage)/\(partition)/\($1)"), $1) }
    }
}
