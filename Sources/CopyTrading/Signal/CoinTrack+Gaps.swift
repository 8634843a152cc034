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
            } else if let known, let first = firstHeld, first.time > known.time || !known.isAnchor {
                block?.gapAskedAt = now
                let found = FillLinking.start(of: fills(at: first.time))
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
        let group = fills(at: first.time)
        if first.time == known.time, known.isAnchor {
            held.removeAll { $0.fill.time == first.time }
            return group.map(SignalEvent.late) + advance(at: now, context)
        }
        let start = FillLinking.start(of: group)
        var events = emitChain(context)
        let next = group.first { $0.startPosition == start } ?? first
        events += resync(to: start, price: next.price, tid: next.tid, time: next.time, receivedAt: now, context)
        return events + advance(at: now, context)
    }

    /// Takes a position read from the exchange as truth unless newer fills are known.
    mutating func adopt(_ position: Size, time: Int64, price: Price?, at now: Int64, _ context: SignalContext) -> [SignalEvent] {
        guard let known else {
            anchor(position: position, time: time, price: price)
            return [.baseline(coin: coin, position: position)] + advance(at: now, context)
        }
        guard known.time <= time, known.position != position else { return [] }
        block = nil
        var events = emitChain(context)
        // No fill tells of the move: the last one before it identifies it, or the time of the position before it.
        let last = known.tids.last ?? known.time
        events += resync(to: position, price: price ?? known.price, tid: last, time: time, receivedAt: now, context)
        return events + advance(at: now, context)
    }

    /// `advance` leaves them sorted by time, then trade id.
    private var firstHeld: LeaderFill? { held.first?.fill }

    private func fills(at time: Int64) -> [LeaderFill] { held.lazy.map(\.fill).prefix { $0.time == time } }

    /// The chain must have been emitted before.
    private mutating func resync(
        to found: Size, price: Price?, tid: Int64, time: Int64, receivedAt: Int64, _ context: SignalContext
    ) -> [SignalEvent] {
        let expected = known?.position ?? .zero
        var events: [SignalEvent] = [.resync(coin: coin, expected: expected, found: found)]
        if let price, let leg = Leg.exit(from: expected, to: found) {
            events.append(.signal(context.signal(ofUnseen: leg, coin: coin, price: price, tid: tid, time: time, receivedAt: receivedAt)))
        }
        anchor(position: found, time: time, price: price)
        return events
    }
}
