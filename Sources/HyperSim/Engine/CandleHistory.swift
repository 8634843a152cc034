import CopyTrading

/// The candles of one market, built from its trades. Minutes, hours and days are kept; every other length is a join of these, so that each
/// of the exchange's intervals reaches back as far as the exchange's own 5,000 candles.
struct CandleHistory {
    private var minutes = Series(.minute)
    private var hours = Series(.hour)
    private var days = Series(.day)

    /// Of one interval; older ones do not exist.
    static let maximumCandles = 5_000

    mutating func add(_ price: Price, _ size: Size, at time: Int64) {
        minutes.add(price, size, at: time)
        hours.add(price, size, at: time)
        days.add(price, size, at: time)
    }

    /// Candles that overlap `from`…`to`, oldest first, the newest still forming, without gaps: where nothing traded, a candle stands at the
    /// close before.
    func candles(_ interval: CandleInterval, from: Int64, to: Int64, now: Int64) -> [Candle] {
        let base = series(for: interval)
        guard let first = base.first else { return [] }
        var result: [Candle] = []
        for candle in base.all {
            let start = interval.start(of: candle.start)
            if var last = result.last {
                if last.start == start {
                    last.add(candle)
                    result[result.count - 1] = last
                    continue
                }
                fill(&result, until: start, interval)
            }
            var joined = candle
            joined.start = start
            result.append(joined)
        }
        fill(&result, until: interval.end(of: interval.start(of: max(now, first.start))), interval)
        return result.suffix(Self.maximumCandles).filter { interval.end(of: $0.start) > from && $0.start <= to }
    }

    /// The candle `now` lies in; `nil` before the first trade.
    func current(_ interval: CandleInterval, now: Int64) -> Candle? {
        let start = interval.start(of: now)
        let base = series(for: interval)
        guard let last = base.last else { return nil }
        guard last.start >= start else { return Candle(start: start, price: last.close) }
        var parts = base.newest { $0.start >= start }
        var joined = parts.removeFirst()
        joined.start = start
        for part in parts { joined.add(part) }
        return joined
    }

    /// What traded in the 24 hours before `now`, by whole hours, and the price before them.
    func lastDay(now: Int64) -> (value: Notional, volume: Size, previousClose: Price?) {
        let start = CandleInterval.hour.start(of: now) - CandleInterval.dayLength
        var value = Notional.zero
        var volume = Size.zero
        var previous: Price?
        for candle in hours.all.suffix(26) {
            guard candle.start > start else {
                previous = candle.close
                continue
            }
            if previous == nil { previous = candle.open }
            value = Money.clamped(value, adding: candle.value)
            volume = Money.clamped(volume, adding: candle.volume)
        }
        return (value, volume, previous)
    }

    /// USDC traded on the day that starts at `day`.
    func value(onDay day: Int64) -> Notional { days.newest { $0.start >= day }.first { $0.start == day }?.value ?? .zero }

    private func series(for interval: CandleInterval) -> Series {
        switch interval {
        case .minute, .minutes3, .minutes5, .minutes15, .minutes30: minutes
        case .hour, .hours2, .hours4, .hours8, .hours12: hours
        case .day, .days3, .week, .month: days
        }
    }

    /// Appends flat candles up to, not including, the one that starts at `end`; never more than can be shown.
    private func fill(_ candles: inout [Candle], until end: Int64, _ interval: CandleInterval) {
        guard let last = candles.last else { return }
        var start = interval.end(of: last.start)
        if let length = interval.length { start = max(start, end - length * Int64(Self.maximumCandles)) }
        while start < end {
            candles.append(Candle(start: start, price: last.close))
            start = interval.end(of: start)
        }
    }

    /// Candles of one length, only where something traded.
    private struct Series {
        let interval: CandleInterval
        private var closed = BoundedHistory<Candle>(limit: CandleHistory.maximumCandles)
        private var forming: Candle?

        init(_ interval: CandleInterval) { self.interval = interval }

        mutating func add(_ price: Price, _ size: Size, at time: Int64) {
            let start = interval.start(of: time)
            if let candle = forming, candle.start != start {
                closed.append(candle)
                forming = nil
            }
            var candle = forming ?? Candle(start: start, price: price)
            candle.add(price, size)
            forming = candle
        }

        var first: Candle? { closed.kept.first ?? forming }
        var last: Candle? { forming ?? closed.kept.last }
        var all: [Candle] { Array(closed.kept) + (forming.map { [$0] } ?? []) }

        /// The newest candles, oldest first, as far back as `isWanted` holds.
        func newest(where isWanted: (Candle) -> Bool) -> [Candle] {
            var result: [Candle] = []
            if let forming, isWanted(forming) { result.append(forming) }
            for candle in closed.kept.reversed() {
                guard isWanted(candle) else { break }
                result.append(candle)
            }
            return result.reversed()
        }
    }
}
