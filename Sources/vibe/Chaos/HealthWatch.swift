import Foundation
import Pipeline

/// Asks every process once a second how it is, while it is known whether it can make progress: when nothing is wrong, or when a server
/// is away that the process cannot do without.
actor HealthWatch {
    private let site: ChaosSite
    /// Faults under way.
    private var active: [FaultKind] = []
    /// The whole fleet was at work when nothing was wrong last, and no fault but the loss of Postgres came since. Without that it may be waiting
    /// for Postgres, to learn whether its Redis may be worked with.
    private var wasAtWork = false
    private(set) var samples: [ChaosObservations.HealthSample] = []

    private static let every = Duration.seconds(1)

    init(_ site: ChaosSite) { self.site = site }

    func begin(_ kind: FaultKind) {
        active.append(kind)
        if kind != .postgresAway { wasAtWork = false }
    }

    func end(_ kind: FaultKind) {
        if let index = active.firstIndex(of: kind) { active.remove(at: index) }
    }

    /// Until cancelled.
    func run() async throws {
        while true {
            try await Task.sleep(for: Self.every)
            let before = active
            guard before.allSatisfy({ $0 == .redisAway || $0 == .postgresAway }) else { continue }
            if before.isEmpty {
                let status = try? await StatusReader(site.context, redis: site.redis).read()
                if active.isEmpty { wasAtWork = status?.isAtWork ?? false }
            }
            if before.contains(.postgresAway), !wasAtWork { continue }
            let isHalted = await site.isHalted
            let reports = await ProcessHealth.read(in: site.run, patience: site.options.patience, logger: site.context.logger)
            // who was not answered in time because nobody waits any more is not unwell
            try Task.checkCancellation()
            guard active == before else { continue }
            let now = WallClock.milliseconds
            samples += reports.map { report in
                ChaosObservations.HealthSample(
                    process: report.process, at: now, isGreen: report.state != .failed,
                    concern: report.samples.filter { $0.state == .failed }.map(\.concern).joined(separator: "; "), couldProgress: !isHalted && Self.canProgress(report.process, during: before))
            }
        }
    }

    private static func canProgress(_ process: String, during faults: [FaultKind]) -> Bool {
        if faults.contains(.redisAway) { return false }
        return !(faults.contains(.postgresAway) && process.hasPrefix(FleetRole.audit.rawValue))
    }
}
