/// One leader in one coin: the position that is known, the fills that wait, and the chain being gathered.
///
/// | state | fill links to `known` | fill does not link |
/// |---|---|---|
/// | nothing known | – | its start is the base: `.baseline`, apply |
/// | known | apply: join the chain, or emit the chain and begin a new one | wait `reorderHold` |
/// | waiting | apply; go on with what waits behind it | – |
/// | hold over | – | `.gap`, wait `backfillHold` |
/// | backfill over | – | `.resync`, mirror the exit, its start is the base, apply |
///
/// A fill older than `known`, or in its millisecond and listed there, is covered: executions of one coin are totally ordered.
struct CoinTrack: Sendable {
    typealias Mark = LeaderCursor.Mark

    struct Held: Sendable {
        var fill: LeaderFill
        /// Microseconds.
        var receivedAt: Int64
    }

    /// Why the first waiting fill cannot be applied, and since when (microseconds).
    struct Block: Sendable {
        var since: Int64
        var gapAskedAt: Int64?
    }

    let coin: Coin
    /// After every fill that was applied, those in the open chain included.
    var known: Mark?
    /// After every fill that was emitted.
    var emitted: Mark?
    var chain: FillChain?
    var held: [Held] = []
    var block: Block?
    /// Time of the mark this was restored with: older fills were accounted for by the process before.
    private let restoredAt: Int64

    /// - Parameter mark: from the cursor; `nil` when nothing is known of the coin.
    init(coin: Coin, mark: Mark?) {
        self.coin = coin
        known = mark
        emitted = mark
        restoredAt = mark?.time ?? .min
    }

    var isIdle: Bool { chain == nil && held.isEmpty }

    /// Exchange time of the earliest fill that no signal accounts for yet, milliseconds.
    var earliestPending: Int64? {
        let waiting = held.lazy.map(\.fill.time).min()
        guard let chain else { return waiting }
        return min(chain.firstTime, waiting ?? .max)
    }

    /// Whether the fill happened before what this was restored with.
    func isHistory(_ fill: LeaderFill) -> Bool { fill.time < restoredAt }

    /// Whether the fill is applied or waits already. Trade ids in `held` are unique because of this.
    func contains(_ fill: LeaderFill) -> Bool {
        if let known, fill.time == known.time, known.tids.contains(fill.tid) { return true }
        return held.contains { $0.fill.tid == fill.tid }
    }

    mutating func hold(_ fill: LeaderFill, receivedAt: Int64) { held.append(Held(fill: fill, receivedAt: receivedAt)) }

    func nextDeadline(_ configuration: SignalBuilder.Configuration) -> Int64? {
        let gathering = chain?.deadline(configuration)
        guard let block else { return gathering }
        return min(gathering ?? .max, blockDeadline(block, configuration))
    }

    func blockDeadline(_ block: Block, _ configuration: SignalBuilder.Configuration) -> Int64 {
        block.gapAskedAt.map { $0 + configuration.backfillHold } ?? block.since + configuration.reorderHold
    }
}

extension CoinTrack {
    /// Applies whatever links, in order of execution, millisecond by millisecond.
    mutating func advance(at now: Int64, _ context: SignalContext) -> [SignalEvent] {
        var events: [SignalEvent] = []
        held.sort { ($0.fill.time, $0.fill.tid) < ($1.fill.time, $1.fill.tid) }
        var next = 0
        while next < held.count {
            let time = held[next].fill.time
            let after = held[next...].firstIndex { $0.fill.time > time } ?? held.count
            let group = Array(held[next..<after])
            if let known, time < known.time {
                events += group.map { .late($0.fill) }
                next = after
                continue
            }
            if known == nil {
                let start = FillLinking.start(of: group.map(\.fill))
                anchor(position: start, time: time, price: nil)
                events.append(.baseline(coin: coin, position: start))
            }
            let (rest, linkedEvents) = link(group, context)
            events += linkedEvents
            if !rest.isEmpty {
                let isProgress = next > 0 || rest.count < group.count
                held.replaceSubrange(..<after, with: rest)
                if isProgress || block == nil { block = Block(since: now) }
                return events
            }
            next = after
        }
        held = []
        block = nil
        return events
    }

    /// Applies those of one millisecond that link to the known position; returns the others.
    private mutating func link(_ group: [Held], _ context: SignalContext) -> (rest: [Held], events: [SignalEvent]) {
        var events: [SignalEvent] = []
        let linking = FillLinking(group.map(\.fill), from: known!.position)
        let byTrade = Dictionary(uniqueKeysWithValues: group.map { ($0.fill.tid, $0) })
        for fill in linking.linked { events += apply(fill, receivedAt: byTrade[fill.tid]!.receivedAt, context) }
        if let chain, chain.isDue(context.configuration) { events += emitChain(context) }
        return (linking.rest.map { byTrade[$0.tid]! }, events)
    }

    /// Emits a chain whose waiting time is over.
    mutating func expireChain(at now: Int64, _ context: SignalContext) -> [SignalEvent] {
        guard let chain, chain.deadline(context.configuration) <= now else { return [] }
        return emitChain(context)
    }

    /// Emits the open chain, if any.
    mutating func emitChain(_ context: SignalContext) -> [SignalEvent] {
        guard let open = chain else { return [] }
        chain = nil
        emitted = known
        let legs = Leg.legs(from: open.start, to: open.end)
        return legs.isEmpty ? [] : [.signal(context.signal(of: open, legs: legs))]
    }

    private mutating func apply(_ fill: LeaderFill, receivedAt: Int64, _ context: SignalContext) -> [SignalEvent] {
        var events: [SignalEvent] = []
        if let open = chain, !open.accepts(fill, context.configuration) { events = emitChain(context) }
        if chain == nil {
            chain = FillChain(fill, receivedAt: receivedAt)
        } else {
            chain!.append(fill, receivedAt: receivedAt)
        }
        var next = Mark(position: fill.end, time: fill.time, price: fill.price)
        if let known, known.time == fill.time {
            next.tids = known.tids
            next.isAnchor = known.isAnchor
        }
        next.tids.append(fill.tid)
        known = next
        return events
    }

    /// Takes a position as truth: nothing before it is needed any more.
    mutating func anchor(position: Size, time: Int64, price: Price?) {
        known = Mark(position: position, time: time, price: price, isAnchor: true)
        emitted = known
    }
}
