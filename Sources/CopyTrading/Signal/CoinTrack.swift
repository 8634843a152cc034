/// One leader in one coin: the position that is known, and the fills that wait for those before them.
///
/// | state | fill links to `known` | fill does not link |
/// |---|---|---|
/// | nothing known | – | its start is the base: `.baseline`, apply |
/// | known | apply | wait `reorderHold` |
/// | waiting | apply; go on with what waits behind it | – |
/// | hold over | – | `.gap`, wait `backfillHold` |
/// | backfill over | – | `.resync`, mirror the exit, its start is the base, apply |
///
/// A fill read from the market has no start and so links to whatever is known; see ``CoinTrack/applyUnordered(_:_:_:)``. One in the very
/// millisecond of a position taken as truth may be contained in it or not: it waits as if it did not link, for the leader's own fill.
///
/// A fill older than `provenAt`, or in the millisecond of `known` and listed there, is covered: executions of one coin are totally ordered.
struct CoinTrack: Sendable {
    typealias Mark = LeaderCursor.Mark

    struct Held: Sendable {
        var fill: LeaderFill
        /// Microseconds.
        var receivedAt: Int64
        /// Counts what was held; trades of one moment come in the order of execution on one connection.
        var arrival: Int
    }

    /// Why the first waiting fill cannot be applied, and since when (microseconds).
    struct Block: Sendable {
        var since: Int64
        var gapAskedAt: Int64?
    }

    let coin: Coin
    /// After every fill that was applied; each is in a signal.
    var known: Mark?
    var held: [Held] = []
    var block: Block?
    /// Exchange time up to which `known` contains every fill for certain: that of the last fill that linked by its own start, or of a
    /// position read from the exchange. Later ones may have been missed where they are read from the market.
    var provenAt: Int64
    /// What was applied lately, for comparing with positions read for an earlier moment.
    var recent = RecentChanges()
    private var arrivals = 0
    /// Time of the mark this was restored with: older fills were accounted for by the process before.
    private let restoredAt: Int64

    /// - Parameter mark: from the cursor; `nil` when nothing is known of the coin.
    init(coin: Coin, mark: Mark?) {
        self.coin = coin
        known = mark
        restoredAt = mark?.time ?? .min
        provenAt = restoredAt
    }

    var isIdle: Bool { held.isEmpty }

    /// Exchange time of the earliest fill that no signal accounts for yet, milliseconds.
    var earliestPending: Int64? { held.lazy.map(\.fill.time).min() }

    /// Whether the fill happened before what this was restored with.
    func isHistory(_ fill: LeaderFill) -> Bool { fill.time < restoredAt }

    /// Whether the fill is applied or waits already. Trade ids in `held` are unique because of this.
    func contains(_ fill: LeaderFill) -> Bool {
        if let known, fill.time == known.time, known.tids.contains(fill.tid) { return true }
        return held.contains { $0.fill.tid == fill.tid }
    }

    mutating func hold(_ fill: LeaderFill, receivedAt: Int64) {
        arrivals += 1
        held.append(Held(fill: fill, receivedAt: receivedAt, arrival: arrivals))
    }

    /// A waiting fill that was read from the market is told again as the leader's own, which says where it began.
    /// - Returns: whether it waits.
    mutating func complete(_ fill: LeaderFill) -> Bool {
        guard fill.source == .own, let index = held.firstIndex(where: { $0.fill.tid == fill.tid && $0.fill.source == .market }) else { return false }
        held[index].fill = fill
        return true
    }

    func nextDeadline(_ configuration: SignalBuilder.Configuration) -> Int64? {
        block.map { blockDeadline($0, configuration) }
    }

    func blockDeadline(_ block: Block, _ configuration: SignalBuilder.Configuration) -> Int64 {
        block.gapAskedAt.map { $0 + configuration.backfillHold } ?? block.since + configuration.reorderHold
    }
}

