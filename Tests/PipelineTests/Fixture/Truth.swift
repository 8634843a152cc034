import AuditTrail
import CopyTrading
import JSON
import Redis
import RedisStreams
import Testing

@testable import Pipeline

/// What happened, as all the witnesses tell it: the audit trail, the exchange's ledger, and the state in Redis.
struct Truth: Sendable {
    /// In stream order, by stream.
    var signals: [Signal] = []
    var requests: [ExecutionRequest] = []
    /// With their numbers in their streams.
    var jobs: [JobID: (job: ExecutionJob, seq: Int64)] = [:]
    var results: [ExecutionResult] = []
    var deadLetters: [AuditRow] = []
    var ledger: [LedgerLine] = []
    var sleeves: [HoldingKey: Sleeve] = [:]

    func results(of subscription: String) -> [ExecutionResult] { results.filter { $0.subscription.text == subscription } }

    /// Results with another outcome, or another number of attempts; one line each.
    func others(_ outcome: Outcome, attempts: Int? = nil) -> [String] {
        results.filter { $0.outcome != outcome || attempts.map { [count = $0.attempts] in count != $0 } ?? false }.map {
            "\($0.subscription) \($0.coin) \($0.action) \($0.outcome.rawValue) attempts \($0.attempts): \($0.detail ?? "") \($0.times)"
        }
    }

    /// Orders of an account at the exchange, oldest first.
    func orders(of account: String, _ coin: String? = nil) -> [LedgerLine] {
        ledger.filter { $0.isOrder && $0.account == account && (coin == nil || $0.coin == coin) }
    }

    /// What the exchange says an account holds.
    func position(of account: String, _ coin: String) -> Size { orders(of: account, coin).last?.positionAfter ?? .zero }
}

