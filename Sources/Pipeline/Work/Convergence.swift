import CopyTrading
import JSON
import Logging
import RedisStreams
import Safety

/// Closes everything that the fleet holds, for one that will not come back.
///
/// It latches the kill switch at level 4 and waits: a ``WorkStage`` that its caller runs beside it carries the exits out as ever, under
/// leases, journalled, at the exit ladder's prices. The latch stays: nothing is opened until a person has lifted it.
public struct Convergence: Sendable {
    /// What was not closed, for want of liquidity or tokens, is asked for again after so long.
    private static let roundEvery = Duration.seconds(30)
    private static let lookEvery = Duration.milliseconds(250)
    /// So long what rests for what is flat may take to be cancelled.
    private static let restingWait = Duration.seconds(10)

    /// What nobody looks after while no worker runs.
    public struct Remainder: Sendable, Equatable {
        /// Every sleeve that is not flat, by subscription and coin.
        public var holdings: [Holding]
        /// Orders that may have been sent, and whose outcome is open.
        public var unsettled: Int

        public init(holdings: [Holding], unsettled: Int) {
            self.holdings = holdings
            self.unsettled = unsettled
        }

        public var isEmpty: Bool { holdings.isEmpty && unsettled == 0 }
    }

    /// What a subscription holds in a coin.
    public struct Holding: Sendable, Equatable {
        public var subscription: SubscriptionID
        public var coin: Coin
        /// Signed coins.
        public var position: Size

        public init(_ subscription: SubscriptionID, _ coin: Coin, _ position: Size) {
            self.subscription = subscription
            self.coin = coin
            self.position = position
        }
    }

    private let journal: AttemptJournal
    private let accountLog: AccountLog
    private let latches: LatchStore
    private let partitions: Range<Int>
    private let logger: Logger

    /// - Parameter stage: of the workers.
    public init(journal: AttemptJournal, accountLog: AccountLog, latches: LatchStore, stage: Stage, logger: Logger) {
        self.journal = journal
        self.accountLog = accountLog
        self.latches = latches
        partitions = stage.inputs.indices
        self.logger = logger
    }

    /// As the last worker stored it.
    public func remainder() async throws -> Remainder {
        var remainder = Remainder(holdings: [], unsettled: 0)
        for partition in partitions {
            remainder.unsettled += try await journal.records(partition).count
            for (field, value) in try await journal.state(partition) {
                guard let key = HoldingKey(field: field) else { throw JSONError(path: field, problem: "is not <subscription>|<coin>") }
                let position = try Sleeve(json: JSON.parse(value)).position
                if !position.isZero { remainder.holdings.append(Holding(key.subscription, key.coin, position)) }
            }
        }
        remainder.holdings.sort { ($0.subscription.text, $0.coin) < ($1.subscription.text, $1.coin) }
        return remainder
    }

    /// Asks for everything to be closed. To be done before the work stage begins, which would trade entries that wait.
    /// - Parameters:
    ///   - reason: for whoever opens the kill switch again.
    ///   - by: who sets it.
    public func latch(reason: String, by: String) async throws {
        try await latches.set(.everything, to: .flattenThenHalt, reason: reason, by: by)
    }

    /// Orders that should rest at the exchange.
    private func resting() async throws -> Int {
        var count = 0
        for partition in partitions {
            for record in try await accountLog.records(partition).values { count += try AccountRecord(json: JSON.parse(record)).orders.count }
        }
        return count
    }

    /// Returns when nothing is left, after `limit`, or when cancelled. Begins with ``latch(reason:by:)`` done.
    /// - Returns: what is left.
    /// - Throws: what kept it from looking when `limit` was over.
    @discardableResult
    public func run(reason: String, by: String, within limit: Duration) async throws -> Remainder {
        let end = ContinuousClock.now + limit
        var nextRound = ContinuousClock.now + Self.roundEvery
        while true {
            let isOver = ContinuousClock.now >= end || Task.isCancelled
            do {
                let left = try await remainder()
                if left.isEmpty { try await waitForResting(until: min(end, .now + Self.restingWait)) }
                if left.isEmpty || isOver { return left }
                if ContinuousClock.now >= nextRound {
                    // A latch of its own for each round: a position is closed once for each.
                    try await latch(reason: reason, by: by)
                    nextRound = .now + Self.roundEvery
                }
            } catch {
                if isOver { throw error }
                logger.error("convergence.failed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.lookEvery)  // ends early only when cancelled
        }
    }

    /// A trigger that stays can only reduce, and there is nothing to reduce; limit orders are cancelled by the latch.
    private func waitForResting(until end: ContinuousClock.Instant) async throws {
        while ContinuousClock.now < end, !Task.isCancelled, try await resting() > 0 {
            try? await Task.sleep(for: Self.lookEvery)  // ends early only when cancelled
        }
    }
}
