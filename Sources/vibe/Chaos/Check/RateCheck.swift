import Settings

/// Replays every submission of orders, as the exchange saw them, through buckets of the configured size (GCRA): passing is the same as
/// at most `burst + L / T + 1` tokens in every window of length L.
///
/// A token is taken a moment before its order is sent, so the times that are known jitter against those of the buckets, and in any window
/// there may be as much more as comes back in that jitter. The moment of sending is known of a job's last order; the arrival at the exchange
/// stands for it elsewhere, also where a worker's clock was wrong: no order is under way for long. What never arrived, cancels and settling
/// noops are not counted: the check is on the safe side of the buckets.
struct RateCheck {
    private struct Action: Hashable {
        var account: String
        var nonce: Int64
        /// A nonce that was refused is another submission than the one that used it.
        var isRefused: Bool
    }

    private struct Submission {
        var account: String
        /// Microseconds since 1970.
        var time: Int64
        var cloids: [String]
        var orders: Int
    }

    /// An order is at the exchange this soon after it was sent, microseconds.
    private static let longestWay: Int64 = 30_000_000
    /// The clocks of the fleet and the exchange may differ by so much, microseconds.
    private static let skew: Int64 = 50_000

    private let sent: SentOrders
    private let limits: RateLimits
    private let egress: String
    /// Microseconds.
    private let jitter: Int64
    private var submissions: [Submission] = []
    private var places: [Action: Int] = [:]

    /// - Parameter limits: the widest that were in force during the run.
    init(_ sent: SentOrders, limits: RateLimits, egress: String, jitter: Duration) {
        self.sent = sent
        self.limits = limits
        self.egress = egress
        self.jitter = jitter.microseconds
    }

    mutating func add(_ event: LedgerEvent) {
        guard event.isSubmission, let nonce = event.nonce, sent.accounts.contains(event.account) else { return }
        let action = Action(account: event.account, nonce: nonce, isRefused: event.action == "refused")
        let orders = action.isRefused ? max(1, event.cloids.count) : 1
        if let place = places[action], !action.isRefused {
            submissions[place].cloids += event.cloids
            submissions[place].orders += orders
        } else {
            places[action] = submissions.count
            submissions.append(Submission(account: event.account, time: event.time * 1_000, cloids: event.cloids, orders: orders))
        }
    }

    /// After the last line.
    mutating func finish(_ verdict: inout InvariantVerdict) {
        var seen: Set<String> = []
        // a cloid that was refused and sent again is known by its last sending
        for index in submissions.indices.reversed() {
            for cloid in submissions[index].cloids {
                guard seen.insert(cloid).inserted, let time = sent.attempts[cloid]?.time else { continue }
                let arrived = submissions[index].time
                if (arrived - Self.longestWay...arrived + Self.skew).contains(time) { submissions[index].time = time }
            }
        }
        submissions.sort { $0.time < $1.time }
        var arrivals: [RateLimits.Bucket: Int64] = [:]
        for submission in submissions {
            verdict.look()
            let subscriber = submission.cloids.lazy.compactMap { [sent] in sent.attempts[$0]?.subscriber }.first
            if let subscriber { take(submission.orders, .subscriber(subscriber), submission, &arrivals, &verdict) }
            take(submission.orders, .account(submission.account), submission, &arrivals, &verdict)
            take(1 + submission.orders / 40, .egress(egress), submission, &arrivals, &verdict)
        }
        verdict.note("jitter of \(jitter / 1_000) ms allowed between token and order")
    }

    private func take(
        _ tokens: Int, _ bucket: RateLimits.Bucket, _ submission: Submission, _ arrivals: inout [RateLimits.Bucket: Int64],
        _ verdict: inout InvariantVerdict
    ) {
        let limit = limits.effective(for: bucket)
        let after = max(arrivals[bucket] ?? 0, submission.time) + limit.interval * Int64(tokens)
        let allowed = limit.tolerance + limit.interval + jitter
        let over = after - submission.time - allowed
        if over > 0 {
            let name = submission.cloids.first ?? "without cloid"
            verdict.find("\(bucket): order \(name) was sent \(Format.time(microseconds: over)) before \(limit) allows it")
        }
        // an excess is one finding, not one for each order after it
        arrivals[bucket] = min(after, submission.time + allowed)
    }
}
