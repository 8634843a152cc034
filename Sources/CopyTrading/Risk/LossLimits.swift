/// Limits on what may be lost before entries stop.
public struct LossLimits: Sendable, Equatable {
    /// Loss of the day, USDC, at which entries stop until the next day, and at which everything is closed.
    public var dailyLoss: Notional?
    public var dailyLossToFlatten: Notional?
    /// Fall from the highest equity, basis points, at which entries stop until the owner resumes.
    public var drawdownBasisPoints: Int?
    /// Hour, UTC, at which a day begins.
    public var dayStartHour: Int

    public init(dailyLoss: Notional? = nil, dailyLossToFlatten: Notional? = nil, drawdownBasisPoints: Int? = nil, dayStartHour: Int = 0) {
        self.dailyLoss = dailyLoss
        self.dailyLossToFlatten = dailyLossToFlatten
        self.drawdownBasisPoints = drawdownBasisPoints
        self.dayStartHour = dayStartHour
    }

    public var isEmpty: Bool { dailyLoss == nil && dailyLossToFlatten == nil && drawdownBasisPoints == nil }

    public enum Verdict: Sendable, Equatable {
        case clear
        case entriesOff(Outcome, String)
        case flatten(Outcome, String)

        public var allowsEntries: Bool { self == .clear }
    }

    /// What these limits and `other` both demand; software may only tighten.
    public func tightened(by other: LossLimits) -> LossLimits {
        func least<Value: Comparable>(_ a: Value?, _ b: Value?) -> Value? { [a, b].compactMap { $0 }.min() }
        return LossLimits(
            dailyLoss: least(dailyLoss, other.dailyLoss), dailyLossToFlatten: least(dailyLossToFlatten, other.dailyLossToFlatten),
            drawdownBasisPoints: least(drawdownBasisPoints, other.drawdownBasisPoints), dayStartHour: dayStartHour)
    }
}

/// What has been lost so far: kept across restarts, and only ever made stricter by software.
///
/// | event                         | then                                                                 |
/// |-------------------------------|----------------------------------------------------------------------|
/// | new day                       | the day begins at the equity seen first; the daily stop ends         |
/// | loss of the day ≥ limit       | daily stop until the next day, even if equity recovers               |
/// | loss of the day ≥ the greater | everything is closed, and the daily stop, whatever else has stopped  |
/// | equity above the highest      | the highest moves up; deposits and withdrawals move it along         |
/// | fall from the highest ≥ limit | drawdown stop until the owner resumes                                |
public struct LossState: Sendable, Equatable {
    /// Days since 1970, as the limits count them.
    public private(set) var day: Int64
    public private(set) var dayStartEquity: Notional
    /// Deposits less withdrawals of the day.
    public private(set) var dayDeposits: Notional
    public private(set) var highest: Notional
    public private(set) var stop: Stop
    /// The equity seen last, and when, milliseconds since 1970.
    public private(set) var observedEquity: Notional
    public private(set) var observedAt: Int64
    /// The day's loss has reached the limit that closes everything.
    public private(set) var closesEverything: Bool
    /// Since when `stop` holds.
    public private(set) var stoppedAt: Int64?

    public enum Stop: String, Sendable, CaseIterable {
        case none, daily, flattened, drawdown
    }

    public init(
        day: Int64, dayStartEquity: Notional, dayDeposits: Notional = .zero, highest: Notional, stop: Stop = .none,
        observedEquity: Notional? = nil, observedAt: Int64 = 0, closesEverything: Bool = false, stoppedAt: Int64? = nil
    ) {
        self.day = day
        self.dayStartEquity = dayStartEquity
        self.dayDeposits = dayDeposits
        self.highest = highest
        self.stop = stop
        self.observedEquity = observedEquity ?? dayStartEquity
        self.observedAt = observedAt
        self.closesEverything = closesEverything
        self.stoppedAt = stoppedAt
    }

    /// - Parameter now: milliseconds since 1970.
    public static func beginning(equity: Notional, limits: LossLimits, now: Int64) -> LossState {
        LossState(day: day(of: now, limits), dayStartEquity: equity, highest: equity, observedAt: now)
    }

    static func day(of now: Int64, _ limits: LossLimits) -> Int64 {
        (now - Int64(limits.dayStartHour) * 3_600_000).floored(by: 86_400_000)
    }

    /// Money that came or went, which is neither gain nor loss.
    public mutating func deposited(_ amount: Notional) {
        dayDeposits += amount
        highest += amount
    }

    /// Takes an equity into account and says what holds now.
    /// - Parameter now: milliseconds since 1970.
    public mutating func observe(equity: Notional, limits: LossLimits, now: Int64) -> LossLimits.Verdict {
        let before = stop
        defer { if stop != before { stoppedAt = stop == .none ? nil : now } }
        observedEquity = equity
        observedAt = now
        let today = Self.day(of: now, limits)
        if today > day {
            day = today
            dayStartEquity = equity
            dayDeposits = .zero
            closesEverything = false
            if stop == .daily || stop == .flattened { stop = .none }
        }
        highest = max(highest, equity)
        let loss = dayStartEquity + dayDeposits - equity
        if let limit = limits.drawdownBasisPoints, highest > .zero,
            (Int128(highest.e8) - Int128(equity.e8)) * 10_000 >= Int128(highest.e8) * Int128(limit)
        {
            stop = .drawdown
        }
        if let limit = limits.dailyLossToFlatten, loss >= limit {
            closesEverything = true
            if stop != .drawdown { stop = .flattened }
        }
        if let limit = limits.dailyLoss, loss >= limit, stop == .none { stop = .daily }
        return verdict(loss: loss, equity: equity)
    }

    /// Only the owner ends a drawdown stop; the highest then begins anew. A day that closed everything stays closed to its end.
    public mutating func resumeByOwner(equity: Notional) {
        stop = closesEverything ? .flattened : .none
        if stop == .none { stoppedAt = nil }
        highest = equity
    }

    /// Why entries are refused as of the last equity seen; `nil` while they are not.
    public var refusal: (outcome: Outcome, detail: String)? {
        let closing = closesEverything ? "; the day's loss reached the limit that closes everything" : ""
        return switch stop {
        case .none: nil
        case .daily: (.dailyLoss, "the day's loss reached its limit, until the next day")
        case .flattened: (.dailyLoss, "the day's loss reached the limit that closes everything, until the next day")
        case .drawdown: (.drawdown, "equity fell too far from its highest \(highest), until the owner resumes\(closing)")
        }
    }

    private func verdict(loss: Notional, equity: Notional) -> LossLimits.Verdict {
        if closesEverything { return .flatten(stop == .drawdown ? .drawdown : .dailyLoss, "the day's loss of \(loss) closes everything") }
        return switch stop {
        case .none: .clear
        case .daily, .flattened: .entriesOff(.dailyLoss, "the day's loss reached its limit; \(loss) now, until the next day")
        case .drawdown: .entriesOff(.drawdown, "equity \(equity) fell too far from its highest \(highest); until the owner resumes")
        }
    }
}
