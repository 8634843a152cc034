/// How a process stands in its stage, as of its last beat that went through: scripts were called on the connection that keeps its leases.
public struct LeaseStanding: Sendable, Equatable {
    /// `nil` before the first.
    public var beatAt: ContinuousClock.Instant?
    /// Live processes of the stage.
    public var members = 0
    /// Partitions that fall to this process; none where there are more processes than partitions.
    public var due = 0
    public var held = 0
    /// Since when fewer are held than fall to it: another has not let go of them.
    public var shortSince: ContinuousClock.Instant?

    public init() {}
}

/// How a stage gets on in one process.
public struct StageStanding: Sendable, Equatable {
    /// Partitions that it works on.
    public var partitions = 0
    /// Entries taken and not committed.
    public var pending = 0
    /// Since when entries of a partition are pending and none of it was committed, of the partition that stands longest; `nil` while none is
    /// pending.
    public var pendingSince: ContinuousClock.Instant?
    /// Partitions held that could not be begun, and since when.
    public var unbegun = 0
    public var unbegunSince: ContinuousClock.Instant?
    /// When its streams were last read, or an entry last committed; `nil` before the first time.
    public var reachedAt: ContinuousClock.Instant?

    public init() {}
}
