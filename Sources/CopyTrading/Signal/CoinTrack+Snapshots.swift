/// Positions read from the exchange against the one that is known.
extension CoinTrack {
    enum Comparison: Equatable {
        case equal
        /// The position that was known for that moment.
        case different(expected: Size)
        /// Something waits, or the moment is too long ago to say.
        case undecided
    }

    /// - Parameter time: of the reading, exchange milliseconds.
    mutating func compare(_ position: Size, at time: Int64) -> Comparison {
        guard let known else { return .undecided }
        guard held.isEmpty else { return .undecided }
        // later fills told where they began
        if provenAt > time { return .equal }
        guard let possible = recent.positions(at: time, known: known.position) else { return .undecided }
        guard possible.contains(position) else { return .different(expected: possible[0]) }
        provenAt = max(provenAt, min(time, known.time))
        return .equal
    }

    /// A reading agreed: nothing before its moment is needed any more, whatever is delivered of it.
    mutating func settle(at time: Int64) {
        guard let known, isIdle, known.time < time else { return }
        anchor(position: known.position, time: time, price: known.price)
    }

    /// Takes a position read from the exchange as truth, with the changes since, unless fills that told where they began are newer.
    mutating func adopt(_ position: Size, time: Int64, price: Price?, at now: Int64, _ context: SignalContext) -> [SignalEvent] {
        guard let known else {
            anchor(position: position, time: time, price: price)
            return [.baseline(coin: coin, position: position)] + advance(at: now, context)
        }
        guard provenAt <= time, let possible = recent.positions(at: time, known: known.position), !possible.contains(position) else { return [] }
        let found = position + (known.position - possible[0])
        block = nil
        // No fill tells of the move: the last one before it identifies it, or the time of the position before it.
        let last = known.tids.last ?? known.time
        let events = resync(
            to: found, price: price ?? known.price, tid: last, time: max(time, known.time), receivedAt: now, source: .own, context)
        return events + advance(at: now, context)
    }
}
