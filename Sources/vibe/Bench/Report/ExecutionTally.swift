import CopyTrading
import JSON
import RedisStreams

/// Holds every published fill against what the streams say became of it.
struct ExecutionTally: Sendable {
    private(set) var published: Int
    private(set) var signals = 0
    private(set) var results = 0
    private(set) var executed = 0
    /// Orders that the results account for.
    private(set) var attempts = 0
    private(set) var outcomes: [Outcome: Int] = [:]
    /// A detail as an example of each outcome that is no success.
    private(set) var examples: [Outcome: String] = [:]
    /// (fill, subscriber) pairs without a result, and results beyond the first of a pair.
    private(set) var lost = 0
    private(set) var duplicates = 0
    /// Fills without a signal, and signals of no fill or of one that has a signal.
    private(set) var lostSignals = 0
    private(set) var strangeSignals = 0
    /// Results of trades within the window.
    private(set) var executedInWindow = 0
    private(set) var hops: [Hop: LatencySummary] = [:]
    /// One record of each stream, for the ceiling's payloads.
    private(set) var samples: [RedisStreams.Stream: [UInt8]] = [:]
    /// The measured copies one by one, when they were asked for.
    private(set) var copies: [Copy] = []

    struct Copy: Sendable {
        let fill: Int
        let subscriber: String
        let times: CopyTimes
    }

    /// - Parameters:
    ///   - published: fills were numbered from 0 up to this.
    ///   - measured: the schedule's fills whose times count, those after the warm-up.
    ///   - keepsCopies: for runs of few copies: a quarter of a kilobyte each.
    static func make(
        _ scan: some EntrySource, published: Int, fanOut: Int, schedule: LoadSchedule, measured: Range<Int>, window: BenchWindow,
        keepsCopies: Bool = false
    ) async throws -> ExecutionTally {
        var tally = ExecutionTally(published: published)
        var signals: [String: (fill: Int, at: Int64)] = [:]
        var seen = [Int](repeating: 0, count: published)
        try await scan.each(.signals) { entry in
            tally.samples[.signals] = entry.data
            tally.signals += 1
            guard let fill = SyntheticFill.number(ofTrade: try JSON.parse(entry.data).integer("firstFill")), fill < published else {
                tally.strangeSignals += 1
                return
            }
            seen[fill] += 1
            if seen[fill] > 1 { tally.strangeSignals += 1 }
            signals[entry.id] = (fill, moment(entry))
        }
        tally.lostSignals = seen.count { $0 == 0 }
        var requests: [String: Int64] = [:]
        var jobs: [String: Int64] = [:]
        try await scan.each(.requests) { tally.samples[.requests] = $0.data; requests[$0.id] = moment($0) }
        try await scan.each(.jobs) { tally.samples[.jobs] = $0.data; jobs[$0.id] = moment($0) }
        var found = [Int](repeating: 0, count: published)
        var pairs: Set<String> = []
        try await scan.each(.results) { entry in
            tally.samples[.results] = entry.data
            let result = try ExecutionResult(json: try JSON.parse(entry.data))
            let isNew = pairs.insert(result.job.text).inserted
            tally.count(result, isNew: isNew, isInWindow: window.contains(milliseconds: entry.milliseconds))
            guard isNew, let signal = signals[result.signal.text] else { return }
            found[signal.fill] += 1
            guard measured.contains(signal.fill), result.times.sent > 0, let request = requests[result.request.text],
                let job = jobs[result.job.text]
            else { return }
            let times = CopyTimes(
                due: schedule.due(signal.fill), signal: signal.at, request: request, job: job, result: moment(entry), times: result.times)
            tally.record(times)
            if keepsCopies { tally.copies.append(Copy(fill: signal.fill, subscriber: result.subscriber.text, times: times)) }
        }
        tally.lost = found.reduce(0) { $0 + max(0, fanOut - $1) }
        return tally
    }

    private init(published: Int) { self.published = published }

    private static func moment(_ entry: ScannedEntry) -> Int64 { entry.milliseconds * 1_000 + 500 }

    private mutating func count(_ result: ExecutionResult, isNew: Bool, isInWindow: Bool) {
        results += 1
        if !isNew { duplicates += 1 }
        attempts += result.attempts
        outcomes[result.outcome, default: 0] += 1
        if result.outcome != .filled, examples[result.outcome] == nil { examples[result.outcome] = result.detail ?? "" }
        guard result.outcome.isExecuted else { return }
        executed += 1
        if isInWindow { executedInWindow += 1 }
    }

    private mutating func record(_ times: CopyTimes) {
        for hop in Hop.allCases { hops[hop, default: LatencySummary()].record(microseconds: times.duration(hop)) }
    }
}
