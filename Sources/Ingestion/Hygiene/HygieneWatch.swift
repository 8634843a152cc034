import CopyTrading

/// What is known of a leader's conduct, and when it was last judged and asked for.
struct HygieneWatch: Sendable {
    var keeper: LeaderRecordKeeper
    /// Microseconds, as all below.
    var judgedAt: Int64 = 0
    /// Something happened that should be judged at once.
    var mustJudge = false
    /// The verdict under way is in the log.
    var isReported = false
    var ledgerReadAt: Int64 = 0
    /// When that was last tried.
    var ledgerTriedAt: Int64 = 0
    var isReadingLedger = false

    init(keeper: LeaderRecordKeeper) { self.keeper = keeper }

    func mustBeJudged(at moment: Int64, _ configuration: Ingestor.Configuration) -> Bool {
        mustJudge || moment - judgedAt >= configuration.hygieneEvery.microseconds
    }

    /// Every so often, and soon after the equity fell or the last attempt failed.
    func mustReadLedger(at moment: Int64, _ configuration: Ingestor.Configuration) -> Bool {
        guard !isReadingLedger, moment - ledgerTriedAt >= configuration.hygieneEvery.microseconds else { return false }
        return keeper.hasFallen || moment - ledgerReadAt >= configuration.ledgerEvery.microseconds
    }
}
