import CopyTrading
import JSON

/// Compares the exchange's own ledger with the audit trail, line by line in the order of execution.
struct LedgerComparison: Sendable {
    private let log: TradeLog
    private(set) var findings = Findings()
    private(set) var orders = 0
    /// Accepted orders by cloid, filled ones by job.
    private var accepted: Set<String> = []
    private var filled: [JobID: [LedgerOrder]] = [:]
    /// (account, coin) → place of the job executed last there; (subscription, coin) → place of its signal.
    private var lastJob: [String: TradeLog.Place] = [:]
    private var lastSignal: [String: (stream: String, seq: Int64)] = [:]

    init(_ log: TradeLog) { self.log = log }

    mutating func add(line: JSON) throws(JSONError) {
        guard let order = try LedgerOrder(line: line) else { return }
        if order.isAccepted { orders += 1 }
        if order.isAccepted, let cloid = order.cloid, !accepted.insert(cloid).inserted {
            findings.add(.duplicates, "\(order.name): accepted a second time by the exchange (oid \(order.oid ?? 0))")
        }
        guard order.isFilled else { return }
        guard let cloid = order.cloid, let job = log.jobs[cloid] else {
            findings.add(.duplicates, "\(order.name): filled \(order.filledSize) at the exchange, but no result knows it")
            return
        }
        filled[job, default: []].append(order)
        // An order of ours that rests is carried out by the exchange: no job was queued for it.
        if !log.resting.contains(job), !log.displaced.contains(cloid) { checkOrder(of: job, order) }
    }

    /// After the last line: each job's result says exactly what the exchange filled for it, over all of its attempts.
    mutating func finish() {
        for (job, answer) in log.answers.sorted(by: { $0.key < $1.key }) {
            if let orders = filled[job] {
                compare(orders, job, answer)
            } else if answer.isExecuted {
                findings.add(.missing, "job \(job) of \(answer.account) in \(answer.coin): its result says filled \(answer.filledSize), "
                    + "the exchange's ledger has no such order (\(answer.cloid ?? "no cloid"))")
            }
        }
    }

    private mutating func compare(_ orders: [LedgerOrder], _ job: JobID, _ answer: TradeLog.Answer) {
        let name = orders.map(\.name).joined(separator: " and ")
        let size = orders.reduce(Size.zero) { $0 + $1.filledSize }
        if answer.filledSize < size, orders.count > 1 {
            findings.add(.duplicates, "\(name): filled \(size) at the exchange for job \(job), whose result says \(answer.filledSize)")
            return
        }
        var differences: [String] = []
        if !answer.isExecuted { differences.append("the result says not executed") }
        if answer.filledSize != size { differences.append("size \(answer.filledSize), exchange \(size)") }
        // the worker knows the answered average, or after a settlement the fills: the truth lies between the two
        let answered = price(orders.map(\.answeredWeight), size)
        let exact = price(orders.map(\.exactWeight), size)
        let range = min(answered, exact)...max(answered, exact)
        if answer.averagePrice.map({ !range.contains($0) }) ?? true {
            differences.append("average price \(answer.averagePrice.map { "\($0)" } ?? "none"), exchange \(exact)")
        }
        if let other = orders.first(where: { $0.account != answer.account || $0.coin != answer.coin }) {
            differences.append("\(answer.account) \(answer.coin), exchange \(other.account) \(other.coin)")
        }
        guard !differences.isEmpty else { return }
        findings.add(.missing, "\(name): the result of job \(job) differs: \(differences.joined(separator: "; "))")
    }

    private func price(_ weights: [Int128], _ size: Size) -> Price { Price(e8: Int64(weights.reduce(0, +) / Int128(size.e8))) }

    private mutating func checkOrder(of job: JobID, _ order: LedgerOrder) {
        guard let place = log.places[job] else {
            findings.add(.missing, "\(order.name): job \(job) is not in the audit trail")
            return
        }
        let lane = "\(order.account) \(order.coin)"
        if let last = lastJob[lane], last.stream == place.stream, last.seq > place.seq {
            findings.add(.reordered, "\(order.name): executed after job seq \(last.seq) of its lane, but is seq \(place.seq) of \(place.stream)")
            return
        }
        lastJob[lane] = place
        guard let signal = place.signal.flatMap({ log.signals[$0] }), let subscription = place.subscription else { return }
        let copy = "\(subscription) \(order.coin)"
        if let last = lastSignal[copy], last.stream == signal.stream, last.seq > signal.seq {
            findings.add(.reordered, "\(order.name): copies signal seq \(signal.seq) of \(signal.stream) after seq \(last.seq)")
        } else {
            lastSignal[copy] = signal
        }
    }
}
