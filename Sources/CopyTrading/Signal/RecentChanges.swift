/// The last changes of one position by exchange time: says what the position was at a moment shortly before now.
struct RecentChanges: Sendable {
    private struct Change: Sendable {
        var time: Int64
        var change: Size
    }

    /// Changes kept, and for how long (exchange milliseconds): snapshots are compared within seconds.
    static let limit = 512
    static let horizon: Int64 = 60_000

    private var changes: [Change] = []
    /// Changes up to then may have been forgotten, milliseconds.
    private var forgottenTo = Int64.min

    mutating func append(_ fill: LeaderFill) {
        changes.append(Change(time: fill.time, change: fill.change))
        // seldom, so that it costs nothing on average
        guard changes.count > 2 * Self.limit || (changes.count % 64 == 0 && changes[0].time < fill.time - Self.horizon) else { return }
        let newest = changes.suffix(Self.limit).filter { $0.time >= fill.time - Self.horizon }
        forgottenTo = max(forgottenTo, changes.prefix(changes.count - newest.count).map(\.time).max() ?? .min)
        changes = newest
    }

    /// Of the changes after `time`; `nil` when that reaches back further than is remembered.
    func sum(after time: Int64) -> Size? {
        guard time >= forgottenTo else { return nil }
        return changes.reduce(Size.zero) { $1.time > time ? $0 + $1.change : $0 }
    }

    /// What a position read for `time` may have been when it is `known` now: how many of the changes in that very millisecond it
    /// contains is not told, so each number is possible. `nil` when that reaches back further than is remembered.
    func positions(at time: Int64, known: Size) -> [Size]? {
        guard let after = sum(after: time) else { return nil }
        var position = known - after
        var possible = [position]
        for change in changes.reversed() where change.time == time {
            position = position - change.change
            possible.append(position)
        }
        return possible
    }
}
