/// Stops entries when what they meet goes wrong, and tries again carefully. One for each account, coin and leader, and one for
/// everything.
///
/// | state             | event                                        | next                                        |
/// |-------------------|----------------------------------------------|---------------------------------------------|
/// | closed            | a limit is reached                           | open, for the pause                         |
/// | open              | the pause is over                            | half-open: the next entry is let through    |
/// | half-open         | a limit is reached                           | open, for the pause                         |
/// | half-open, trying | an order is accepted in time                 | closed, counts cleared, pause as at first   |
/// | half-open, trying | one is refused, unknown, or accepted late    | open, for twice the pause up to the longest |
/// | half-open, trying | the entry ended without being sent           | half-open                                   |
///
/// While one tries, which order an event is of is not asked: an exit's counts as well.
public struct CircuitBreaker: Sendable, Equatable {
    public struct Limits: Sendable, Equatable {
        /// The window in which events count, and the first and longest pause, milliseconds.
        public var window: Int64 = 60_000
        public var pause: Int64 = 30_000
        public var longestPause: Int64 = 600_000
        public var rejects = 5
        /// More than this share of at least ``rejectSample`` orders, per cent.
        public var rejectPercent = 50
        public var rejectSample = 20
        public var unknowns = 3
        /// 95th percentile from order to answer, milliseconds, of at least ``rejectSample`` orders.
        public var acknowledgement: Int64 = 3_000
        public var spreadBasisPoints = 200
        public var oracleBasisPoints = 150
        /// Trades of a leader in one window, against wash trading and bots.
        public var leaderTrades = 120

        public init() {}
    }

    public enum State: Sendable, Equatable {
        case closed
        /// Milliseconds since 1970.
        case open(until: Int64)
        /// - trying: whether the one entry is under way.
        case halfOpen(trying: Bool)
    }

    public enum Event: Sendable, Equatable {
        /// Milliseconds from the order to its answer.
        case accepted(acknowledgedAfter: Int64)
        case rejected
        case unknown
        case spread(basisPoints: Int)
        case markOracle(basisPoints: Int)
        case leaderTraded
    }

    /// Most events remembered; older ones are forgotten first.
    static let mostEvents = 512

    public let limits: Limits
    public private(set) var state = State.closed
    /// Why it opened last.
    public private(set) var reason: String?
    /// From ``first`` on, oldest first; what is counted of them is kept with them, as every order asks.
    private var events: [(at: Int64, event: Event)] = []
    private var first = 0
    private var counts = Counts()
    private var pause: Int64

    private struct Counts: Sendable, Equatable {
        var rejects = 0
        var unknowns = 0
        var accepted = 0
        /// Of those, answered later than the limit.
        var slow = 0
        var trades = 0
    }

    public init(limits: Limits = Limits()) {
        self.limits = limits
        pause = limits.pause
    }

    public static func == (a: CircuitBreaker, b: CircuitBreaker) -> Bool {
        a.limits == b.limits && a.state == b.state && a.reason == b.reason && a.pause == b.pause
            && a.events[a.first...].elementsEqual(b.events[b.first...], by: { $0.at == $1.at && $0.event == $1.event })
    }

    /// Whether an entry may go; in the half-open state the first to ask is the trial. Exits do not ask.
    /// - Parameter now: milliseconds since 1970.
    public mutating func allowsEntry(at now: Int64) -> Bool {
        if case .open(let until) = state, now >= until { state = .halfOpen(trying: false) }
        switch state {
        case .closed: return true
        case .open, .halfOpen(trying: true): return false
        case .halfOpen(trying: false):
            state = .halfOpen(trying: true)
            return true
        }
    }

    /// The trial ended without being sent: another may try.
    public mutating func trialWithdrawn() {
        if state == .halfOpen(trying: true) { state = .halfOpen(trying: false) }
    }

    /// - Parameter now: milliseconds since 1970.
    public mutating func record(_ event: Event, at now: Int64) {
        while first < events.count, events[first].at <= now - limits.window || events.count - first >= Self.mostEvents {
            count(events[first].event, -1)
            first += 1
        }
        if first > Self.mostEvents {
            events.removeFirst(first)
            first = 0
        }
        events.append((now, event))
        count(event, 1)
        switch state {
        case .open: return
        case .halfOpen(trying: true):
            if case .accepted(let delay) = event, delay <= limits.acknowledgement {
                state = .closed
                pause = limits.pause
                events = []
                first = 0
                counts = Counts()
            } else if event.isFailure {
                pause = min(pause * 2, limits.longestPause)
                open("the trial failed", now)
            }
        case .closed, .halfOpen(trying: false):
            if let fault = fault { open(fault, now) }
        }
    }

    private mutating func open(_ why: String, _ now: Int64) {
        state = .open(until: now + pause)
        reason = why
    }

    private mutating func count(_ event: Event, _ step: Int) {
        switch event {
        case .accepted(let delay):
            counts.accepted += step
            if delay > limits.acknowledgement { counts.slow += step }
        case .rejected: counts.rejects += step
        case .unknown: counts.unknowns += step
        case .leaderTraded: counts.trades += step
        case .spread, .markOracle: break
        }
    }

    /// Which limit the events of the window reached.
    private var fault: String? {
        let orders = counts.rejects + counts.unknowns + counts.accepted
        if counts.unknowns >= limits.unknowns { return "\(counts.unknowns) unknown outcomes" }
        if counts.rejects >= limits.rejects { return "\(counts.rejects) rejects" }
        if orders >= limits.rejectSample, counts.rejects * 100 > limits.rejectPercent * orders {
            return "\(counts.rejects) of \(orders) orders rejected"
        }
        // The 95th percentile is beyond the limit when more than the last 5 % are.
        if counts.accepted >= limits.rejectSample, counts.slow > counts.accepted - (counts.accepted * 95 + 99) / 100 {
            return "\(counts.slow) of \(counts.accepted) answers took longer than \(limits.acknowledgement) ms"
        }
        if counts.trades > limits.leaderTrades { return "the leader trades \(counts.trades) times" }
        switch events.last?.event {
        case .spread(let basisPoints) where basisPoints > limits.spreadBasisPoints: return "the spread is \(basisPoints) bps"
        case .markOracle(let basisPoints) where abs(basisPoints) > limits.oracleBasisPoints: return "mark and oracle are \(basisPoints) bps apart"
        default: return nil
        }
    }
}

extension CircuitBreaker.Event {
    fileprivate var isFailure: Bool {
        switch self {
        case .rejected, .unknown, .accepted: true
        case .spread, .markOracle, .leaderTraded: false
        }
    }
}
