import CopyTrading

/// What a worker knows of an account beside the sleeves of its subscriptions.
struct AccountBook: Sendable {
    /// As long as this a reading is good enough for the caps of an entry: what the account's own orders change meanwhile is reserved.
    static let factsLife = Duration.seconds(60)
    static let firstRetry = Duration.seconds(2)

    /// Kept across restarts.
    var record = AccountRecord()
    var reading: AccountReading?
    var readAt: ContinuousClock.Instant?
    var isReading = false
    /// When its last order came to its end: milliseconds since 1970, and by a clock that nobody sets.
    var lastOrder: (at: Int64, since: ContinuousClock.Instant)?
    /// Not read again before, unless someone waits for it.
    var nextReading = ContinuousClock.now
    var failures = 0
    /// Where its collateral lies, and since when that is known.
    var collateral: (value: AccountEquity.Collateral?, at: ContinuousClock.Instant)?
    /// Orders on their way, and those that the last reading lacks.
    var reservations = Reservations()
    /// What one reading found and the next has to confirm.
    var suspicions: [Suspicion.Subject: Suspicion] = [:]
    /// By coin, milliseconds since 1970: since then sleeves and exchange agree.
    var agreedAt: [Coin: Int64] = [:]
    /// The last reading's equity was so different that money may have come or gone: the next one tells.
    var doubtsEquity = false
    /// Deposits and withdrawals are known up to here, milliseconds since 1970.
    var depositsKnownTo: Int64?
    /// What the leaders had resting when its triggers were last compared with it.
    var mirroredOn: [InfluencerID: WorkStage.MirroredLeader] = [:]
    /// Its triggers may not be what its sleeves want.
    var needsProtection = false
    var isProtecting = false
    /// When the triggers that rest at the exchange are looked at next.
    var sweepsAt = ContinuousClock.now
    /// Triggers that were cancelled, or were not found any more.
    var retired: [ClientOrderID: AccountRecord.PlacedOrder] = [:]
    var retiredOrder: [ClientOrderID] = []
    /// Whether its agent may sign for it.
    var agent = AgentWatch()
    /// Limit orders are being cancelled, and their fills read.
    var isWithdrawing = false
    /// Limit orders on record that cannot trade any more.
    var cancelledEntries: Set<ClientOrderID> = []
    /// When exits of its sleeves that no leader's trade led to were last asked for.
    var exitsAskedAt: [HoldingKey: ContinuousClock.Instant] = [:]
    /// Sleeves whose limit orders a gate refused when they were last looked at.
    var refusedEntries: Set<HoldingKey> = []

    func hasFreshReading(at now: ContinuousClock.Instant) -> Bool { !doubtsEquity && (readAt.map { now - $0 <= Self.factsLife } ?? false) }

    /// As they will be when all that is on its way, and every limit order that rests, is filled.
    /// - Parameter job: who asks; what is kept for it is its own.
    func facts(coin: Coin, for job: JobID) -> AccountFacts? {
        facts(coin: coin, for: job, resting: record.orders.values.filter { !$0.order.kind.isTrigger })
    }

    /// - Parameter resting: the limit orders that count.
    func facts(coin: Coin, for job: JobID? = nil, resting: [AccountRecord.PlacedOrder]) -> AccountFacts? {
        var all = reservations
        if let job { all.release(job) }
        for (index, placed) in resting.enumerated() {
            guard let notional = try? placed.order.price * placed.order.size else { return nil }
            let hold = Reservations.Hold(coin: placed.coin, side: placed.order.side, notional: notional, margin: notional)
            guard all.reserve(hold, for: JobID("resting \(index)")) else { return nil }
        }
        return reading?.facts(coin: coin).map { all.applied(to: $0, coin: coin) }
    }
}

/// A difference that one reading showed. It counts when the next one shows the same.
struct Suspicion: Sendable, Equatable {
    enum Subject: Hashable, Sendable {
        case unattributed(Coin)
        case sleeve(SubscriptionID, Coin)
    }

    /// What is too much, or missing, signed.
    var size: Size
    var kind: DriftCheck.Kind?
}
