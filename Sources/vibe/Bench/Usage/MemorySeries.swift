/// Memory of processes over time.
struct MemorySeries: Sendable {
    struct Sample: Sendable {
        /// Microseconds since any one moment.
        let at: Int64
        /// Resident bytes by process.
        let bytes: [String: Int64]
    }

    private(set) var samples: [Sample] = []

    mutating func add(_ sample: Sample) { samples.append(sample) }

    /// Names of all processes that were ever seen.
    var processes: [String] { Set(samples.flatMap(\.bytes.keys)).sorted { BenchWindow.precedes($0, $1) } }

    /// The samples at least so far apart, the first and the last among them: what a person wants to read.
    func spaced(_ interval: Duration) -> [Sample] {
        var chosen: [Sample] = []
        for sample in samples where chosen.last.map({ sample.at - $0.at >= interval.microseconds }) ?? true { chosen.append(sample) }
        if let last = samples.last, last.at != chosen.last?.at { chosen.append(last) }
        return chosen
    }

    /// Bytes a minute by which a process grows, by least squares over the second half: the first is for what fills up once.
    /// `nil` with fewer than three samples in it.
    func slope(_ process: String) -> Int64? {
        let points = samples.suffix((samples.count + 1) / 2).compactMap { sample in
            sample.bytes[process].map { (x: Double(sample.at) / 60_000_000, y: Double($0)) }
        }
        return Statistics.slope(points).map { Int64($0.rounded()) }
    }
}

/// Memory of a fleet at rest.
struct IdleMemory: Sendable {
    let before: [String: Int64]
    let after: [String: Int64]

    /// An idle role process has at most so much.
    static let target: Int64 = 64_000_000

    /// The largest role process before the load.
    var largest: (process: String, bytes: Int64)? {
        before.filter { FleetRole(rawValue: BenchWindow.stage($0.key)) != nil }.max { ($0.value, $1.key) < ($1.value, $0.key) }
            .map { ($0.key, $0.value) }
    }
}
