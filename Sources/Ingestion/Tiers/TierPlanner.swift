import ConfigStore

/// Decides whose own fills are followed (tier 1) and who is followed by public trades (tier 2). Pure: the caller passes what is, and moves.
///
/// Leaders configured for tier 1 come first, in the order of their addresses; then those left to us by heat: fills of late, times those
/// who copy them. A leader that has a place gives it up only to one that is clearly hotter, and only after a while, and so many moves a
/// minute are made at most: a move costs reading history, and flapping would cost it again and again.
public struct TierPlanner: Sendable {
    public struct Configuration: Sendable {
        /// A challenger must be this much hotter than who has the place, in percent of it.
        public var advantagePercent: Int64 = 150
        /// How long a place is kept at least, microseconds.
        public var minimumStay: Int64 = 300_000_000
        public var movesPerMinute = 6
        /// After a move that failed, microseconds.
        public var retryAfter: Int64 = 60_000_000

        public init() {}
    }

    enum Tier: Sendable { case own, market }

    struct Leader: Sendable {
        var address: String
        var setting: TierSetting
        /// Active subscriptions.
        var subscriptions: Int
        var heat: Int64
        /// `nil` for one that has just come and has no tier yet: placing it is no move.
        var tier: Tier?
        /// Since when it has its tier, or its last move failed; microseconds.
        var since: Int64

        var score: Int64 { (LeaderHeat.unit + heat) * Int64(1 + subscriptions) }
    }

    struct Plan: Equatable {
        /// Whose own fills should be followed, most wanted first.
        var own: [String] = []
        /// Configured for tier 1, without a place.
        var overLimit: [String] = []
    }

    private let configuration: Configuration
    private var moves: [Int64] = []

    init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// A move was begun.
    mutating func moved(at now: Int64) { moves.append(now) }

    /// - Parameters:
    ///   - leaders: those on their way out of tier 1 excepted; their places are among those that can be had.
    ///   - capacity: places that these leaders can have together.
    ///   - now: microseconds.
    mutating func plan(_ leaders: [Leader], capacity: Int, now: Int64) -> Plan {
        moves.removeAll { $0 <= now - 60_000_000 }
        var left = configuration.movesPerMinute - moves.count
        func mayMove(_ leader: Leader) -> Bool { left > 0 && now - leader.since >= configuration.retryAfter }

        let pinned = leaders.filter { $0.setting == .ownFills }.sorted { $0.address < $1.address }
        var own = Set<String>()
        for leader in pinned.prefix(capacity) where leader.tier != .market || mayMove(leader) {
            own.insert(leader.address)
            if leader.tier == .market { left -= 1 }
        }
        let rest = leaders.filter { $0.setting == .automatic }.sorted { ($1.score, $0.address) < ($0.score, $1.address) }
        let room = max(0, capacity - pinned.count)
        // who has a place keeps it, the hottest first
        var kept = Array(rest.filter { $0.tier == .own }.prefix(room))
        for challenger in rest where challenger.tier != .own {
            guard challenger.tier == nil || mayMove(challenger) else { continue }
            if kept.count < room {
                kept.append(challenger)
            } else {
                guard challenger.tier == .market, let weakest = kept.indices.filter({ kept[$0].tier == .own }).min(by: { kept[$0].score < kept[$1].score }),
                    isAhead(challenger, of: kept[weakest], now)
                else { continue }
                // the place is free when the one who has it has left; the challenger takes it then
                kept.remove(at: weakest)
            }
            if challenger.tier != nil { left -= 1 }
        }
        own.formUnion(kept.map(\.address))
        return Plan(
            own: pinned.map(\.address).filter(own.contains) + rest.map(\.address).filter(own.contains),
            overLimit: pinned.dropFirst(max(0, capacity)).map(\.address))
    }

    private func isAhead(_ challenger: Leader, of holder: Leader, _ now: Int64) -> Bool {
        now - holder.since >= configuration.minimumStay && challenger.score * 100 >= holder.score * configuration.advantagePercent
    }
}
