import AuditTrail
import CopyTrading
import JSON

/// The orders that results tell of, attempt by attempt, and where each subscription stood after its last result.
struct SentOrders: Sendable {
    struct Attempt: Sendable {
        var job: JobID
        /// From 1.
        var number: Int
        /// Of the lease it was sent under; 0 when the result does not know it.
        var epoch: Int64 = 0
        /// The result's stream: one of each partition.
        var stream: String
        var subscriber: String
        var isEntry: Bool
        /// Coins asked for by the job's first attempt.
        var requested: Size
        /// When it was sent or, by a process that died, prepared: microseconds since 1970. Known of the last attempt alone, else 0.
        var time: Int64 = 0
    }

    /// A subscription in a coin after its last result.
    struct Holding: Sendable {
        var account: String
        var influencer: String
        var position: Size
        var outcome: Outcome
    }

    struct Place: Hashable, Comparable, Sendable {
        var subscription: String
        var coin: String

        static func < (a: Place, b: Place) -> Bool { (a.subscription, a.coin) < (b.subscription, b.coin) }
    }

    /// By cloid.
    private(set) var attempts: [String: Attempt] = [:]
    private(set) var holdings: [Place: Holding] = [:]
    private(set) var accounts: Set<String> = []

    static func read(_ reader: AuditReader) async throws -> SentOrders {
        var orders = SentOrders()
        try await reader.forEachPage(of: .results) { rows in
            try Task.checkCancellation()
            for row in rows {
                // what cannot be read is named by the trade log
                guard let json = row.data.flatMap({ try? JSON.parse($0) }), let result = try? ExecutionResult(json: json) else { continue }
                orders.add(result, stream: row.stream)
            }
        }
        return orders
    }

    mutating func add(_ result: ExecutionResult, stream: String) {
        accounts.insert(result.account.text)
        for number in stride(from: 1, through: result.attempts, by: 1) {
            let cloid = ClientOrderID(job: result.job, attempt: number)
            var attempt = Attempt(
                job: result.job, number: number, stream: stream, subscriber: result.subscriber.text, isEntry: result.action.isEntry,
                requested: result.requestedSize)
            if number <= result.epochs.count { attempt.epoch = result.epochs[number - 1] }
            if cloid == result.cloid { attempt.time = result.times.sent > 0 ? result.times.sent : result.times.prepared }
            attempts[cloid.text] = attempt
        }
        let place = Place(subscription: result.subscription.text, coin: result.coin.text)
        if let position = result.position {
            holdings[place] = Holding(
                account: result.account.text, influencer: result.influencer.text, position: position, outcome: result.outcome)
        } else if !result.action.isEntry {
            // an exit that the planner skipped
            holdings[place]?.outcome = result.outcome
        }
    }
}
