/// When each fill of a run is due: evenly spaced, fixed before the first one goes out.
struct LoadSchedule: Sendable {
    /// Numbers of the fills, see ``SyntheticFill``.
    let fills: Range<Int>
    let leaders: Int
    /// Fills a second.
    let rate: Int
    /// When the first one is due, microseconds since 1970.
    let start: Int64
    /// The leaders, flat before, only enter and add; else they enter and leave in turn.
    var isEntering = false

    /// Microseconds since 1970.
    func due(_ fill: Int) -> Int64 { start + Int64(fill - fills.lowerBound) * 1_000_000 / Int64(rate) }

    /// When the one after the last would be due.
    var end: Int64 { due(fills.upperBound) }

    func fill(_ number: Int) -> SyntheticFill {
        isEntering
            ? SyntheticFill(number: number, leaders: leaders, enteringFrom: fills.lowerBound) : SyntheticFill(number: number, leaders: leaders)
    }
}
