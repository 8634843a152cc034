import CopyTrading

/// How fast recorded fills are replayed.
public enum ReplaySpeed: Sendable, Equatable, CustomStringConvertible {
    /// Recorded time passes this many times as fast as real time.
    case times(Ratio)
    /// As fast as the burst bound allows.
    case maximum

    /// Reads a positive decimal such as `3600` or `0.5`, or `max`.
    public init?(_ text: String) {
        guard text != "max" else {
            self = .maximum
            return
        }
        guard let factor = try? Ratio(parsing: text), factor > .zero else { return nil }
        self = .times(factor)
    }

    public var description: String {
        switch self {
        case .times(let factor): factor.description
        case .maximum: "max"
        }
    }
}

/// When which group of recorded fills is due. No clock of its own: ``step(at:)`` is told the time and says when to come back.
struct ReplaySchedule {
    /// At most this many fills leave in one step, but always one group at least; the next step is this much later then.
    struct Burst: Equatable {
        var fills: Int
        var milliseconds: Int64
    }

    /// One group: when it was recorded, and of how many fills it is.
    struct Item: Equatable {
        var recordedAt: Int64
        var fills: Int
    }

    private let items: [Item]
    private let speed: ReplaySpeed
    private let burst: Burst
    /// The next group.
    private(set) var position: Int
    private let startedAt: Int64
    private let firstTime: Int64

    /// - Parameters:
    ///   - position: groups that were replayed before.
    ///   - now: milliseconds; the first group is due at once.
    init(_ items: [Item], from position: Int, speed: ReplaySpeed, burst: Burst, now: Int64) {
        self.items = items
        self.speed = speed
        self.burst = burst
        self.position = position
        startedAt = now
        firstTime = position < items.count ? items[position].recordedAt : 0
    }

    var isFinished: Bool { position == items.count }

    /// - Returns: the groups to publish now, and after how many milliseconds to ask again; `nil` when nothing is left.
    mutating func step(at now: Int64) -> (groups: Range<Int>, wait: Int64?) {
        let first = position
        var fills = 0
        while position < items.count, fills == 0 || fills + items[position].fills <= burst.fills, wait(at: now) <= 0 {
            fills += items[position].fills
            position += 1
        }
        guard !isFinished else { return (first..<position, nil) }
        let pause = wait(at: now)
        return (first..<position, pause > 0 ? pause : burst.milliseconds)
    }

    /// Milliseconds until the next group is due; not positive when it is.
    private func wait(at now: Int64) -> Int64 {
        guard case .times(let factor) = speed else { return 0 }
        let recorded = Int128(items[position].recordedAt - firstTime) * Ratio.one.e18
        return Int64(clamping: recorded / factor.e18) - (now - startedAt)
    }
}
