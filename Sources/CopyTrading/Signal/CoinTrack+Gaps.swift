/// What happens when the fills between two known positions do not arrive.
extension CoinTrack {
    /// Asks for a backfill, or accepts the gap, when its time has come.
    mutating func expireBlock(at now: Int64, _ context: SignalContext) -> [SignalEvent] {
        var events: [SignalEvent] = []
        while let current = block {
            let isFull = held.count > context.configuration.heldLimit
            guard isFull || blockDeadline(current, context.configuration) <= now else { break }
            if isFull || current.gapAskedAt != nil {
                events += acceptGap(at: now, context)
            } else if let known, let first = firstHeld, first.source == .market || first.time > known.time || !known.isAnchor {
                block?.gapAskedAt = now
                let found = first.source == .market ? known.position : FillLinking.start(of: ownFills(at: first.time))
                events.append(.gap(coin: coin, expected: known.position, found: found, since: known.time))
            } else {
                // In the millisecond of an accepted position and not reachable from it: contained in it.
                events += acceptGap(at: now, context)
            }
        }
        return events
    }

    /// Takes what waits as truth: the fills before it will not come.
    mutating func acceptGap(at now: Int64, _ context: SignalContext) -> [SignalEvent] {
        guard block != nil, let known, let first = firstHeld else { return [] }
        block = nil
        if first.time == known.time, known.isAnchor {
            let contained = held.filter { $0.fill.time == first.time }.map(\.fill)
            held.removeAll { $0.fill.time == first.time }
            return contained.map(SignalEvent.late) + advance(at: now, context)
        }
        let group = ownFills(at: first.time)
        let start = FillLinking.start(of: group)
        let next = group.first { $0.startPosition == start } ?? first
        let events = resync(to: start, price: next.price, tid: next.tid, time: next.time, receivedAt: now, source: next.source, context)
        return events + advance(at: now, context)
    }

    /// `advance` leaves them sorted by time, then trade id.
    private var firstHeld: LeaderFill? { held.first?.fill }

    /// Those that say where they begin; what waits at a later time than the known position is of this kind.
    private func ownFills(at time: Int64) -> [LeaderFill] {
        held.lazy.map(\.fill).prefix { $0.time == time }.filter { $0.source == .own }
    }

    mutating func resync(
        to found: Size, price: Price?, tid: Int64, time: Int64, receivedAt: Int64, source: LeaderFill.Source, _ context: SignalContext
    ) -> [SignalEvent] {
        let expected = known?.position ?? .zero
        var events: [SignalEvent] = [.resync(coin: coin, expected: expected, found: found)]
        if let price, let leg = Leg.exit(from: expected, to: found) {
            let signal = context.signal(
                ofUnseen: leg, coin: coin, price: price, tid: tid, time: time, receivedAt: receivedAt, source: source)
            events.append(.signal(signal))
        }
        anchor(position: found, time: time, price: price)
        return events
    }
}
