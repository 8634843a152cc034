import Synchronization

/// The newest sample of each check: checks run beside each other, and whoever asks is answered at once, whatever a check waits for.
public final class HealthBoard: Sendable {
    /// Between two samples of a check.
    static let every = Duration.milliseconds(500)
    /// A check that has said nothing for so long counts as failed: what it looks at does not answer.
    static let silence = Duration.seconds(5)

    private let process: String
    private let checks: [HealthCheck]
    private let samples = Mutex<[String: (sample: HealthSample, at: ContinuousClock.Instant)]>([:])
    private let startedAt = ContinuousClock.now

    public init(process: String, checks: [HealthCheck]) {
        self.process = process
        self.checks = checks
    }

    /// Samples until cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for check in checks {
                group.addTask {
                    while !Task.isCancelled {
                        let sample = await check.sample()
                        self.samples.withLock { $0[check.name] = (sample, .now) }
                        try? await Task.sleep(for: Self.every)  // ends early only when cancelled
                    }
                }
            }
        }
    }

    public var report: HealthReport { report(at: .now) }

    func report(at now: ContinuousClock.Instant) -> HealthReport {
        let known = samples.withLock { $0 }
        return HealthReport(
            process: process,
            samples: checks.map { check in
                let asked = now - (known[check.name]?.at ?? startedAt)
                guard let sample = known[check.name]?.sample, asked <= Self.silence else {
                    return HealthSample(check.name, .failed, age: asked, limit: Self.silence, detail: "the check has no answer")
                }
                return sample
            })
    }

    /// For tests: a sample as a check would have left it.
    func note(_ sample: HealthSample, at moment: ContinuousClock.Instant) { samples.withLock { $0[sample.name] = (sample, moment) } }
}
