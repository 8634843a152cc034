import CopyTrading
import JSON

/// Compares the exchange's own ledger with the audit trail, line by line in the order of execution.
struct LedgerComparison: Sendable {
    private let log: TradeLog
    private(set) var findings = Findings()
    private(set) var orders = 0
    /// Accepted orders by cloid, filled ones by job.
    private var accepted: Set<String> = []
    private var filled: [JobID: LedgerOrder] = [:]
    /// (account, coin) → place of the job executed last there; (subscription, coin) → place of its signal.
    private var lastJob: [String: TradeLog.Place] = [:]
    private var lastSignal: [String: (stream: String, seq: Int64)] = [:]

    init(_ log: TradeLog) { self.log = log }

    mutating func add(line: JSON) throws(JSONError) {
        guard let order = try LedgerOrder(line: line) else { return }
        orders += 1
        if let cloid = order.cloid, !accepted.insert(cloid).inserted {
            findings.add(.duplicates, "\(order.name): accepted a second time by the exchange (oid \(order.oid ?? 0))")
        }
        guard order.isFilled else { return }
        guard let job = order.cloid.flatMap({ log.jobs[$0] }) else {
            findings.add(.duplicates, "\(order.name): filled \(order.filledSize) at the exchange, but no result knows it")
            return
        }
        if let earlier = filled[job] {
            findings.add(.duplicates, "job \(job): filled twice at the exchange, by \(earlier.cloid ?? "?") and \(order.cloid ?? "?")")
            return
        }
        filled[job] = order
        compare(order, job)
        checkOrder(of: job, order)
    }

    /// After the last line: every result that says something was traded must be in the ledger.
    mutating func finish() {
        for (job, answer) in log.answers.sorted(by: { $0.key < $1.key }) where answer.isExecuted && filled[job] == nil {
            findings.add(.missing, "job \(job) of \(answer.account) in \(answer.coin): its result says filled \(answer.filledSize), "
                + "the exchange's ledger has no such order (\(answer.cloid ?? "no cloid"))")
        }
    }

    private mutating func compare(_ order: LedgerOrder, _ job: JobID) {
        guard let answer = log.answers[job] else { return }
        var differences: [String] = []
        if !answer.isExecuted { differences.append("the result says not executed") }
        if answer.cloid != order.cloid { differences.append("cloid \(answer.cloid ?? "none")") }
        if answer.filledSize != order.filledSize { differences.append("size \(answer.filledSize), exchange \(order.filledSize)") }
        if answer.averagePrice != order.averagePrice {
            differences.append("average price \(answer.averagePrice.map { "\($0)" } ?? "none"), exchange \(order.averagePrice.map { "\($0)" } ?? "none")")
        }
        if answer.account != order.account || answer.coin != order.coin { differences.append("\(answer.account) \(answer.coin)") }
        guard !differences.isEmpty else { return }
        findings.add(.missing, "\(order.name): the result of job \(job) differs: \(differences.joined(separator: "; "))")
    }

    private mutating func checkOrder(of job: JobID, _ order: LedgerOrder) {
        guard let place = log.places[job] else {
            findings.add(.missing, "\(order.name): job \(job) is not in the audit trail")
            return
        }
        let lane = "\(order.account) \(order.coin)"
        if let last = lastJob[lane], last.stream == place.stream, last.seq > place.seq {
            findings.add(.reordered, "\(order.name): executed after job seq \(last.seq) of its lane, but is seq \(place.seq) of \(place.stream)")
        } else {
            lastJob[lane] = place
        }
        guard let signal = place.signal.flatMap({ log.signals[$0] }), let subscription = place.subscription else { return }
        let copy = "\(subscription) \(order.coin)"
        if let last = lastSignal[copy], last.stream == signal.stream, last.seq > signal.seq {
            findings.add(.reordered, "\(order.name): copies signal seq \(signal.seq) of \(signal.stream) after seq \(last.seq)")
        } else {
            lastSignal[copy] = signal
        }
    }
}
