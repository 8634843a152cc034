import CopyTrading

/// What cannot be read afterwards from Redis, Postgres and the exchange's ledger: the harness that made the faults writes it down.
/// Times are milliseconds since 1970.
struct ChaosObservations: Sendable {
    /// A partition's way from one process to another.
    struct HandOver: Sendable {
        enum Cause: String, Sendable, CaseIterable { case killed, stoppedIdle = "stopped idle", stoppedBusy = "stopped busy" }

        var cause: Cause
        /// `work 03`
        var partition: String
        var took: Duration
        /// Killed: the life of a lease and a second. Stopped idle: 200 ms. Stopped busy: the time that draining may take.
        var limit: Duration
    }

    struct HealthSample: Sendable {
        var process: String
        var at: Int64
        var isGreen: Bool
        /// What it complains of.
        var concern = ""
        /// Whether the process could have made progress then, as far as the harness' faults tell.
        var couldProgress: Bool
    }

    struct Fault: Sendable {
        var name: String
        var began: Int64
        var healed: Int64
    }

    /// Of one process, before the first fault and at rest after the last.
    struct Usage: Sendable {
        var process: String
        /// Bytes.
        var memory: (before: Int64, after: Int64)
        var files: (before: Int, after: Int)
    }

    /// A fill that a leader made at the exchange.
    struct SourceFill: Sendable {
        var leader: String
        var coin: String
        var trade: Int64
        var time: Int64
    }

    /// What is no violation on a machine that others share.
    struct Tolerances: Sendable {
        /// A hand-over fails above its limit times this.
        var handOverFactor = 3
        /// Samples so close to the begin or end of a fault, or to a change of what was possible, are not judged.
        var healthSettling = Duration.seconds(5)
        /// What had no processor for so long may have said that it is unwell.
        var starvation = Duration.zero
        /// Between taking tokens and the moment that stands for sending.
        var sending = Duration.milliseconds(500)
        /// For so long after a successor's first order, orders of other accounts that its predecessor had sent may still arrive.
        var transit = Duration.seconds(10)
        /// A process may end with this many times its memory and this much more, and with so many more open files.
        var memoryFactor: Int64 = 2
        var memorySlack: Int64 = 64 << 20
        var fileSlack = 32
    }

    var handOvers: [HandOver] = []
    var health: [HealthSample] = []
    var faults: [Fault] = []
    /// Names of the processes that should be alive; empty is not compared.
    var members: Set<String> = []
    var usage: [Usage] = []
    /// From the last heal to rest; `nil` when rest was never reached.
    var restAfter: Duration?
    var restLimit = Duration.seconds(60)
    /// By name of a partition: up to which number the last recovery restored only what was unfinished.
    var restoredThrough: [String: Int] = [:]
    /// Every fill of every leader, oldest first; `nil` compares none.
    var source: [SourceFill]?
    /// Accounts that trade at the exchange and are nobody's follower.
    var otherAccounts: Set<String> = []
    /// `account coin` → why a position there is rightly held although its leader is flat: by hand, or frozen.
    var excusedPositions: [String: String] = [:]
    var tolerances = Tolerances()
    /// Of which the run must have something to look at.
    var required = Set(Invariant.allCases)

    init() {}
}
