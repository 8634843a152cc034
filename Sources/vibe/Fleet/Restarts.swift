/// When a process that lost the exchange, hung, or found a server away for longer than it waits at its start, is started again: nobody else
/// may be there to take its accounts. Its successor begins when all answer. Pauses double from one loss of a role to the next, and there is
/// always a next: giving up would leave positions unattended.
struct Restarts: Sendable {
    static let firstPause = Duration.seconds(1)
    static let longestPause = Duration.seconds(30)
    private static let kinds: [Failure.Kind] = [.feedLost, .stalled, .unavailable]

    /// A role that lost nothing for so long, counted from its last restart, starts over with the first pause.
    private let steadyAfter: Duration
    private var last: [String: (pause: Duration, at: ContinuousClock.Instant)] = [:]
    private var waiting: [(role: String, at: ContinuousClock.Instant)] = []

    init(steadyAfter: Duration) { self.steadyAfter = steadyAfter }

    /// - Returns: the pause before another process of the role starts; `nil` for an end that someone should read about first.
    mutating func note(role: String, _ exit: ChildProcess.Exit, at now: ContinuousClock.Instant) -> Duration? {
        guard Self.kinds.contains(where: { exit == .code($0.rawValue) }) else { return nil }
        var pause = Self.firstPause
        if let last = last[role], now - last.at < steadyAfter { pause = min(last.pause * 2, Self.longestPause) }
        last[role] = (pause, now + pause)
        waiting.append((role, now + pause))
        return pause
    }

    /// Roles of which a process is to be started now, each once for each process that is missing.
    mutating func due(at now: ContinuousClock.Instant) -> [String] {
        let due = waiting.filter { $0.at <= now }.map(\.role)
        waiting.removeAll { $0.at <= now }
        return due
    }
}
