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
    var retired: [ClientOrderID: AccountRecord.PlacedTrigger] = [:]
    var retiredOrder: [ClientOrderID] = []

    func hasFreshReading(at now: ContinuousClock.Instant) -> Bool { readAt.map { now - $0 <= Self.factsLife } ?? false }

    func facts(coin: Coin) -> AccountFacts? { reading?.facts(coin: coin).map { reservations.applied(to: $0, coin: coin) } }
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
