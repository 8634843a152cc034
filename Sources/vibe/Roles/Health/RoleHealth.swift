import Health
import Logging
import Settings

/// Watches over a role while it runs: the watchdog, the checks and the server that tells of them.
struct RoleHealth: Sendable {
    /// Of a watchdog that is off, for `/healthz` alone.
    private static let silenceUnwatched = Duration.seconds(30)

    let process: RoleProcess
    let heartbeats: Heartbeats
    let board: HealthBoard

    init(_ process: RoleProcess, checks: [HealthCheck]) {
        self.process = process
        heartbeats = Heartbeats()
        board = HealthBoard(process: process.member, checks: checks)
    }

    /// Runs `body` under the watchdog. Nothing of this ends the role, or is waited for when it ends.
    func watch(_ body: () async throws -> Void) async throws {
        let settings = process.settings.fleet
        if settings.watchdog > .zero {
            Watchdog.start(heartbeats, limit: settings.watchdog, patience: process.patience, logger: process.logger)
        }
        let board = board
        let tasks = [Task { await board.run() }] + (settings.healthAddress.map { address in [Task { await serve(address) }] } ?? [])
        defer { for task in tasks { task.cancel() } }
        try await Heartbeats.$current.withValue(heartbeats) { try await body() }
    }

    /// Whether its loops turn: half of what the watchdog waits for.
    var live: HealthReport {
        let limit = process.settings.fleet.watchdog
        return HealthReport(
            process: process.member, samples: [heartbeats.sample(limit: ((limit > .zero ? limit : Self.silenceUnwatched) + process.patience) / 2)])
    }

    /// Whether it has what it needs as well.
    var ready: HealthReport {
        HealthReport(process: process.member, samples: live.samples + board.report.samples)
    }

    private func serve(_ address: ListenAddress) async {
        do {
            try await HealthServer(address: address, live: { live }, ready: { ready }, logger: process.logger).run()
        } catch is CancellationError {} catch {
            process.logger.critical("health.unavailable", metadata: ["address": "\(address)", "error": "\(error)"])
        }
    }
}
