/// Gathers what ``LeaderHygiene`` judges one leader by. Pure: the caller passes the times. Its ``json`` is kept with the leader's
/// cursor, so that another process goes on from it.
///
/// | from | what |
/// |---|---|
/// | signals | liquidation, last trade; fills, maker fills and flips of each hour |
/// | readings of the equity | the highest |
/// | movements of money | what was withdrawn within a day, liquidation |
///
/// Money that comes or goes is neither gain nor loss: the highest equity changes in proportion, as if it were counted in shares of a fund.
/// So a reading waits until the movements before it are known. What happened before ``since`` counts for nothing.
///
/// Memory is bounded: a day of hours, and the readings that wait.
public struct LeaderRecordKeeper: Sendable, Equatable {
    static let schemaVersion: Int64 = 1
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 86_400_000
    static let hoursKept = 24
    /// Readings that wait for the movements before them; the oldest are forgotten first.
    static let readingsKept = 64
    /// Fall of the equity, per cent, of which it is asked at once whether money was withdrawn.
    static let notableFallPercent: Int128 = 10

    /// Fixed windows, as counting in them needs no memory of single fills.
    struct Hour: Sendable, Equatable {
        /// Hours since 1970.
        var number: Int64
        var fills = 0
        var makerFills = 0
        var flips = 0
    }

    private struct Reading: Sendable, Equatable {
        var equity: Notional
        var from: Int64
        var to: Int64
    }

    /// Exchange time, milliseconds.
    public private(set) var since: Int64
    private(set) var wasLiquidated = false
    private(set) var equity: Notional?
    private(set) var highestEquity: Notional?
    /// Exchange time up to which movements are contained in the equities, milliseconds.
    private(set) var movementsTo: Int64
    /// Not kept: it is known again with the first movements that are read.
    private var withdrawnInDay: Notional?
    private(set) var lastTradeAt: Int64?
    /// By number.
    private(set) var hours: [Hour] = []
    private var readings: [Reading] = []

    /// - Parameter since: milliseconds since 1970.
    public init(since: Int64) {
        self.since = since
        movementsTo = since
    }

    /// As it was kept.
    init(
        since: Int64, wasLiquidated: Bool, equity: Notional?, highestEquity: Notional?, movementsTo: Int64, lastTradeAt: Int64?,
        hours: [Hour]
    ) {
        self.since = since
        self.wasLiquidated = wasLiquidated
        self.equity = equity
        self.highestEquity = highestEquity
        self.movementsTo = movementsTo
        self.lastTradeAt = lastTradeAt
        self.hours = hours
    }

    /// - Parameter now: milliseconds since 1970.
    public func record(at now: Int64) -> LeaderHygiene.Record {
        let day = hours.filter { $0.number > now / Self.hour - Int64(Self.hoursKept) }
        return LeaderHygiene.Record(
            wasLiquidated: wasLiquidated, equity: equity, highestEquity: highestEquity, withdrawnInDay: withdrawnInDay,
            lastTradeAt: max(lastTradeAt ?? since, since), fills: day.reduce(0) { $0 + $1.fills },
            makerFills: day.reduce(0) { $0 + $1.makerFills }, flipsInHour: day.map(\.flips).max() ?? 0)
    }

    // MARK: - Signals

    /// Each fill is part of one signal, however often it was delivered, so signals count it once.
    public mutating func note(_ signal: Signal) {
        guard signal.lastFillTime > since else { return }
        if signal.endsEntries { wasLiquidated = true }
        // an exit that was not seen has none
        guard signal.fillCount > 0 else { return }
        lastTradeAt = max(lastTradeAt ?? since, signal.lastFillTime)
        let number = signal.lastFillTime / Self.hour
        if !hours.contains(where: { $0.number == number }) {
            hours.append(Hour(number: number))
            hours.sort { $0.number < $1.number }
            if hours.count > Self.hoursKept { hours.removeFirst(hours.count - Self.hoursKept) }
        }
        // one older than the hours kept was dropped again
        guard let index = hours.firstIndex(where: { $0.number == number }) else { return }
        hours[index].fills += signal.fillCount
        if !signal.crossed { hours[index].makerFills += signal.fillCount }
        if signal.legs.count > 1 { hours[index].flips += 1 }
    }

    // MARK: - Equity and movements

    /// The equity of the whole account, read dex by dex between two exchange times (milliseconds).
    public mutating func note(equity: Notional, from: Int64, to: Int64) {
        guard from > since else { return }
        readings.append(Reading(equity: equity, from: from, to: to))
        if readings.count > Self.readingsKept { readings.removeFirst() }
    }

    /// The newest reading is so much lower that the movements should not be waited for.
    public var hasFallen: Bool {
        guard let newest = readings.last, let equity, equity > .zero else { return false }
        return (Int128(equity.e8) - Int128(newest.equity.e8)) * 100 >= Int128(equity.e8) * Self.notableFallPercent
    }

    /// From when on ``settle(_:readTo:now:)`` needs the movements, exchange time.
    /// - Parameter now: milliseconds since 1970.
    public func movementsFrom(now: Int64) -> Int64 { max(0, min(now - Self.day, movementsTo)) }

    /// Takes the readings into account whose movements are known now.
    /// - Parameters:
    ///   - movements: all of them since ``movementsFrom(now:)``.
    ///   - moment: readings that ended by then have theirs among these; exchange time, milliseconds.
    ///   - now: milliseconds since 1970.
    public mutating func settle(_ movements: [LeaderMovement], readTo moment: Int64, now: Int64) {
        var unseen = movements.filter { $0.time > movementsTo }.sorted { $0.time < $1.time }[...]
        for reading in readings where reading.to <= moment {
            while let movement = unseen.first, movement.time < reading.from {
                apply(movement)
                unseen.removeFirst()
            }
            // money that moved while it was read is in one dex and not in another, or in both
            guard reading.from > movementsTo, unseen.first.map({ $0.time > reading.to }) ?? true else { continue }
            equity = reading.equity
            highestEquity = max(highestEquity ?? reading.equity, reading.equity)
        }
        for movement in unseen { apply(movement) }
        readings.removeAll { $0.to <= moment || $0.from <= movementsTo }
        let start = max(now - Self.day, since)
        let net = movements.reduce(Int128(0)) { $1.time > start ? $0 + Int128($1.amount.e8) : $0 }
        withdrawnInDay = Self.bounded(max(0, -net))
    }

    private mutating func apply(_ movement: LeaderMovement) {
        movementsTo = movement.time
        if movement.isLiquidation { wasLiquidated = true }
        guard let before = equity, !movement.amount.isZero else { return }
        let after = Int128(before.e8) + Int128(movement.amount.e8)
        equity = Self.bounded(after)
        // nothing is in proportion to nothing: the highest begins with the next reading
        highestEquity = before > .zero && after > 0 ? highestEquity.map { Self.bounded(Int128($0.e8) * after / Int128(before.e8)) } : nil
    }

    private static func bounded(_ e8: Int128) -> Notional {
        Notional(e8: Int64(min(max(e8, -Int128(Notional.limit)), Int128(Notional.limit))))
    }

    // MARK: - Verdicts

    /// A verdict was acted on: what led to it is history, so that whoever lifts the latch is not overruled by what was known.
    /// - Parameter now: milliseconds since 1970.
    public mutating func beginAnew(at now: Int64) {
        self = LeaderRecordKeeper(since: max(now, movementsTo, lastTradeAt ?? now))
    }
}
