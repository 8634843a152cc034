import Foundation
import Logging
import Redis
import RedisStreams
import Settings
import Testing

@testable import vibe

/// Real processes, each with its own rights, over TLS.
@Suite("A fleet over TLS, each role with its own rights")
struct SecureFleetTests {
    /// As in `vibe demo`: recorded hours pass in seconds.
    private static let variables = [
        "VIBE_RATE_SUBSCRIBER": "500/1s:1000", "VIBE_RATE_ACCOUNT": "500/1s:1000", "VIBE_RATE_EGRESS": "20000/1s:20000",
        "VIBE_EXCHANGE_SOCKET_MESSAGES": "10000000", "VIBE_MARKET_QUOTES": "no", "VIBE_BREAKER_LEADER_TRADES": "0",
        "VIBE_AUDIT_CHECKPOINT_EVERY": "1s",
    ]

    /// The program is built beside the tests.
    private func program() throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("vibe").path
        try #require(FileManager.default.isExecutableFile(atPath: program), "no program at \(program)")
        return program
    }

    @Test("it copies every recorded trade and verifies clean, and no right was missing")
    func wholeFleet() async throws {
        try await withRun { run in
            let site = try await SecureSite(in: run)
            try await site.provision()
            var environment = FleetEnvironment(operatorSettings: Self.variables, decided: ["VIBE_RUN_DIRECTORY": run.path])
            try environment.provideSealingKey(in: run)
            let files = try DemoFiles.provide(in: run, fills: SecureSite.repository + "/" + Demo.fills, subscribers: 14)
            try environment.useSimulator(in: run, fills: files.fills, accounts: files.accounts)
            try await ConfigurationChange.apply(files.configuration, try site.context("config", environment.variables))

            let context = try site.context("operator", environment.variables)
            let fleet = try Fleet(run: run, environment: environment, grace: context.settings.pipeline.shutdownGrace + .seconds(2), executable: program())
            do {
                try await play(site, fleet, context, leaders: files.leaderCount)
                await fleet.stop()
            } catch {
                await fleet.stop()
                throw error
            }
            #expect(refusals(in: run) == [])
        }
    }

    private func play(_ site: SecureSite, _ fleet: Fleet, _ context: OperatorContext, leaders: Int) async throws {
        let simulator = SimulatorControl(base: context.settings.exchange.url)
        let redis = try context.redis("watch")
        let monitor = DemoMonitor(fleet: fleet, supervision: Supervision(), simulator: simulator, redis: redis, context: context)
        try await fleet.start("sim")
        try await monitor.waitForSimulator()
        for role in FleetRole.allCases {
            for _ in 0..<FleetCounts()[role] { try await fleet.start(role.rawValue, extra: site.environment(role.rawValue)) }
        }
        try await monitor.waitUntilReady(FleetCounts(), leaders: leaders)
        try await simulator.replay(speed: "max")
        try await waitForRest(StatusReader(context, redis: redis), simulator, fleet, quiet: DemoMonitor.quiet)
        let report = try await Verification.run(context, ledger: .exchange(context.settings.exchange.url), patience: .seconds(20))
        #expect(report.isClean, "\(report.finalLine)")
        #expect(report.executed > 0)
        let postgres = context.postgres("look")
        let kept = try await postgres.query("SELECT count(*) AS parts FROM cell_checkpoints")
        #expect(try kept[0].integer("parts") == Int64(context.partitioning.accounts + 2), "the auditor may keep checkpoints")
        await postgres.close()
        await redis.close()
    }

    private func waitForRest(_ reader: StatusReader, _ simulator: SimulatorControl, _ fleet: Fleet, quiet: Duration) async throws {
        let limit = ContinuousClock.now + .seconds(180)
        var rest: (added: Int64, since: ContinuousClock.Instant)?
        while ContinuousClock.now < limit {
            if let ended = await fleet.ended().first { throw Failure(.unavailable, ended.text) }
            let status = try await reader.read()
            if try ReplayProgress(try await simulator.status()).isFinished, status.isDrained {
                if let known = rest, known.added == status.added {
                    if .now - known.since >= quiet { return }
                } else {
                    rest = (status.added, .now)
                }
            } else {
                rest = nil
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure(.unavailable, "the fleet did not come to rest")
    }

    /// Lines of the processes' logs that speak of a right that was missing.
    private func refusals(in run: RunDirectory) -> [String] {
        let marks = ["NOPERM", "The user executing the script", "permission denied", "42501"]
        return FleetRole.allCases.flatMap { role in (1...2).map { "\(role.rawValue)-\($0)" } }.flatMap { name in
            let text = FileManager.default.contents(atPath: run.log(of: name)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return text.split(separator: "\n").filter { line in marks.contains { line.contains($0) } }.map(String.init)
        }
    }

    @Test("a role finds streams missing and may not create them; the administrator may, and then every role starts")
    func provisioning() async throws {
        try await withRun { run in
            let site = try await SecureSite(in: run)
            for role in FleetRole.allCases {
                let context = try site.context(role.rawValue)
                let redis = try context.redis("prepare")
                try await Provisioning.check(redis)
                await #expect {
                    try await Provisioning.provision(redis, keys: context.keys, partitioning: context.partitioning)
                } throws: { error in
                    if case .forbidden(let streams)? = error as? Provisioning.Fault { return streams.count == context.partitioning.all.count }
                    return false
                }
            }
            try await site.provision()
            for role in FleetRole.allCases {
                let context = try site.context(role.rawValue)
                let redis = try context.redis("prepare")
                let created = try await Provisioning.provision(redis, keys: context.keys, partitioning: context.partitioning)
                #expect(created.isEmpty)
            }
        }
    }
}
