/// What a ``SignalBuilder`` tells its caller. Only `.signal` is traded; the rest is for the feed, the log and the audit.
public enum SignalEvent: Sendable, Equatable {
    case signal(Signal)
    /// First fill of a coin whose position was not known: its start is taken as truth. Nothing is known to be lost.
    case baseline(coin: Coin, position: Size)
    /// Fills are missing between `expected` and `found` and did not arrive within the hold. Please read the leader's fills from
    /// `since` (exchange time, milliseconds), hand them to `receive`, then call `backfillEnded`.
    case gap(coin: Coin, expected: Size, found: Size, since: Int64)
    /// LEADER_RESYNC: the missing fills did not come, `found` is truth now. Exposure given up unseen is mirrored by a signal that follows.
    case resync(coin: Coin, expected: Size, found: Size)
    /// Not usable where it stands, or the same trade id with other content.
    case quarantine(LeaderFill, reason: String)
    /// Came after a later state of the coin had been accepted as truth; its effect is contained in that state. Also a fill
    /// delivered again after it was forgotten. Not traded.
    case late(LeaderFill)
    /// Legs that add risk were left out: for good, so that what comes after them stays in order however often the fills are read.
    /// - Parameters:
    ///   - signal: of which they were a part; it comes as well when something is left of it.
    ///   - from: times of the fills, exchange milliseconds.
    case entriesDropped(coin: Coin, legs: [Leg], signal: SignalID, from: Int64, to: Int64)
    /// Not a market that is copied.
    case ignored(LeaderFill, reason: String)
}