extension CoinTrack {
    /// Applies whatever links, in order of execution, millisecond by millisecond.
    mutating func advance(at now: Int64, _ context: SignalContext) -> [SignalEvent] {
        var events: [SignalEvent] = []
        held.sort { $0.order < $1.order }
        var next = 0
        while next < held.count {
            let time = held[next].fill.time
            let after = held[next...].firstIndex { $0.fill.time > time } ?? held.count
            let group = Array(held[next..<after])
            if let known, time < known.time {
                var chains: [FillChain] = []
                for late in group {
                    if time > provenAt {
                        applyUnordered(late, &chains, &events)
                    } else if late.fill.source == .own || time == provenAt {
                        events.append(.late(late.fill))
                    }  // else a trade that is told again, as markets do on subscribing
                }
                events += chains.flatMap(context.events(of:))
                next = after
                continue
            }
            if known == nil {
                let own = group.map(\.fill).filter { $0.source == .own }
                guard !own.isEmpty else {
                    events += group.map { .quarantine($0.fill, reason: "a public trade in a coin whose position is not known") }
                    next = after
                    continue
                }
                let start = FillLinking.start(of: own)
                anchor(position: start, time: time, price: nil)
                events.append(.baseline(coin: coin, position: start))
            }
            let (rest, chains) = link(group, &events)
            events += chains.flatMap(context.events(of:))
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

    /// Applies those of one millisecond that link to the known position; returns the others. What cannot be applied is told.
    private mutating func link(_ group: [Held], _ events: inout [SignalEvent]) -> (rest: [Held], chains: [FillChain]) {
        var chains: [FillChain] = []
        var own = group.filter { $0.fill.source == .own }
        var market = group.filter { $0.fill.source == .market && !isAmbiguous($0.fill) }
        let ambiguous = group.filter { $0.fill.source == .market && isAmbiguous($0.fill) }
        while true {
            let linking = FillLinking(own.map(\.fill), from: known!.position)
            let byTrade = Dictionary(uniqueKeysWithValues: own.map { ($0.fill.tid, $0) })
            for fill in linking.linked { apply(fill, receivedAt: byTrade[fill.tid]!.receivedAt, isProven: true, &chains) }
            own = linking.rest.map { byTrade[$0.tid]! }
            guard !market.isEmpty else { break }
            // the one that leads to where an own fill begins, else the first that came
            let position = known!.position
            let bridge = market.firstIndex { candidate in own.contains { $0.fill.startPosition == position + candidate.fill.change } }
            applyUnordered(market.remove(at: bridge ?? 0), &chains, &events)
        }
        return ((own + ambiguous).sorted { $0.order < $1.order }, chains)
    }

    /// In the millisecond of a position that was taken as truth, and not known to be later than it.
    private func isAmbiguous(_ fill: LeaderFill) -> Bool {
        guard let known else { return false }
        return known.isAnchor && fill.time == known.time
    }

    /// Applies a fill whose place among the others is not told, at the end: what it changes is certain, only the way there is not.
    private mutating func applyUnordered(_ held: Held, _ chains: inout [FillChain], _ events: inout [SignalEvent]) {
        var fill = held.fill
        fill.startPosition = known!.position
        if let defect = fill.defect { return events.append(.quarantine(fill, reason: defect)) }
        apply(fill, receivedAt: held.receivedAt, isProven: false, &chains)
    }

    private mutating func apply(_ fill: LeaderFill, receivedAt: Int64, isProven: Bool, _ chains: inout [FillChain]) {
        if let last = chains.last, last.accepts(fill) {
            chains[chains.count - 1].append(fill)
        } else {
            chains.append(FillChain(fill, receivedAt: receivedAt))
        }
        let known = known!
        var next = Mark(position: fill.end, time: max(fill.time, known.time), price: fill.price)
        if known.time == next.time {
            next.tids = known.tids
            next.isAnchor = known.isAnchor
        }
        if fill.time == next.time { next.tids.append(fill.tid) }
        self.known = next
        recent.append(fill)
        if isProven { provenAt = max(provenAt, fill.time) }
    }

    /// Takes a position as truth: nothing before it is needed any more.
    mutating func anchor(position: Size, time: Int64, price: Price?) {
        let tids = known?.time == time ? known!.tids : []
        known = Mark(position: position, time: time, price: price, tids: tids, isAnchor: true)
        provenAt = time
    }
}

extension CoinTrack.Held {
    /// By time; the leader's own fills first and by trade id, so that their order does not depend on how they came.
    fileprivate var order: (Int64, Int, Int64) {
        (fill.time, fill.source.rawValue, fill.source == .own ? fill.tid : Int64(arrival))
    }
}
