import CopyTrading
import Hyperliquid

/// One followed leader: its signal builder, and where it stands between "just subscribed" and "live".
struct LeaderTrack: Sendable {
    enum Phase: Sendable, Equatable {
        /// Live fills wait until history has been read.
        case catchingUp
        case live
    }

    let influencer: InfluencerID
    let address: String
    let partition: Int
    var builder: SignalBuilder
    var phase = Phase.catchingUp
    /// Fills that arrived while catching up.
    var waiting: [(fills: [UserFill], receivedAt: Int64)] = []
    /// Tells this track from an earlier one of the same leader.
    let generation: Int
    /// A backfill is under way.
    var isBackfilling = false

    /// Frames of one leader kept while its history is read; more than that means the exchange does not answer, and the history is read
    /// again from the cursor instead.
    static let waitingLimit = 10_000
}

/// Leader's equity for sizing: a new value is adopted when it differs by a tenth or more, so that sizes do not jitter with
/// every mark.
enum EquityHysteresis {
    static func adopt(_ new: Notional, over old: Notional?) -> Notional {
        guard let old, old.e8 > 0 else { return new }
        return (new - old).magnitude.e8 >= old.e8 / 10 ? new : old
    }
}
