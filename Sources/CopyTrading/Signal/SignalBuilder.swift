/// Turns one leader's fills into signals: each fill accounted for once, in the order of execution, however often and in whatever order
/// it is delivered. Pure: the caller passes the time and acts on the events.
///
/// Deterministic: what separates two signals is decided by the fills' own content and exchange times; the receive time only ends
/// the waiting of gaps. Memory is bounded by the configuration and by the number of coins.
public struct SignalBuilder: Sendable {
    public let influencer: InfluencerID
    public let network: String
    public let configuration: Configuration
    /// The leader's equity, copied into the signals; `nil` when unknown. Set it before `receive` and `flush`.
    public var leaderEquity: Notional?
    /// Its leverage by coin, as last seen.
    public var leaderLeverages: [Coin: Int] = [:]
    /// False: legs that add risk are left out of signals and told as `.entriesDropped`. Set it before `receive` and `flush`.
    public var allowsEntries = true
    /// As in ``LeaderCursor/joinedThrough``.
    public var joinedThrough: Int64?
    /// Deliveries of a fill beyond its first.
    public private(set) var duplicatesDropped = 0
    /// Fills from before the snapshot or cursor this began with.
    public private(set) var historyDropped = 0

    private var tracks: [Coin: CoinTrack] = [:]
    /// Coins with something waiting.
    private var busy: Set<Coin> = []
    private var seen: SeenFills
    private var floor: Int64?
    /// Newest exchange time seen, milliseconds.
    private var latest: Int64?

    public init(
        influencer: InfluencerID, network: String, cursor: LeaderCursor = LeaderCursor(), configuration: Configuration = Configuration()
    ) {
        self.influencer = influencer
        self.network = network
        self.configuration = configuration
        seen = SeenFills(limit: configuration.seenLimit, horizon: configuration.seenHorizonMilliseconds)
        floor = cursor.floor
        latest = cursor.resumeFrom
        joinedThrough = cursor.joinedThrough
        for (coin, mark) in cursor.marks { tracks[coin] = CoinTrack(coin: coin, mark: mark) }
    }

    /// The known positions, fills included that no signal accounts for yet.
    public var positions: [Coin: Size] { tracks.compactMapValues { $0.known?.position } }

    /// What has been emitted; to be stored with it.
    public var cursor: LeaderCursor {
        var cursor = LeaderCursor()
        cursor.floor = floor
        cursor.joinedThrough = joinedThrough
        cursor.marks = tracks.compactMapValues(\.known)
        cursor.resumeFrom = busy.compactMap { tracks[$0]?.earliestPending }.min() ?? latest
        return cursor
    }

    /// When `flush` has something to do, microseconds.
    public var nextDeadline: Int64? { busy.compactMap { tracks[$0]?.nextDeadline(configuration) }.min() }

    /// - Parameters:
    ///   - fills: of one message or backfill page, in any order.
    ///   - now: when it was received, microseconds since 1970.
    public mutating func receive(message fills: [LeaderFill], at now: Int64) -> [SignalEvent] {
        var timeline = Timeline()
        var touched: Set<Coin> = []
        for fill in fills { if let event = admit(fill, at: now, &touched) { timeline.add([event], of: fill.coin) } }
        update(touched, &timeline) { track, context in track.advance(at: now, context) }
        update(busy, &timeline) { track, context in track.expireBlock(at: now, context) }
        return timeline.events
    }

    /// Asks for what was waited for in vain, or goes on without it.
    /// - Parameter now: microseconds since 1970.
    public mutating func flush(at now: Int64) -> [SignalEvent] {
        var timeline = Timeline()
        update(busy, &timeline) { track, context in track.expireBlock(at: now, context) }
        return timeline.events
    }

    /// The backfill that a `.gap` asked for has been handed to `receive`, all of it: what still does not link is accepted now.
    /// - Parameter now: microseconds since 1970.
    public mutating func backfillEnded(at now: Int64) -> [SignalEvent] {
        var timeline = Timeline()
        update(busy, &timeline) { track, context in
            track.block?.gapAskedAt == nil ? [] : track.acceptGap(at: now, context)
        }
        return timeline.events
    }

    /// The recording has ended: what is missing will not come.
    /// - Parameter now: microseconds since 1970.
    public mutating func finish(at now: Int64) -> [SignalEvent] {
        var timeline = Timeline()
        update(busy, &timeline) { track, context in
            var events: [SignalEvent] = []
            while track.block != nil { events += track.acceptGap(at: now, context) }
            return events
        }
        return timeline.events
    }

    /// Compares a snapshot of all open positions with what is known and takes it as truth where no newer fill is known.
    /// For the start, after the backfill, and after a resync; not while live fills may still be on their way.
    /// - Parameters:
    ///   - time: of the snapshot, exchange milliseconds.
    ///   - now: microseconds since 1970.
    ///   - covers: whether the snapshot speaks of a coin.
    ///   - prices: references for exits that were not seen; without one, and without an earlier fill, the exit is not mirrored.
    public mutating func adopt(
        positions: [Coin: Size], prices: [Coin: Price] = [:], at time: Int64, now: Int64, covers: (Coin) -> Bool = { _ in true }
    ) -> [SignalEvent] {
        var timeline = Timeline()
        for coin in positions.keys where tracks[coin] == nil { tracks[coin] = CoinTrack(coin: coin, mark: initialMark) }
        update(Set(tracks.keys.filter(covers)), &timeline) { track, context in
            track.adopt(positions[track.coin] ?? .zero, time: time, price: prices[track.coin], at: now, context)
        }
        latest = max(latest ?? .min, time)
        return timeline.events
    }

