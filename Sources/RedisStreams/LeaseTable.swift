import Synchronization

/// The leases a process holds, readable at any moment from any thread: a worker looks here right before it writes an order.
public final class LeaseTable: Sendable {
    public struct Lease: Sendable, Equatable {
        public var epoch: String
        /// By the local clock: the lease's end less the margin. Nothing may be begun after it, as another process may soon own the partition.
        public var deadline: ContinuousClock.Instant
    }

    private let leases = Mutex<[Int: Lease]>([:])

    public init() {}

    public func lease(_ partition: Int) -> Lease? { leases.withLock { $0[partition] } }
    public var all: [Int: Lease] { leases.withLock { $0 } }

    /// Until when a partition is held under an epoch; `nil`: it is not, or under another.
    public func deadline(_ partition: Int, of epoch: String) -> ContinuousClock.Instant? {
        lease(partition).flatMap { $0.epoch == epoch ? $0.deadline : nil }
    }

    /// True while the partition is held, under whichever epoch: enough to begin something. Before an order is written ``deadline(_:of:)`` is
    /// asked, under the epoch of its attempt.
    public func isHeld(_ partition: Int, at now: ContinuousClock.Instant) -> Bool {
        leases.withLock { $0[partition].map { now < $0.deadline } ?? false }
    }

    func set(_ partition: Int, _ lease: Lease?) { leases.withLock { $0[partition] = lease } }
}
