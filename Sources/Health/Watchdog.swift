import Glibc
import Logging

/// Ends the process when one of its loops has stopped: its supervisor starts another, and its partitions move meanwhile.
///
/// It looks from a thread of its own, so that nothing that blocks the others can keep it from looking.
public enum Watchdog {
    /// EX_SOFTWARE: a loop of the process stopped.
    public static let exitCode: Int32 = 70
    /// Looks within the limit.
    static let looks: UInt64 = 20
    /// Seconds for the last log line: what stopped the loop may be the log itself.
    static let lastWords: UInt32 = 2

    /// Looks until the process ends.
    /// - Parameters:
    ///   - limit: silence of a loop that ends the process.
    ///   - patience: added to it: the longest that one call to a server may take, by its own limits.
    public static func start(_ heartbeats: Heartbeats, limit: Duration, patience: Duration, logger: Logger) {
        let start = Start(heartbeats: heartbeats, limit: (limit + patience).nanoseconds, logger: logger)
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, watch, Unmanaged.passRetained(start).toOpaque())
        precondition(status == 0, "cannot start a thread: \(String(cString: strerror(status)))")
        pthread_detach(thread)
    }

    fileprivate static func end(_ loop: String, silence: UInt64, _ logger: Logger) -> Never {
        _ = signal(SIGALRM) { _ in _exit(Watchdog.exitCode) }
        alarm(lastWords)
        logger.critical("watchdog.stalled", metadata: ["loop": "\(loop)", "for": "\(Duration.nanoseconds(Int64(silence)))"])
        _exit(exitCode)
    }
}

private final class Start {
    let heartbeats: Heartbeats
    let limit: UInt64
    let logger: Logger

    init(heartbeats: Heartbeats, limit: UInt64, logger: Logger) {
        self.heartbeats = heartbeats
        self.limit = limit
        self.logger = logger
    }
}

private func watch(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
    let period = max(start.limit / Watchdog.looks, 1_000_000)
    var detector = StallDetector(limit: start.limit, period: period, now: MonotonicClock.nanoseconds)
    while true {
        usleep(UInt32(period / 1_000))
        if let stalled = detector.look(at: MonotonicClock.nanoseconds, start.heartbeats.beating) {
            Watchdog.end(stalled.name, silence: stalled.silence, start.logger)
        }
    }
}
