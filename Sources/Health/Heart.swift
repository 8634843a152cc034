import Glibc
import Synchronization

/// Tells that one loop turns: it beats on each round, and rests while it waits for something to do.
///
/// A loop that waits for a server, again and again, beats too: only one that hangs is silent.
public final class Heart: Sendable {
    /// The heart of the loop that this task runs, for waits deep inside of it.
    @TaskLocal public static var current: Heart?

    public let name: String
    /// Nanoseconds for which it may be silent in one wait that has a limit of its own.
    private let patience: UInt64
    /// Nanoseconds of the monotonic clock; 0 while it rests.
    private let last: Atomic<UInt64>

    init(name: String, patience: Duration = .zero, at now: UInt64) {
        self.name = name
        self.patience = patience.nanoseconds
        last = Atomic(now)
    }

    /// The heart of a loop of this process, known to ``Heartbeats/current`` from now on; outside of a process with such, to nobody.
    /// - Parameter patience: the longest that one wait in the loop takes, by that wait's own limits; its silence counts after it.
    public static func start(_ name: String, patience: Duration = .zero) -> Heart {
        let heart = Heart(name: name, patience: patience, at: MonotonicClock.nanoseconds)
        Heartbeats.current?.add(heart)
        return heart
    }

    public func beat() { last.store(MonotonicClock.nanoseconds, ordering: .relaxed) }

    /// Nothing to do: silence is right until the next beat.
    public func rest() { last.store(0, ordering: .relaxed) }

    /// From when on its silence counts; `nil` while it rests.
    var silentFrom: UInt64? {
        let value = last.load(ordering: .relaxed)
        return value == 0 ? nil : value + patience
    }
}

/// The hearts of a process.
public final class Heartbeats: Sendable {
    /// Of this process; loops that are started under it are known to it.
    @TaskLocal public static var current: Heartbeats?

    private let hearts = Mutex<[String: Heart]>([:])

    public init() {}

    /// Takes the place of an earlier one of the same name.
    func add(_ heart: Heart) { hearts.withLock { $0[heart.name] = heart } }

    /// All that do not rest, by name, with the moments from which on their silence counts.
    var beating: [(name: String, last: UInt64)] {
        hearts.withLock { hearts in hearts.values.compactMap { heart in heart.silentFrom.map { (heart.name, $0) } } }
            .sorted { $0.name < $1.name }
    }

    /// A sample that fails when a loop has been silent for so long.
    public func sample(limit: Duration) -> HealthSample {
        let now = MonotonicClock.nanoseconds
        let silent = beating.map { (name: $0.name, silence: Duration.nanoseconds(Int64(now &- min($0.last, now)))) }
        guard let worst = silent.max(by: { $0.silence < $1.silence }) else {
            return HealthSample("loops", .ok, detail: "all rest")
        }
        return HealthSample(
            "loops", worst.silence > limit ? .failed : .ok, age: worst.silence, limit: limit, detail: "\(worst.name) is the longest silent")
    }
}

extension Duration {
    var nanoseconds: UInt64 {
        UInt64(components.seconds) * 1_000_000_000 + UInt64(components.attoseconds / 1_000_000_000)
    }
}

/// The clock that stands still while the machine sleeps, for comparisons across threads.
enum MonotonicClock {
    /// Since an arbitrary moment; never 0.
    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec) | 1
    }
}
