/// The fills of a run with a backlog, by number; none is left out, so that each can be held against its results.
///
/// | fills | what |
/// |---|---|
/// | 0 ..< 2 c | every leader enters, before anything is measured |
/// | 2 c ..< 3 c | the first half of the leaders leaves: closes without a backlog |
/// | 3 c ..< 4 c | the second half leaves, while the backlog drains |
/// | from 4 c | the first half enters, again and again: the backlog |
struct BacklogPlan: Sendable {
    /// Jobs of the backlog.
    let entries: Int
    let options: BenchOptions
    /// Closes a second.
    let closeRate: Int

    /// c: leaders in each half, and closes in each measurement.
    let half: Int

    private static let primingRate = 200
    private static let buildRate = 500

    init(entries: Int, _ sweep: SweepOptions) throws {
        self.entries = entries
        closeRate = sweep.rate ?? 20
        half = sweep.closes
        var options = try BenchOptions.parse([])
        options.fanOut = sweep.fanOut
        options.leaders = 2 * half
        options.accounts = min(1_000, 2 * half * sweep.fanOut)
        options.fsync = sweep.fsync
        options.latencyMs = sweep.latencyMs ?? 0
        options.ceiling = 0
        // what the run will write, for the check of memory
        options.rate = Self.buildRate
        options.warmUp = 0
        options.seconds = min(3_600, entries / (Self.buildRate * sweep.fanOut) + 1)
        try options.validate()
        self.options = options
    }

    var signals: Int { (entries + options.fanOut - 1) / options.fanOut }
    var published: Int { 4 * half + signals }
    var measured: Range<Int> { 2 * half..<4 * half }

    /// - Parameter start: microseconds since 1970, in all of these.
    func entering(at start: Int64) -> LoadSchedule {
        LoadSchedule(fills: 0..<2 * half, leaders: 2 * half, rate: Self.primingRate, start: start)
    }

    func closesBefore(at start: Int64) -> LoadSchedule {
        LoadSchedule(fills: 2 * half..<3 * half, leaders: 2 * half, rate: closeRate, start: start)
    }

    func closesMeanwhile(at start: Int64) -> LoadSchedule {
        LoadSchedule(fills: 3 * half..<4 * half, leaders: 2 * half, rate: closeRate, start: start)
    }

    func backlog(at start: Int64) -> LoadSchedule {
        LoadSchedule(fills: 4 * half..<published, leaders: half, rate: Self.buildRate, start: start, isEntering: true)
    }

    /// Publishing it, matching and planning it with time to spare.
    var buildLimit: Duration { .seconds(120 + entries / 500) }
    var drainLimit: Duration { Bench.drainLimit + .seconds(entries / 1_000) }
}
