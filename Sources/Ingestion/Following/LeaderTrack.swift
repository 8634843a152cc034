import ConfigStore
import CopyTrading

/// One followed leader: its signal builder, and where it stands.
///
/// ```
///              placed              source covered, read                  source lost
/// (new) ──▶ catching up ──────────────────────────────▶ live ──────────────────────────▶ catching up …
///
/// own ──overlap seen by both──▶ market        market ──place, subscribed, history read──▶ own
/// ```
struct LeaderTrack: Sendable {
    enum Phase: Sendable, Equatable {
        /// Fills wait until what happened before them is known.
        case catchingUp
        case live
    }

    /// A move between tiers under way: both sources are applied, and each fill counts once.
    enum Move: Sendable, Equatable {
        case toOwn
        /// Since when public trades are applied too; local clock.
        case toMarket(since: ContinuousClock.Instant)
    }

    let influencer: InfluencerID
    let address: String
    let partition: Int
    var setting: TierSetting
    var builder: SignalBuilder
    var phase = Phase.catchingUp
    /// `nil` until it is decided.
    var tier: TierPlanner.Tier?
    var move: Move?
    /// Of the tier, or of the last attempt to change it; microseconds.
    var tierSince: Int64 = 0
    /// Tells this track from an earlier one of the same leader.
    let generation: Int

    /// Fills that arrived while catching up.
    var waiting: [(fills: [LeaderFill], receivedAt: Int64)] = []
    /// Public trades that wait a moment for those before them, with their times of arrival (microseconds).
    var queued: [(fill: LeaderFill, receivedAt: Int64)] = []
    /// More came than are kept: what was read meanwhile is read again from the cursor.
    var isOverrun = false
    /// Its source was lost, or it is new.
    var needsCatchUp = true
    var isCatchingUp = false
    var isBackfilling = false
    /// From where on fills are missing that the backfill has not read yet, exchange milliseconds.
    var missingFrom: Int64?
    var isVerifying = false
    /// Something hints that its positions may be wrong.
    var mustVerify = false
    /// Since when its own fills, which its tier relies on, are not delivered; local clock.
    var uncoveredSince: ContinuousClock.Instant?
    /// When its positions were last known to be right, microseconds; `nil` before that and after a loss of its source.
    var verifiedAt: Int64?
    /// When that was last tried, microseconds.
    var verifyTriedAt: Int64 = 0
    var verifications = 0
    /// When its open orders were last asked for, microseconds.
    var ordersTriedAt: Int64 = 0
    var isReadingOrders = false
    /// Exchange time up to which its positions are known to have been right, on the dexs that were read then, milliseconds.
    var verifiedTo: Int64?
    /// The same for every dex at once: nothing before it is missing.
    var wholeTo: Int64?
    /// Dexs that were not read since nobody listened, and since when that is, exchange milliseconds: what it holds there is not known.
    var unheard: (dexs: Set<String>, since: Int64)?
    /// From where on its fills would be read by a successor, as last put out to be stored, milliseconds.
    var storedTo: Int64?
    /// Account value by dex, `""` for the exchange's own.
    var accountValues: [String: Notional] = [:]
    /// Where its collateral lies, `nil` for a mode that is not known, and when that was read, microseconds.
    var collateral: (value: AccountEquity.Collateral?, readAt: Int64)?
    /// USDC of its spot balances, when they back its perpetuals.
    var spot: Notional?
    var heat = LeaderHeat()
    var hygiene: HygieneWatch
    /// Not before then a join that failed is tried again, microseconds.
    var joinsFrom: Int64 = 0
    /// While moving to public trades: own fills that no trade has shown yet, with the times of their first arrival (microseconds).
    var unconfirmed: [Int64: Int64] = [:]
    /// While moving to public trades: trades that were seen, in case the own fill comes second.
    var confirmed: Set<Int64> = []

    /// Messages of one leader kept while its history is read; more than that means that the exchange does not answer.
    static let waitingLimit = 10_000

    /// Takes the trades that have waited until `moment` (microseconds), and with them the others that happened no later.
    mutating func takeQueued(until moment: Int64, hold: Int64) -> [(fill: LeaderFill, receivedAt: Int64)] {
        guard let last = queued.filter({ $0.receivedAt + hold <= moment }).map(\.fill.time).max() else { return [] }
        let due = queued.filter { $0.fill.time <= last }
        queued.removeAll { $0.fill.time <= last }
        return due
    }

    /// Fills from there on are missing, beside those that were known to be.
    mutating func note(missingFrom time: Int64) { missingFrom = min(missingFrom ?? time, time) }

    /// The move is through, or given up.
    mutating func endMove(at moment: Int64) {
        move = nil
        tierSince = moment
        unconfirmed = [:]
        confirmed = []
    }

    /// What accounts for its signals. What was verified need not be read again: a leader that does nothing for long was heard all the same.
    var cursor: LeaderCursor {
        var cursor = builder.cursor
        guard let from = cursor.resumeFrom else { return cursor }
        if let unheard {
            cursor.resumeFrom = min(from, unheard.since)
        } else if let wholeTo, builder.nextDeadline == nil {  // nothing waits for fills before it
            cursor.resumeFrom = max(from, wholeTo)
        }
        return cursor
    }

    /// Exchange time from which on something may be missing, milliseconds.
    var doubtfulFrom: Int64? {
        guard let from = verifiedTo ?? builder.cursor.resumeFrom else { return unheard?.since }
        return min(from, unheard?.since ?? from)
    }

    /// Whether one of these is a public trade where what it holds is not known.
    func isUnheard(_ fills: [LeaderFill]) -> Bool {
        guard let unheard else { return false }
        return fills.contains { $0.source == .market && unheard.dexs.contains(Ingestor.dex(of: $0.coin)) }
    }

    var usesMarket: Bool { tier == .market || move != nil }
    var usesOwn: Bool { tier == .own || move != nil }

    /// The leader's own fills came; each says where it began.
    mutating func noteOwn(_ fills: [LeaderFill], at receivedAt: Int64) {
        heat.add(fills: fills.count, at: receivedAt)
        if tier == .own { verifiedAt = receivedAt }
        guard case .toMarket? = move else { return }
        for fill in fills where unconfirmed[fill.tid] == nil && !confirmed.contains(fill.tid) { unconfirmed[fill.tid] = receivedAt }
    }

    /// Public trades of the leader came.
    mutating func noteMarket(_ fills: [LeaderFill], at receivedAt: Int64) {
        if !usesOwn { heat.add(fills: fills.count, at: receivedAt) }
        guard case .toMarket? = move else { return }
        for fill in fills {
            unconfirmed[fill.tid] = nil
            confirmed.insert(fill.tid)
        }
    }
}

/// Leader's equity for sizing: a new value is adopted when it differs by a tenth or more, so that sizes do not jitter with
/// every mark.
enum EquityHysteresis {
    static func adopt(_ new: Notional, over old: Notional?) -> Notional {
        guard let old, old.e8 > 0 else { return new }
        return (new - old).magnitude.e8 >= old.e8 / 10 ? new : old
    }
}

extension LeaderTrack {
    /// - Parameter perpetuals: account values of every dex.
    func equity(of perpetuals: [Notional]) -> Notional? { AccountEquity.total(collateral: collateral?.value, perpetuals: perpetuals, spot: spot) }
}
