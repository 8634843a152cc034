extension Leg {
    /// The legs of a move from `start` to `end`: one, or CLOSE and OPEN when zero is crossed, or none when nothing changed.
    ///
    /// | start → end | legs |
    /// |---|---|
    /// | 0 → x | OPEN |
    /// | x → 0 | CLOSE |
    /// | same sign, larger | INCREASE |
    /// | same sign, smaller | REDUCE |
    /// | sign changes | CLOSE start → 0, OPEN 0 → end |
    public static func legs(from start: Size, to end: Size) -> [Leg] {
        if start == end { return [] }
        if start.isZero { return [Leg(action: .open, start: start, end: end)] }
        if end.isZero { return [Leg(action: .close, start: start, end: end)] }
        if start.sign != end.sign {
            return [Leg(action: .close, start: start, end: .zero), Leg(action: .open, start: .zero, end: end)]
        }
        return [Leg(action: end.magnitude > start.magnitude ? .increase : .reduce, start: start, end: end)]
    }

    /// The part of an unseen move that gave up exposure, if any. The part that took exposure is not copied: its base is unknown.
    static func exit(from start: Size, to end: Size) -> Leg? {
        legs(from: start, to: end).first { !$0.action.isEntry }
    }

    /// Share of the position that a REDUCE or CLOSE gives up: `1 − |end| / |start|`, never rounded below the exact value.
    /// `nil` for entries.
    public var share: Ratio? {
        guard !action.isEntry, let left = try? Ratio(end.magnitude, over: start.magnitude) else { return nil }
        return .one - left
    }
}
