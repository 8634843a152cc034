import ArgumentParser
import Foundation
import Settings

/// The whole system at work on this machine, on real recorded fills, with proof at the end.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Replay recorded leaders' fills through a whole fleet on this machine, and verify the result.",
        discussion: """
            Private servers, a sample configuration, the simulated exchange and every role as a process of its own. Starts from nothing
            unless --resume is given, in a directory (VIBE_RUN_DIRECTORY) where no other fleet has run. Ends with the line of `vibe verify`
            and its exit code; Ctrl-C stops everything. Variables documented in env/ apply to every process, for example
            VIBE_RATE_SUBSCRIBER__sub_007=1/1s:1.

            Examples:
              vibe demo
              vibe demo --speed max --workers 4
              vibe demo --keep        leaves it running afterwards, for `vibe status`, `vibe explain` and redis-cli
            """)

    @Option(help: "Speed of the replay against recorded time, or max.") var speed = "7200"
    @Option(help: "How many subscribers, 6 to 100000.") var subscribers = 240
    @Option(help: "How many work processes, 1 to 64.") var workers = 2
    @Flag(help: "Go on with the state the last run left in the run directory.") var resume = false
    @Flag(help: "Leave everything running after the verification, until Ctrl-C.") var keep = false

    func validate() throws {
        guard Settings.isSpeed(speed) else { throw ValidationError("--speed is a number from 0.001 to 1000000, or max") }
        guard (6...100_000).contains(subscribers) else { throw ValidationError("--subscribers is 6 to 100000") }
        guard (1...FleetRole.mostProcesses).contains(workers) else { throw ValidationError("--workers is 1 to \(FleetRole.mostProcesses)") }
    }

    func run() async throws {
        let run = RunDirectory(try OperatorContext.environmentSettings().fleet.runDirectory)
        try run.create()
        let lock = try FleetLock(run)
        defer { withExtendedLifetime(lock) {} }
        guard !run.holdsOtherFleet else {
            throw Failure(
                .usage, "\(run.path) holds a fleet of `vibe up`, which a demo would clear", nextStep: "VIBE_RUN_DIRECTORY=/tmp/vibe-demo vibe demo")
        }
        let supervision = Supervision()
        let demo = Demo(run: run, supervision: supervision, speed: speed, subscribers: subscribers, workers: workers)
        let report: VerificationReport
        do {
            report = try await play(demo, run)
            if keep { try await keepRunning(demo) }
        } catch {
            await supervision.stop()
            throw error
        }
        await supervision.stop()
        guard report.isClean else { throw Failure(.checkFailed, "") }
    }

    private func play(_ demo: Demo, _ run: RunDirectory) async throws -> VerificationReport {
        try await Interruption.guarded {
            for name in await Leftovers.end(in: run) { Terminal.say("ended \(name), left by an earlier run") }
            if !resume {
                try run.clear()
                try run.create()
            }
            try DemoFiles.seed(in: run)
            return try await demo.play()
        }
    }

    /// Ctrl-C is how this is meant to end.
    private func keepRunning(_ demo: Demo) async throws {
        do { try await Interruption.guarded { try await demo.keepRunning() } } catch let failure as Failure where failure.kind == .interrupted {
            return
        }
    }
}
