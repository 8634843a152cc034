import AuditTrail
import CopyTrading
import JSON

/// What the audit trail says was traded, in the form the exchange's ledger is compared with.
struct TradeLog: Sendable {
    /// A job's one result.
    struct Answer: Sendable {
        var job: JobID
        var account: String
        var coin: String
        var isExecuted: Bool
        var filledSize: Size
        var averagePrice: Price?
        /// Of the last attempt.
        var cloid: String?
    }

    /// Where a job stands in its lane, and its signal in its stream.
    struct Place: Sendable {
        var stream: String
        var seq: Int64
        var signal: String?
        var subscription: String?
    }

    private(set) var answers: [JobID: Answer] = [:]
    /// Every cloid that an attempt of a job may have had → the job.
    private(set) var jobs: [String: JobID] = [:]
    private(set) var places: [JobID: Place] = [:]
    /// What the exchange did by orders of ours that rested there.
    private(set) var resting: Set<JobID> = []
    /// Orders (by cloid) that were sent on a record that was lost with Redis: the place that their job has now says nothing about when.
    private(set) var displaced: Set<String> = []
    /// Signal → its stream and place there.
    private(set) var signals: [String: (stream: String, seq: Int64)] = [:]
    /// Results that could not be read, each with what is wrong.
    private(set) var unreadable: [String] = []
    /// Total wait for tokens and how many results waited, by the bucket that limited.
    private(set) var waits: [String: (count: Int, microseconds: Int64)] = [:]

    static func read(_ reader: AuditReader) async throws -> TradeLog {
        var log = TradeLog()
        for kind in [AuditKind.signals, .jobs, .results] {
            try await reader.forEachPage(of: kind) { rows in
                try Task.checkCancellation()
                for row in rows {
                    switch kind {
                    case .signals: log.add(signal: row)
                    case .jobs: log.add(job: row)
                    default: log.add(result: row)
                    }
                }
            }
        }
        return log
    }

    private mutating func add(signal row: AuditRow) {
        if let id = row.signal, let seq = row.seq { signals[id] = (row.stream, seq) }
    }

    private mutating func add(job row: AuditRow) {
        guard let job = row.job, let seq = row.seq else { return }
        // A job that a worker made by itself, which has no request, names the signal that opened its position and copies none.
        places[JobID(job)] = Place(stream: row.stream, seq: seq, signal: row.request == nil ? nil : row.signal, subscription: row.subscription)
    }

    private mutating func add(result row: AuditRow) {
        do {
            let result = try ExecutionResult(json: try JSON.parse(row.data ?? ""))
            // Every attempt before the last had a cloid as well: it is a function of job and attempt.
            for attempt in stride(from: 1, through: result.attempts, by: 1) {
                let cloid = ClientOrderID(job: result.job, attempt: attempt).text
                jobs[cloid] = result.job
                if attempt <= result.epochs.count, result.epochs[attempt - 1] == 0 { displaced.insert(cloid) }
            }
            if let cloid = result.cloid { jobs[cloid.text] = result.job }
            if result.origin?.isQueued == false { resting.insert(result.job) }
            if let bucket = result.times.limitedBy {
                waits[bucket, default: (0, 0)].count += 1
                waits[bucket, default: (0, 0)].microseconds += result.times.limitedMicroseconds
            }
            answers[result.job] = Answer(
                job: result.job, account: result.account.text, coin: result.coin.text, isExecuted: result.outcome.isExecuted,
                filledSize: result.filledSize, averagePrice: result.averagePrice, cloid: result.cloid?.text)
        } catch { unreadable.append("\(row.stream) \(row.entryID): \(error)") }
    }
}
