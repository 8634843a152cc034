/// The work of a stage, behind the bus. The runner calls it; for one partition never two calls at a time.
public protocol StageHandler: Sendable {
    /// The partition is ours under `epoch`: load its state. Called before any of its entries.
    func begin(_ partition: Int) async throws
    /// Entries in stream order, each exactly once while the partition is ours.
    func receive(_ entries: [StreamEntry], partition: Int) async
    /// What it has for the runner by now.
    /// - Parameter limits: partition → most completions of it.
    func ready(_ limits: [Int: Int]) async -> ReadyWork
    /// The fan-out of an entry stands elsewhere than its chunk assumed: go on from `cursor` under `configVersion`.
    func resume(_ partition: Int, entry: String, cursor: Int, configVersion: Int64) async
    /// The partition will be given up: start nothing new. Returns the entries that are not being worked on; they stay pending for the
    /// successor. Asked again until the rest is committed.
    func drain(_ partition: Int) async -> [String]
    /// An entry that brings processes down is put aside and not handed to ``receive(_:partition:)``: what its stage knows of it. Must not look
    /// into its data, which may be what brings them down.
    func remains(of entry: StreamEntry, partition: Int) async -> Remains
    /// The partition is no longer ours: forget it.
    func end(_ partition: Int) async
}

extension StageHandler {
    public func begin(_ partition: Int) async throws {}
    public func resume(_ partition: Int, entry: String, cursor: Int, configVersion: Int64) async {}
    public func remains(of entry: StreamEntry, partition: Int) async -> Remains { Remains() }
    public func drain(_ partition: Int) async -> [String] { [] }
    public func end(_ partition: Int) async {}
}

/// What a handler has for its runner. Everything is handed out once; the runner repeats a completion until Redis confirms.
public struct ReadyWork: Sendable {
    /// Of partitions that have something to be committed. The hand-offs of one partition are committed by one script, all or nothing.
    public var completions: [Int: [Completion]]
    /// Partitions of which the handler's own store says that somebody else has them.
    public var fenced: [Int]

    public init(completions: [Int: [Completion]] = [:], fenced: [Int] = []) {
        self.completions = completions
        self.fenced = fenced
    }
}

/// A handler that is an actor: what it has is collected in one visit, partition by partition.
public protocol StageActor: StageHandler, Actor {
    /// At most `limit`, but as much as must be committed together.
    func completions(_ partition: Int, limit: Int) -> [Completion]
    /// As in ``ReadyWork/fenced``.
    func fenced() -> [Int]
}

extension StageActor {
    public func fenced() -> [Int] { [] }

    public func ready(_ limits: [Int: Int]) -> ReadyWork {
        ReadyWork(completions: limits.reduce(into: [:]) { $0[$1.key] = completions($1.key, limit: $1.value) }, fenced: fenced())
    }
}
