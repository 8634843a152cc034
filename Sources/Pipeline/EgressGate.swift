import Hyperliquid
import Logging
import RedisStreams

/// The request weight of one address of ours, as a token bucket that every process behind the address shares.
///
/// Reads come last: they leave a part of the bucket to orders, and wait when it is reached. Those that something waits for leave less,
/// so that a fleet that looks after many accounts at once keeps neither a role from starting nor a leader from being heard; those that an
/// exit waits for have its place: what entries leave is theirs.
public struct EgressGate: RequestGate {
    /// A read that would have to wait longer is given up; its caller tries again later.
    public static let longestWait = Duration.seconds(30)
    /// The same where an exit waits for it: it goes on without.
    public static let longestWaitOfExit = Duration.seconds(3)
    /// One part in so many of a full bucket is left to orders, and to reads that something waits for.
    static let routineShare = 2
    /// One part in so many of a full bucket that these leave to orders.
    static let awaitedShare = 4
    /// A pause after the exchange's own 429, which says nothing of how long.
    static let penalty = Duration.seconds(2)

    private let bucket: TokenBucket
    private let logger: Logger

    public init(bucket: TokenBucket, logger: Logger) {
        self.bucket = bucket
        self.logger = logger
    }

    public func admit(_ weight: Int) async throws(ExchangeError) {
        let urgency = ReadUrgency.current
        let deadline = ContinuousClock.now + (urgency == .exit ? Self.longestWaitOfExit : Self.longestWait)
        // a bucket that holds less than one read is a limit for orders; a read may empty it
        let spare = min(spare(of: urgency), max(0, bucket.rate.burst - weight))
        while true {
            let wait: Int64
            do {
                switch try await bucket.take(min(weight, bucket.rate.burst), leaving: spare) {
                case .taken: return
                case .wait(let microseconds): wait = microseconds
                case .never: throw ExchangeError.notSent("a read of weight \(weight) never fits the egress rate")
                }
            } catch let error as ExchangeError { throw error } catch { throw .notSent("the egress rate cannot be read: \(error)") }
            guard ContinuousClock.now + .microseconds(wait) <= deadline else {
                throw .notSent("the egress rate has no room for \(wait / 1_000) ms")
            }
            do { try await Task.sleep(for: .microseconds(wait)) } catch { throw .notSent("cancelled") }
        }
    }

    private func spare(of urgency: ReadUrgency) -> Int {
        switch urgency {
        case .routine: bucket.rate.burst / Self.routineShare
        case .awaited: bucket.rate.burst / Self.awaitedShare
        case .exit: 0
        }
    }

    public func charge(_ weight: Int) async {
        do { try await bucket.spend(weight) } catch { logger.warning("egress.uncharged", metadata: ["weight": "\(weight)", "error": "\(error)"]) }
    }

    public func refused() async {
        do { try await bucket.penalise(for: Self.penalty) } catch { logger.warning("egress.unpenalised", metadata: ["error": "\(error)"]) }
    }
}
