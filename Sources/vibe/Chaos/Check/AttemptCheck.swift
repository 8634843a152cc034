import CopyTrading

/// A job's next attempt is legitimate exactly when the one before it can have no further effect (see `WorkStage+Answers`):
///
/// | the attempt before                  | an entry       | an exit                                    |
/// |-------------------------------------|----------------|--------------------------------------------|
/// | never landed, by its settlement     | next attempt   | next attempt                               |
/// | refused by the exchange             | ends           | next attempt, priced further               |
/// | filled in part                      | ends           | next attempt, while less is filled than asked |
/// | filled as asked, or resting         | ends           | ends                                       |
///
/// So an attempt past the first needs that no earlier one rests, that none of an entry was accepted and that those of an exit filled less
/// than was asked; and none may land after a later one was seen. That the exchange accepts no cloid twice is the ledger comparison's.
struct AttemptCheck {
    private struct Job {
        /// The highest attempt that the exchange saw.
        var newest = 0
        var accepted = 0
        var filled = Size.zero
        var rests = false
    }

    private let sent: SentOrders
    private var jobs: [JobID: Job] = [:]

    init(_ sent: SentOrders) { self.sent = sent }

    mutating func add(_ event: LedgerEvent, _ verdict: inout InvariantVerdict) {
        guard event.action == "order" || event.action == "fill", let cloid = event.cloids.first, let attempt = sent.attempts[cloid] else { return }
        var job = jobs[attempt.job] ?? Job()
        defer { jobs[attempt.job] = job }
        guard event.action == "order" else {
            job.filled += event.filled
            job.rests = event.status == "open"
            return
        }
        let name = "attempt \(attempt.number) (\(cloid)) of job \(attempt.job) of \(event.account)"
        if attempt.number > job.newest {
            if let reason = Self.obstacle(job, attempt) { verdict.find("\(name) was sent although \(reason)") }
        } else if attempt.number < job.newest, event.isAcceptedOrder {
            verdict.find("\(name) landed after attempt \(job.newest) had been sent")
        }
        job.newest = max(job.newest, attempt.number)
        guard event.isAcceptedOrder else { return }
        verdict.look()
        job.accepted += 1
        job.filled += event.filled
        job.rests = event.status == "resting"
    }

    private static func obstacle(_ job: Job, _ attempt: SentOrders.Attempt) -> String? {
        if job.rests { return "one before it rests at the exchange" }
        guard job.accepted > 0 else { return nil }
        if attempt.isEntry { return "an entry's attempt before it was accepted" }
        return job.filled < attempt.requested ? nil : "those before it filled \(job.filled) of \(attempt.requested)"
    }
}