extension Fleet {
    /// Reads everything; call when settled.
    func truth() async throws -> Truth {
        var truth = Truth()
        let reader = AuditReader(postgresObserver)
        func json(_ row: AuditRow) throws -> JSON { try JSON.parse(row.data ?? "") }
        try await reader.forEachPage(of: .signals) { rows in
            for row in rows { if let signal = try? Signal(json: json(row)) { truth.signals.append(signal) } }
        }
        try await reader.forEachPage(of: .requests) { rows in
            for row in rows { if let request = try? ExecutionRequest(json: json(row)) { truth.requests.append(request) } }
        }
        try await reader.forEachPage(of: .jobs) { rows in
            for row in rows { if let job = try? ExecutionJob(json: json(row)) { truth.jobs[job.id] = (job, row.seq ?? 0) } }
        }
        try await reader.forEachPage(of: .results) { rows in
            for row in rows { if let result = try? ExecutionResult(json: json(row)) { truth.results.append(result) } }
        }
        try await reader.forEachPage(of: .other("dead_letters")) { rows in truth.deadLetters += rows }
        truth.ledger = try exchange.ledger()
        for partition in 0..<partitioning.accounts {
            for (field, value) in try await observer.hash(keys.sleeves(partition)) {
                truth.sleeves[try #require(HoldingKey(field: field))] = try Sleeve(json: JSON.parse(value))
            }
        }
        return truth
    }

    /// Everything that must hold of any run, whatever happened in it. Call when settled.
    /// - Parameter foreign: whether entries were added by hand: those have no number.
    @discardableResult
    func verify(foreign: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Truth {
        let truth = try await truth()
        try await verifyAudit(foreign: foreign, sourceLocation)
        try await verifyResults(truth, foreign: foreign, sourceLocation)
        verifyLedger(truth, foreign: foreign, sourceLocation)
        if !foreign { try await verifyTrades(sourceLocation) }
        verifyPositions(truth, sourceLocation)
        verifyOrder(truth, sourceLocation)
        for partition in 0..<partitioning.accounts {
            let open = try await observer.hash(keys.attempts(partition)).keys.sorted()
            #expect(open.isEmpty, "attempts that nobody settled", sourceLocation: sourceLocation)
        }
        let fanouts = try await observer.hash(keys.fanout(0))
        #expect(fanouts.isEmpty, "cursors of fan-outs that ended", sourceLocation: sourceLocation)
        return truth
    }

    /// Every entry of every stream is stored, once, in order, numbered from 1 without holes.
    private func verifyAudit(foreign: Bool, _ sourceLocation: SourceLocation) async throws {
        let reader = AuditReader(postgresObserver)
        let numbers = try await observer.hash(keys.sequence).mapValues { Int64(String(decoding: $0, as: UTF8.self)) }
        for stream in try await reader.streams() {
            let check = try await reader.check(stream)
            #expect(check.faults.isEmpty, "\(stream)", sourceLocation: sourceLocation)
            #expect(check.holes.isEmpty, "\(stream)", sourceLocation: sourceLocation)
            #expect(foreign || check.unnumbered == 0, "\(stream)", sourceLocation: sourceLocation)
            let name = stream.dropFirst(keys.key("").count)
            #expect(check.rows - check.unnumbered == Int(numbers[String(name)]?.flatMap { $0 } ?? 0), "\(stream)", sourceLocation: sourceLocation)
        }
        let orphans = try await reader.orphans()
        #expect(foreign || orphans.isEmpty, sourceLocation: sourceLocation)
        #expect(try await reader.duplicates().isEmpty, sourceLocation: sourceLocation)
        #expect(try await reader.reorders().isEmpty, sourceLocation: sourceLocation)
    }

    /// Each leg of each (signal, subscription) ended once.
    private func verifyResults(_ truth: Truth, foreign: Bool, _ sourceLocation: SourceLocation) async throws {
        var expected: [JobID: Int] = [:]
        let putAside = Set(truth.deadLetters.compactMap { $0["original.data"] }.compactMap { try? JSON.parse($0).string("id") })
        for request in truth.requests where !putAside.contains(request.id.text) {
            for leg in request.signal.legs.indices { expected[JobID(request: request.id, leg: leg), default: 0] += 1 }
        }
        let found = Dictionary(truth.results.filter { $0.origin == nil }.map { ($0.job, 1) }, uniquingKeysWith: +)
        #expect(found == expected, "one result for each leg of each request", sourceLocation: sourceLocation)
        // What the worker made by itself is answered once too; what a resting order did was no job.
        let own = truth.results.filter { $0.origin?.isQueued == true }.map(\.job)
        #expect(own.count == Set(own).count && Set(own) == Set(truth.jobs.values.filter { $0.job.origin != nil }.map(\.job.id)), sourceLocation: sourceLocation)
        guard !foreign else { return }
        let followers = cast.followers.flatMap { follower in follower.leaders.map { ($0, "\(follower.id):\($0)") } }
        var pairs: Set<RequestID> = []
        for signal in truth.signals where !signal.isWhollyShed {
            for (leader, subscription) in followers
            where leader == signal.influencer.text && signal.join.map({ $0.subscription.text == subscription }) ?? true {
                pairs.insert(RequestID(signal: signal.id, subscription: SubscriptionID(subscription)))
            }
        }
        #expect(Set(truth.requests.map(\.id)) == pairs && truth.requests.count == pairs.count, "one request for each pair", sourceLocation: sourceLocation)
    }

    /// The exchange saw the orders that the results tell of, each once, and filled what they say.
    private func verifyLedger(_ truth: Truth, foreign: Bool, _ sourceLocation: SourceLocation) {
        var jobs: [String: JobID] = [:]
        for result in truth.results where result.attempts > 0 {
            for attempt in 1...result.attempts { jobs[ClientOrderID(job: result.job, attempt: attempt).text] = result.job }
        }
        for result in truth.results where result.origin?.isQueued == false { jobs[result.cloid?.text ?? ""] = result.job }
        var filled: [JobID: Size] = [:]
        var seen: Set<String> = []
        let accounts = Set(cast.followers.map(\.account))
        for line in truth.ledger where line.isOrder && accounts.contains(line.account) {
            let cloid = line.cloid ?? "none"
            #expect(line.action == "fill" || seen.insert(cloid).inserted, "the order \(cloid) is in the ledger twice", sourceLocation: sourceLocation)
            guard let job = jobs[cloid] else {
                Issue.record("no result tells of the order \(cloid): \(line)", sourceLocation: sourceLocation)
                continue
            }
            filled[job, default: .zero] += line.filled
        }
        for result in truth.results {
            #expect(result.filledSize == filled[result.job] ?? .zero, "\(result)", sourceLocation: sourceLocation)
            #expect(result.outcome.isExecuted == !result.filledSize.isZero, "\(result)", sourceLocation: sourceLocation)
        }
    }

    /// What the fleet believes is held is what the exchange holds.
    private func verifyPositions(_ truth: Truth, _ sourceLocation: SourceLocation) {
        for follower in cast.followers {
            for coin in Exchange.prices.keys {
                let believed = truth.sleeves.reduce(Size.zero) { sum, item in
                    item.key.coin.text == coin && item.key.subscription.text.hasPrefix(follower.id + ":") ? sum + item.value.position : sum
                }
                #expect(believed == truth.position(of: follower.account, coin), "\(follower.id) \(coin)", sourceLocation: sourceLocation)
            }
        }
    }

    /// Orders of one account and coin reached the exchange in the order of their jobs, which is that of each leader's signals.
    private func verifyOrder(_ truth: Truth, _ sourceLocation: SourceLocation) {
        var places: [String: (seq: Int64, leader: String, signal: Int?)] = [:]
        let signals = Dictionary(truth.signals.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        // one that was sent on a record that was lost has another place now
        for result in truth.results where result.attempts > 0 && result.epochs.last != 0 {
            // What a worker made by itself copies no signal.
            let place = (truth.jobs[result.job]?.seq ?? 0, result.influencer.text, result.origin == nil ? signals[result.signal] ?? 0 : nil)
            for attempt in 1...result.attempts { places[ClientOrderID(job: result.job, attempt: attempt).text] = place }
        }
        var last: [String: Int64] = [:]
        for line in truth.ledger where line.isOrder {
            guard let place = places[line.cloid ?? ""] else { continue }
            let lane = "\(line.account) \(line.coin ?? "")"
            #expect(last[lane] ?? 0 <= place.seq, "\(lane): an order overtook another", sourceLocation: sourceLocation)
            last[lane] = place.seq
            guard let signal = place.signal else { continue }
            let copied = lane + " " + place.leader
            #expect(last[copied] ?? 0 <= Int64(signal), "\(lane): not in the order of the signals", sourceLocation: sourceLocation)
            last[copied] = Int64(signal)
        }
    }
}
