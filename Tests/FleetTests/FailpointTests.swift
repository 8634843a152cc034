import Foundation
import JSON
import Settings
import Testing

@testable import vibe

/// The real program, ended in the middle of its work.
@Suite("Failpoints in real processes", .serialized)
struct FailpointTests {
    /// One leader, one follower, a simulated exchange, one process of each role; `armed` is for the first worker alone.
    private func withFleet(_ armed: String, _ body: (Fleet, OperatorContext, RunDirectory) async throws -> Void) async throws {
        let program = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            .deletingLastPathComponent().appendingPathComponent("vibe").path
        try #require(FileManager.default.isExecutableFile(atPath: program), "the program is built beside its tests")
        try await withRun { run in
            let supervision = Supervision()
            do {
                let (fleet, context) = try await start(program, armed, supervision, run)
                try await body(fleet, context, run)
            } catch {
                await supervision.stop()
                throw error
            }
            await supervision.stop()
        }
    }

    private func start(
        _ program: String, _ armed: String, _ supervision: Supervision, _ run: RunDirectory
    ) async throws -> (Fleet, OperatorContext) {
        let logger = CommandLogger.make("test")
        let files = try BenchCast(options: try BenchOptions.parse(["--accounts", "1", "--fan-out", "1", "--leaders", "1"])).write(to: run)
        var environment = FleetEnvironment(
            operatorSettings: [:], decided: ["VIBE_RUN_DIRECTORY": run.path, "VIBE_PARTITIONS_SIGNALS": "2", "VIBE_PARTITIONS_ACCOUNTS": "2"])
        environment.use(try await supervision.startServers(in: run, logger: logger))
        try environment.provideSealingKey(in: run)
        try environment.useSimulator(in: run, fills: Demo.fills, accounts: files.accounts)
        let settings = try environment.settings()
        let context = OperatorContext(settings: settings, logger: logger)
        try await DatabaseSchema.migrate(settings, logger: logger)
        try await ConfigurationChange.apply(files.configuration, context)
        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings, executable: program)
        let redis = try context.redis("test")
        let monitor = DemoMonitor(
            fleet: fleet, supervision: supervision, simulator: SimulatorControl(base: settings.exchange.url), redis: redis, context: context)
        try await fleet.start("sim", arguments: ["--synthetic-leaders", "1", "--users", "11", "--no-sync"])
        try await monitor.waitForSimulator()
        for role in FleetRole.allCases { try await fleet.start(role.rawValue, extra: role == .work ? ["VIBE_FAILPOINTS": armed] : [:]) }
        var counts = FleetCounts()
        counts[.work] = 1
        try await monitor.waitUntilReady(counts, leaders: 1)
        await redis.close()
        return (fleet, context)
    }

    private func waitForEnd(_ fleet: Fleet) async throws -> Fleet.Ended {
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit {
            if let ended = await fleet.ended().first { return ended }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw Failure(.unavailable, "no process ended within a minute")
    }

    private func log(_ name: String, _ run: RunDirectory) -> String {
        String(decoding: FileManager.default.contents(atPath: run.log(of: name)) ?? Data(), as: UTF8.self)
    }

    /// - Parameters:
    ///   - point: where the first worker dies.
    ///   - landed: whether the exchange had the order by then.
    @Test(
        "a worker killed around sending is succeeded by another, which settles what it left: the exchange has the order exactly once",
        arguments: [("work.after_journal", false), ("work.after_write", true)])
    func killed(point: String, landed: Bool) async throws {
        try await withFleet("\(point)=kill@1") { fleet, context, run in
            let simulator = SimulatorControl(base: context.settings.exchange.url)
            _ = try await simulator.publish(try JSON.parse(Array(SyntheticFill(number: 0, leaders: 1).body.utf8)))
            let ended = try await waitForEnd(fleet)
            #expect(ended.name == "work-1")
            #expect(ended.exit == .signal(SIGKILL))
            #expect(log("work-1", run).contains("failpoints.armed"))
            #expect(log("work-1", run).contains("failpoint \(point)=kill@1: pass 1"))

            try await fleet.start("work")
            let report = try await Verification.run(context, ledger: .exchange(context.settings.exchange.url), patience: .seconds(60))
            #expect(report.isClean, "\(report.text())")
            #expect(report.executed == 1)
            #expect(report.ledgerOrders == 1)
            let settled = log("work-2", run).split(separator: "\n").filter { $0.contains("attempt.settled") }
            #expect(settled.count == 1)
            #expect(settled.first?.contains("neverLanded") == !landed)
        }
    }
}
