import CopyTrading
import Hyperliquid
import RedisStreams

/// Orders of one (account, coin) go out one after the other, each decided on what the one before did.
struct Lane: Sendable {
    var jobs: [LaneJob] = []
    var head = HeadState.idle

    enum HeadState: Sendable, Equatable {
        /// To be decided next.
        case idle
        /// Booked or at the exchange.
        case underWay
        /// May have been sent; being settled.
        case unsettled
        /// May have been sent before Redis was started anew; the exchange is asked.
        case asking
        /// Waits for its account to be read.
        case reading
        /// Waits for the leverage to be set.
        case leverage
        /// Waits until its sleeve's mirrored triggers are withdrawn.
        case triggers
        /// An entry that waits until its sleeve's mirrored limit orders are withdrawn.
        case entries
        /// Waits for a fresh quote before its next attempt.
        case quoting
        /// An entry that waits for a better price.
        case awaitingPrice(PriceObstacle)
    }
}

/// A job in its lane, with what its attempts did so far.
struct LaneJob: Sendable {
    let entry: String
    let job: ExecutionJob
    /// Microseconds since 1970, by the planner's clock.
    let plannedAt: Int64
    let arrivedAt = ContinuousClock.now
    /// The attempt to be made next, from 1.
    var attempt = 1
    /// The exchange knows no order of this attempt, or of a later one, from before Redis was started anew.
    var isCleared = false
    /// The first of its orders among those that traded before Redis was started anew; `from` tells which those are.
    var orderBefore: (from: Int64, found: ClientOrderID?)?
    /// The last order written, if any.
    var cloid: ClientOrderID?
    /// Of the lease under which each attempt was sent, as ``ExecutionResult/epochs``.
    private(set) var epochs: [Int64] = []
    /// Coins asked for by the first attempt.
    var asked: Size?
    /// Of the last order written.
    var limit: Price?
    var reduceOnly: Bool?
    var isSnapClose = false
    var fills = OrderFills()
    /// True when all of `fills` came from the exchange's fill history. Its answer to an order, where most results come from, says size and
    /// price, but no fee.
    var knowsFee = true
    var quote: Quote?
    var details: [String] = []
    var clips: [Clip] = []
    var preparedAt: Int64 = 0
    var sentAt: Int64 = 0
    var acknowledgedAt: Int64 = 0
    /// For tokens: of all its orders, and the bucket that limited last.
    private var limitedMicroseconds: Int64 = 0
    private var limitedBy: String?
    /// Since when its next order waits, until when, and how long those before it did.
    private var tokenWait: (since: ContinuousClock.Instant, until: ContinuousClock.Instant, before: Int64)?
    /// Who asks for tokens so much later than it was told waited for something else in between.
    private static let lateness = Duration.milliseconds(500)
    /// Refusals that allowed another try, so that none repeats for ever.
    var refusals = 0
    /// The account could not be read when it was needed.
    var accountUnread = false
    /// Its sleeve's mirrored orders are no longer in its way.
    var hasWithdrawn = false
    /// Circuit breakers that this entry tries out.
    var trials: [BreakerBoard.Subject] = []

    init(entry: String, job: ExecutionJob, plannedAt: Int64) {
        self.entry = entry
        self.job = job
        self.plannedAt = plannedAt
        details = job.detail.map { [$0] } ?? []
        clips = job.clips
    }

    /// An order was journalled, here or by a predecessor.
    mutating func sent(_ record: AttemptRecord) {
        cloid = record.cloid
        tokenWait = nil
        guard record.attempt > 0 else { return }
        epochs += Array(repeating: 0, count: max(0, record.attempt - epochs.count))
        epochs[record.attempt - 1] = Int64(record.epoch) ?? 0
    }

    /// Its next order has no token for `wait` more from `now`.
    ///
    /// - Returns: why the job ends rather than wait; `nil` when it may wait, as every exit does.
    mutating func limited(by name: String, for wait: Duration, at now: ContinuousClock.Instant, atMost maximum: Duration) -> String? {
        let last = tokenWait.flatMap { now <= $0.until + Self.lateness ? $0 : nil }
        let begun = (since: last?.since ?? now, until: now + wait, before: last?.before ?? limitedMicroseconds)
        let whole = begun.until - begun.since
        tokenWait = begun
        limitedMicroseconds = begun.before + whole.microseconds
        limitedBy = name
        guard job.action.isEntry else { return nil }
        if let expiresAt = job.expiresAt, case let late = WallClock.milliseconds + wait.milliseconds - expiresAt, late > 0 {
            return "\(name) has no token for \(wait.milliseconds) ms; the entry expires \(late) ms earlier"
        }
        guard whole > maximum else { return nil }
        return "\(name) has no token for \(wait.milliseconds) ms; an entry waits for at most \(maximum.milliseconds) ms"
    }

    func result(_ outcome: Outcome, _ detail: String?, position: Size?) -> ExecutionResult {
        var times = job.times(planned: plannedAt)
        times.prepared = preparedAt
        times.sent = sentAt
        times.acknowledged = acknowledgedAt
        times.limitedMicroseconds = limitedMicroseconds
        times.limitedBy = limitedBy
        let texts = details + (detail.map { [$0] } ?? [])
        var result = ExecutionResult(
            job: job, outcome: outcome, detail: texts.isEmpty ? nil : texts.joined(separator: "; "),
            requestedSize: asked ?? plannedSize, fills: fills, position: position, cloid: cloid,
            attempts: cloid == nil ? 0 : attempt, times: times)
        result.clips = clips
        if cloid != nil {
            result.epochs = Array(epochs.prefix(attempt))
            result.limit = limit
            result.reduceOnly = reduceOnly
        }
        if !knowsFee { result.fee = nil }
        return result
    }

    private var plannedSize: Size {
        if case .size(let size) = job.quantity { return size }
        return .zero
    }
}

struct LaneKey: Hashable, Sendable {
    let account: AccountID
    let coin: Coin
}

/// An exchange account as the worker sees it.
struct AccountState: Sendable {
    /// Coins with queued jobs, in the order in which they are looked at.
    var coins: [Coin] = []
    var actionsUnderWay = 0
    /// No new action before this moment: tokens, or the exchange's own limit.
    var notBefore: ContinuousClock.Instant?
    /// It is an entry that waits for tokens: some are kept for an exit.
    var isHeldForEntry = false
    /// Orders in the next action; shrinks when the tokens do not suffice.
    var batchLimit: Int
    var failures = 0
    var budget = AccountBudget()
}

/// One signed action on its way: orders of one account, all entries or all exits.
struct Launch: Sendable {
    let partition: Int
    let generation: Int
    /// It is journalled under.
    let epoch: String
    let account: AccountID
    let signer: Signer
    let vaultAddress: String?
    let action: OrderBatch
    /// An exit's also when it may not be reduce-only, because the account is shared.
    let priority: RequestPriority
    let records: [AttemptRecord]
    let charges: [Charge]
}

/// What is signed.
struct OrderBatch: Sendable {
    let orders: [OrderRequest]
    let nonce: Int64
    let expiresAfter: Int64?
}