    /// Compares a reading of open positions with what was known for its moment, without taking it as truth.
    /// - Parameters:
    ///   - positions: signed; a coin that is absent was flat.
    ///   - time: of the reading, exchange milliseconds.
    ///   - covers: whether the reading speaks of a coin; each dex has a reading of its own.
    public mutating func compare(positions: [Coin: Size], at time: Int64, covers: (Coin) -> Bool) -> SnapshotComparison {
        var comparison = SnapshotComparison()
        for coin in positions.keys where tracks[coin] == nil { tracks[coin] = CoinTrack(coin: coin, mark: initialMark) }
        for coin in tracks.keys.filter(covers).sorted() {
            let found = positions[coin] ?? .zero
            switch tracks[coin]!.compare(found, at: time) {
            case .equal: break
            case .different(let expected): comparison.differences.append(.init(coin: coin, expected: expected, found: found))
            case .undecided: comparison.undecided.append(coin)
            }
        }
        return comparison
    }

    /// Says that a reading agreed with what was known, and no fill since is known: what happened before its moment is history, also
    /// trades that are told again later.
    /// - Parameters:
    ///   - isWhole: the reading was of all coins, so that those never seen were flat.
    ///   - covers: whether it speaks of a coin.
    public mutating func settle(at time: Int64, isWhole: Bool, covers: (Coin) -> Bool) {
        for coin in tracks.keys where covers(coin) { tracks[coin]!.settle(at: time) }
        guard isWhole else { return }
        floor = max(floor ?? time, time)
        latest = latest.map { max($0, time) }
    }

    /// Whether coins in which nothing was seen are known to have been flat at some time.
    public var hasFloor: Bool { floor != nil }

    /// Says that all coins were read and taken as truth: those never seen were flat then, if that was not known before.
    public mutating func beginFloor(at time: Int64) { floor = floor ?? time }

    /// Lets subscriptions join what the leader holds: for each of them and each coin one signal, from flat to the position that the
    /// signals so far account for, so that the leader's next one continues it. Positions are not touched.
    /// - Parameters:
    ///   - holdings: as read from the exchange. A coin that a signal under way closes, turns or opens is left out: that one tells of it.
    ///   - version: of the configuration by which they join; ``joinedThrough`` from then on.
    ///   - time: of the reading, exchange milliseconds.
    ///   - now: microseconds since 1970.
    public mutating func join(
        _ subscriptions: [SubscriptionID], holdings: [Coin: LeaderHolding], through version: Int64, at time: Int64, now: Int64
    ) -> [SignalEvent] {
        joinedThrough = version
        let context = context
        var events: [SignalEvent] = []
        for (coin, holding) in holdings.sorted(by: { $0.key < $1.key }) {
            guard let mark = tracks[coin]?.known, !mark.position.isZero, mark.position.sign == holding.position.sign else { continue }
            for subscription in subscriptions {
                let join = Signal.Join(subscription: subscription, leaderEntry: holding.entry, configVersion: version)
                events.append(.signal(context.signal(of: join, coin: coin, mark: mark, price: holding.price, time: time, receivedAt: now)))
            }
        }
        return events
    }

    /// A coin that a snapshot did not list was flat then.
    private var initialMark: LeaderCursor.Mark? { floor.map { LeaderCursor.Mark(position: .zero, time: $0, isAnchor: true) } }

    /// Puts a usable new fill to those of its coin; what is refused is told or counted.
    private mutating func admit(_ fill: LeaderFill, at now: Int64, _ touched: inout Set<Coin>) -> SignalEvent? {
        if let defect = fill.defect { return .quarantine(fill, reason: defect) }
        if fill.isSpot, !configuration.includesSpot { return .ignored(fill, reason: "spot") }
        switch seen.record(fill) {
        case .new: break
        case .duplicate:
            duplicatesDropped += 1
            if tracks[fill.coin]?.complete(fill) == true { touched.insert(fill.coin) }
            return nil
        case .conflict: return .quarantine(fill, reason: "trade \(fill.tid) was delivered before with other content")
        }
        if tracks[fill.coin] == nil { tracks[fill.coin] = CoinTrack(coin: fill.coin, mark: initialMark) }
        if tracks[fill.coin]!.contains(fill) {
            duplicatesDropped += 1
            return nil
        }
        if tracks[fill.coin]!.isHistory(fill) {
            historyDropped += 1
            return nil
        }
        // it may have been applied before it was forgotten, and would be once more
        if fill.time <= seen.forgottenTo, let known = tracks[fill.coin]!.known, fill.time <= known.time { return .late(fill) }
        latest = max(latest ?? .min, fill.time)
        tracks[fill.coin]!.hold(fill, receivedAt: now)
        touched.insert(fill.coin)
        return nil
    }

    private var context: SignalContext {
        SignalContext(
            network: network, influencer: influencer, leaderEquity: leaderEquity, leaderLeverages: leaderLeverages,
            allowsEntries: allowsEntries, configuration: configuration)
    }

    private mutating func update(
        _ coins: Set<Coin>, _ timeline: inout Timeline, _ body: (inout CoinTrack, SignalContext) -> [SignalEvent]
    ) {
        let context = context
        for coin in coins.sorted() {
            timeline.add(body(&tracks[coin]!, context), of: coin)
            if tracks[coin]!.isIdle { busy.remove(coin) } else { busy.insert(coin) }
        }
    }
}
