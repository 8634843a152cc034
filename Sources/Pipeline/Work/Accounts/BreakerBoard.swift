import CopyTrading

/// The circuit breakers of one worker (R-83): of its accounts, and of what it sees of coins, leaders and the exchange as a whole. Entries
/// ask all four; a breaker that is half open lets one entry try.
struct BreakerBoard: Sendable {
    enum Subject: Hashable, Sendable, CustomStringConvertible {
        case account(AccountID), coin(Coin), leader(InfluencerID), everything

        var description: String {
            switch self {
            case .account(let id): "account \(id)"
            case .coin(let coin): "coin \(coin)"
            case .leader(let id): "leader \(id)"
            case .everything: "the exchange"
            }
        }
    }

    /// Signals of a leader told apart, newest last.
    static let mostSignals = 256
    /// The breaker over everything opens only when several accounts are concerned: one that is broken is its own affair.
    static let fewestAccounts = 3

    let limits: CircuitBreaker.Limits
    private var breakers: [Subject: CircuitBreaker] = [:]
    private var signals: [InfluencerID: [SignalID]] = [:]
    private var failing: [AccountID: Int64] = [:]

    init(limits: CircuitBreaker.Limits) { self.limits = limits }

    static func subjects(of job: ExecutionJob) -> [Subject] { [.everything, .leader(job.influencer), .coin(job.coin), .account(job.account)] }

    /// - Returns: why the entry may not go; `nil` lets it go. `trials` are the breakers that it tries out.
    mutating func refusal(of job: ExecutionJob, at now: Int64, trials: inout [Subject]) -> String? {
        guard trials.isEmpty else { return nil }
        for subject in Self.subjects(of: job) {
            guard var breaker = breakers[subject] else { continue }
            let isAllowed = breaker.allowsEntry(at: now)
            breakers[subject] = breaker
            if !isAllowed {
                withdraw(trials)
                trials = []
                return "the breaker of \(subject) is open: \(breaker.reason ?? "")"
            }
            if case .halfOpen = breaker.state { trials.append(subject) }
        }
        return nil
    }

    /// The entry that tried was not sent, or what became of it says nothing.
    mutating func withdraw(_ trials: [Subject]) { for subject in trials { breakers[subject]?.trialWithdrawn() } }

    /// - Parameter trials: the breakers that the job tries out; it decides about each of them.
    /// - Returns: breakers that this opened, each with its reason.
    mutating func record(
        _ event: CircuitBreaker.Event, of job: ExecutionJob, trials: [Subject], at now: Int64
    ) -> [(subject: Subject, reason: String)] {
        var subjects: Set<Subject> = [.coin(job.coin), .account(job.account)]
        switch event {
        case .accepted: subjects.insert(.everything)
        default:
            failing[job.account] = now
            failing = failing.filter { $0.value > now - limits.window }
            if failing.count >= Self.fewestAccounts { subjects.insert(.everything) }
        }
        subjects.formUnion(trials)
        return subjects.compactMap { record(event, on: $0, at: now) }
    }

    /// Counts a leader's signal once, however many copies of it come by.
    mutating func trade(of job: ExecutionJob, at now: Int64) -> (subject: Subject, reason: String)? {
        guard job.origin == nil, signals[job.influencer]?.reversed().contains(job.signal) != true else { return nil }
        signals[job.influencer, default: []].append(job.signal)
        if let count = signals[job.influencer]?.count, count > Self.mostSignals { signals[job.influencer]?.removeFirst(count - Self.mostSignals) }
        return record(.leaderTraded, on: .leader(job.influencer), at: now)
    }

    /// Counts what the market shows, when it is beyond a limit; what is within limits is no event.
    mutating func see(_ market: MarketQuote, of coin: Coin, at now: Int64) -> [(subject: Subject, reason: String)] {
        var events: [CircuitBreaker.Event] = []
        if let spread = market.quote?.spreadBasisPoints, spread > limits.spreadBasisPoints { events.append(.spread(basisPoints: spread)) }
        if let distance = market.markOracleBasisPoints, abs(distance) > limits.oracleBasisPoints { events.append(.markOracle(basisPoints: distance)) }
        return events.compactMap { record($0, on: .coin(coin), at: now) }
    }

    private mutating func record(_ event: CircuitBreaker.Event, on subject: Subject, at now: Int64) -> (subject: Subject, reason: String)? {
        var breaker = breakers[subject] ?? CircuitBreaker(limits: limits)
        let before = breaker.state
        breaker.record(event, at: now)
        breakers[subject] = breaker
        guard case .open = breaker.state, breaker.state != before else { return nil }
        return (subject, breaker.reason ?? "")
    }
}
