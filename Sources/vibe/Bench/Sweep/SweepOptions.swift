import ArgumentParser

/// What is varied.
enum SweepKind: String, CaseIterable, ExpressibleByArgument, Sendable {
    case workers, subscriptions, partitions, backlog

    var standardValues: [Int] {
        switch self {
        case .workers: [1, 2, 4]
        case .subscriptions: [1_000, 10_000, 100_000]
        case .partitions: [1, 4, 16]
        case .backlog: [100_000]
        }
    }

    var limits: ClosedRange<Int> {
        switch self {
        case .workers: 1...FleetRole.mostProcesses
        case .subscriptions: 1...140_000
        case .partitions: 1...99
        case .backlog: 1_000...1_000_000
        }
    }
}

/// One run of a sweep.
struct SweepPoint: Sendable {
    let value: Int
    let options: BenchOptions
}

struct SweepOptions: ParsableArguments, Sendable {
    @Option(parsing: .upToNextOption, help: "Values instead of the standard ones, at most 8.") var values: [Int] = []
    @Option(help: "Signals a second, 1 to 2000; by default 500 for workers, 100 else. Of a backlog: closes a second, by default 20.") var rate: Int?
    @Option(help: "Subscribers that copy each signal, 1 to 100.") var fanOut = 10
    @Option(help: "Seconds that are measured of each value, 5 to 600.") var seconds = 10
    @Option(help: "Seconds at the same rate before, 0 to 60.") var warmUp = 3
    @Option(help: "Milliseconds the exchange takes; by default 200 for workers, 0 else.") var latencyMs: Int?
    @Option(help: "Of a backlog: leaders that close before it, and as many while it drains, 10 to 200.") var closes = 200
    @Option(help: "When Redis flushes its AOF to disk: everysec or always.") var fsync = BenchOptions.Fsync.everysec

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("rate", rate ?? 1, 1...2_000), ("fan-out", fanOut, 1...100), ("seconds", seconds, 5...600), ("warm-up", warmUp, 0...60),
            ("latency-ms", latencyMs ?? 0, 0...10_000), ("closes", closes, 10...BenchOptions.mostLeaders * 2 / 5),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) is \(range.lowerBound) to \(range.upperBound)")
        }
        guard values.count <= 8 else { throw ValidationError("--values are 8 at most") }
    }

    func values(of kind: SweepKind) throws -> [Int] {
        let chosen = values.isEmpty ? kind.standardValues : values
        for value in chosen where !kind.limits.contains(value) {
            throw ValidationError("--values of \(kind.rawValue) are \(kind.limits.lowerBound) to \(kind.limits.upperBound)")
        }
        return chosen
    }

    /// Options that differ in one thing alone. Not for a backlog, which is a run of its own kind.
    func points(_ kind: SweepKind) throws -> [SweepPoint] {
        try values(of: kind).map { value in
            var options = try BenchOptions.parse([])
            options.rate = rate ?? (kind == .workers ? 500 : 100)
            options.fanOut = fanOut
            options.seconds = seconds
            options.warmUp = warmUp
            options.fsync = fsync
            options.latencyMs = latencyMs ?? (kind == .workers ? 200 : 0)
            options.ceiling = 0
            // an account's orders in one coin wait for each other: each leader trades half as often as an order takes
            options.leaders = min(BenchOptions.mostLeaders, max(80, options.rate * options.latencyMs * 5 / 2_000))
            options.accounts = max(800, (options.leaders ?? 80) * fanOut)
            switch kind {
            case .workers: options.work = value
            case .partitions: options.partitions = value
            case .subscriptions:
                let trading = options.leaderCount * fanOut
                guard value >= trading else { throw ValidationError("--values of subscriptions are at least the \(trading) of the load") }
                options.quietSubscriptions = value - trading
            case .backlog: break
            }
            try options.validate()
            return SweepPoint(value: value, options: options)
        }
    }
}
