import AuditTrail
import CopyTrading
import JSON
import Redis
import RedisStreams
import Settings

/// Holds a run against every invariant, after the last fault has healed and the fleet is at rest: from the audit trail, Redis, the exchange's
/// ledger and what the harness observed.
struct ChaosCheck {
    /// Looks at the streams until nothing is on its way.
    private static let looks = 20

    private let context: OperatorContext
    private let observations: ChaosObservations
    private let limits: RateLimits
    private var verdicts: [Invariant: InvariantVerdict]
    /// Stream, group and how much the group had acknowledged before anything else was read.
    private var acknowledged: [(stream: String, group: String, count: Int)] = []

    /// - Parameters:
    ///   - ledger: read once, line by line.
    ///   - limits: the widest that were in force during the run; those of the settings when absent.
    /// - Returns: one verdict for each invariant, in their order.
    static func run(
        context: OperatorContext, ledger: LedgerSource, limits: RateLimits? = nil, observations: ChaosObservations
    ) async throws -> [InvariantVerdict] {
        let redis = try context.redis("chaos-check")
        let connection = context.postgres("chaos-check", answerTimeout: OperatorContext.scanTimeout)
        var check = ChaosCheck(context, observations, limits ?? context.settings.rates)
        do {
            // Redis first: reading the rest takes time
            try await check.checkRedis(redis)
            let reader = AuditReader(connection)
            try await reader.prepareForWholeScans()
            try await check.checkTrail(reader, redis)
            try await check.checkLedger(ledger, reader)
            if let source = observations.source {
                try await check.judge(.oneOutcome) { verdict in try await SourceCheck.run(source, reader, connection, &verdict) }
            }
        } catch {
            await redis.close()
            await connection.close()
            throw error
        }
        await redis.close()
        await connection.close()
        check.judge(.recovery) { RecoveryCheck.run(observations, &$0) }
        check.judge(.health) { HealthTruthCheck.run(observations, &$0) }
        return Invariant.allCases.compactMap { check.verdicts[$0] }
    }

    private init(_ context: OperatorContext, _ observations: ChaosObservations, _ limits: RateLimits) {
        self.context = context
        self.observations = observations
        self.limits = limits
        verdicts = Dictionary(
            uniqueKeysWithValues: Invariant.allCases.map { ($0, InvariantVerdict($0, mustLook: observations.required.contains($0))) })
    }

    private mutating func judge(_ invariant: Invariant, _ body: (inout InvariantVerdict) throws -> Void) rethrows {
        var verdict = verdicts[invariant] ?? InvariantVerdict(invariant)
        defer { verdicts[invariant] = verdict }
        try body(&verdict)
    }

    private mutating func judge(_ invariant: Invariant, _ body: (inout InvariantVerdict) async throws -> Void) async rethrows {
        var verdict = verdicts[invariant] ?? InvariantVerdict(invariant)
        defer { verdicts[invariant] = verdict }
        try await body(&verdict)
    }

    private mutating func checkRedis(_ redis: RedisConnection) async throws {
        var picture = try await StreamPicture.read(redis, context.keys, context.partitioning)
        // a fleet that is at rest still writes now and then; what waits for longer is no rest
        for _ in 0..<Self.looks where !picture.isSettled {
            try await Task.sleep(for: .milliseconds(100))
            picture = try await StreamPicture.read(redis, context.keys, context.partitioning)
        }
        let status = try await StatusReader(context, redis: redis).read()
        let observations = observations
        judge(.trimming) { [picture] in TrimCheck.run(picture, restoredThrough: observations.restoredThrough, &$0) }
        judge(.rest) { [picture] in RestCheck.run(picture, status, observations, &$0) }
        if status.deadLetters > 0 { judge(.oneOutcome) { $0.note("\(status.deadLetters) dead letters: their legs count as without a result") } }
        acknowledged = picture.streams.flatMap { stream in stream.groups.map { (stream.partition.name, $0.name, $0.acknowledged) } }
    }

    private mutating func checkTrail(_ reader: AuditReader, _ redis: RedisConnection) async throws {
        let audit = try await AuditVerification.run(reader, redis: redis, keys: context.keys)
        let acknowledged = acknowledged
        let fanout = try await FanoutVerification.run(reader, context)
        judge(.oneOutcome) { verdict in
            verdict.look(audit.pairs.pairs)
            verdict.take(audit.findings, .missing, .duplicates)
            verdict.take(fanout, .missing, .duplicates)
        }
        // the trail's own look at the order goes by the senders' clocks, which may have been wrong: the ledger decides
        judge(.auditTrail) { verdict in
            verdict.look(audit.rows)
            verdict.take(audit.findings, .auditGaps)
            for (stream, group, count) in acknowledged {
                let rows = audit.stored[stream] ?? 0
                verdict.find("\(stream): \(group) acknowledged \(count) entries, \(rows) are on record", count: count - rows)
            }
        }
    }

    private mutating func checkLedger(_ ledger: LedgerSource, _ reader: AuditReader) async throws {
        let log = try await TradeLog.read(reader)
        let sent = try await SentOrders.read(reader)
        let tolerances = observations.tolerances
        var comparison = LedgerComparison(log)
        var attempts = AttemptCheck(sent)
        var epochs = EpochCheck(sent, transit: tolerances.transit)
        var rates = RateCheck(sent, limits: limits, egress: context.settings.exchange.egress, jitter: tolerances.sending)
        var exits = ExitCheck(sent, excused: observations.excusedPositions)
        try await ledger.forEachLine { line in
            try Task.checkCancellation()
            let event = try LedgerEvent(line: line)
            guard !observations.otherAccounts.contains(event.account) else { return }
            try comparison.add(line: line)
            judge(.oneOrder) { attempts.add(event, &$0) }
            judge(.fencing) { epochs.add(event, &$0) }
            rates.add(event)
            exits.add(event)
        }
        comparison.finish()
        judge(.oneOutcome) { verdict in
            for text in log.unreadable { verdict.find("unreadable result, \(text)") }
        }
        judge(.oneOrder) { $0.take(comparison.findings, .duplicates) }
        judge(.laneOrder) { verdict in
            verdict.look(comparison.orders)
            verdict.take(comparison.findings, .reordered)
        }
        judge(.fencing) { $0.note("\(epochs.unattributed) accepted orders whose result names no epoch left out") }
        judge(.auditTrail) { $0.take(comparison.findings, .missing) }
        judge(.rates) { rates.finish(&$0) }
        try await judge(.exits) { verdict in try await exits.finish(reader, &verdict) }
    }
}
