/// A place between two effects of the code at which a test can end, stop or delay the process, or make it fail.
///
/// Nothing is armed unless `VIBE_FAILPOINTS` says so; a place that is not armed costs one read of a constant.
/// A stage's commit and its next fetch are one call to Redis: `before_commit` and `before_fetch` are passed one after the other.
public enum Failpoint: String, CaseIterable, Sendable {
    // the loop of every stage; `after_fetch`: entries are here, the handler has not seen them
    case matchBeforeFetch = "match.before_fetch"
    case matchAfterFetch = "match.after_fetch"
    case matchBeforeCommit = "match.before_commit"
    case matchAfterCommit = "match.after_commit"
    case planBeforeFetch = "plan.before_fetch"
    case planAfterFetch = "plan.after_fetch"
    case planBeforeCommit = "plan.before_commit"
    case planAfterCommit = "plan.after_commit"
    case workBeforeFetch = "work.before_fetch"
    case workAfterFetch = "work.after_fetch"
    case workBeforeCommit = "work.before_commit"
    case workAfterCommit = "work.after_commit"
    case auditBeforeFetch = "audit.before_fetch"
    case auditAfterFetch = "audit.after_fetch"
    /// The auditor commits in Postgres, and to its stream it says so: an acknowledgement.
    case auditBeforeAcknowledgement = "audit.before_ack"
    case auditAfterAcknowledgement = "audit.after_ack"

    case workBeforeJournal = "work.before_journal"
    /// Journalled, tokens taken, nothing sent.
    case workAfterJournal = "work.after_journal"
    case workBeforeSend = "work.before_send"
    /// The bytes of a signed action (an order, or the `noop` that settles one) are with the kernel, no reply yet.
    case workAfterWrite = "work.after_write"
    case workAfterReply = "work.after_reply"
    /// Before the `noop` that proves what became of an order.
    case workBeforeSettle = "work.before_settle"
    case workAfterSettleNoop = "work.after_settle_noop"
    /// Proved, not noted yet.
    case workAfterSettle = "work.after_settle"

    /// Inside the transaction.
    case auditBeforeInsert = "audit.before_insert"
    /// Everything written, the transaction still open.
    case auditBeforeCommit = "audit.before_commit"
    /// Committed, not acknowledged.
    case auditAfterCommit = "audit.after_commit"

    /// Applied, not published.
    case ingestAfterFrame = "ingest.after_frame"
    case ingestBeforePublish = "ingest.before_publish"
    case ingestAfterPublish = "ingest.after_publish"

    /// The lease is taken, the process has not noted it. Leases of every role.
    case leaseAfterAcquire = "lease.after_acquire"
    case leaseBeforeRelease = "lease.before_release"

    /// A step of the loop that all stages share.
    public enum Step: String, Sendable {
        case beforeFetch = "before_fetch"
        case afterFetch = "after_fetch"
        case beforeCommit = "before_commit"
        case afterCommit = "after_commit"
    }

    /// `nil` for a stage that has no such points.
    static func of(stage: String, _ step: Step) -> Failpoint? {
        switch (stage, step) {
        case ("audit", .beforeCommit): .auditBeforeAcknowledgement
        case ("audit", .afterCommit): .auditAfterAcknowledgement
        default: Failpoint(rawValue: "\(stage).\(step.rawValue)")
        }
    }

    /// Whether the code at the point can be made to throw.
    var canThrow: Bool {
        switch self {
        case .matchAfterFetch, .planAfterFetch, .workAfterFetch, .auditAfterFetch, .workAfterWrite, .workAfterSettle, .ingestAfterFrame,
            .leaseAfterAcquire, .leaseBeforeRelease:
            false
        default: true
        }
    }
}

extension Failpoint {
    /// What the environment arms, for the life of the process; `nil` in every process that is no test's.
    @usableFromInline static let armed = ArmedFailpoints.fromEnvironment()

    @inlinable public static var isArmed: Bool { armed != nil }

    /// The code is about to go on from this point.
    @inlinable public static func reached(_ point: Failpoint) {
        if let armed { _ = armed.pass(point) }
    }

    /// - Throws: `fault` where the point is armed to throw.
    @inlinable public static func reached<Fault: Error>(_ point: Failpoint, throwing fault: @autoclosure () -> Fault) throws(Fault) {
        if let armed, armed.pass(point) { throw fault() }
    }

    /// The same for a step of a stage.
    @inlinable public static func reached(stage: String, _ step: Step) {
        if let armed { _ = armed.pass(stage: stage, step) }
    }

    @inlinable public static func reached<Fault: Error>(
        stage: String, _ step: Step, throwing fault: @autoclosure () -> Fault
    ) throws(Fault) {
        if let armed, armed.pass(stage: stage, step) { throw fault() }
    }
}
