import ArgumentParser
import Foundation
import Logging
import Settings

/// A whole fleet on one machine: private servers, migrated database, role processes; until Ctrl-C.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run a whole fleet on this machine with a private Redis and Postgres, until Ctrl-C.",
        discussion: """
            State, logs and settings are kept in .run (VIBE_RUN_DIRECTORY); a further start goes on where the last one stopped.
            Variables documented in env/ apply to every process. A process that lost the exchange (VIBE_FEED_LOST_AFTER), hung
            (VIBE_WATCHDOG), or found a server away for VIBE_START_WAIT is started again; how others end is shown, with what starts another.

            What subscribers hold when it ends is left as it is, and counted in the last lines; `vibe converge` closes it, and so does
            --converge-on-exit, which a second Ctrl-C cuts short.

            When Redis is not as it was left (its files are gone, or older), nothing is traded, and what to do is said; --recover does it.

            Examples:
              vibe up --work 3
              vibe up --sim            with the simulated exchange
              vibe scale work=4        from another terminal
              vibe status              from another terminal
            """)

    @OptionGroup var options: CountOptions
    @Flag(help: "Also run the simulated exchange, and trade there.") var sim = false
    @Flag(help: "When Redis was lost, rebuild the cell at once, as `vibe recover --yes` does.") var recover = false
    @Flag(help: "At the end, close every position that the fleet holds, as `vibe converge` does.") var convergeOnExit = false

    func run() async throws {
        let run = RunDirectory(try OperatorContext.environmentSettings().fleet.runDirectory)
        try run.create()
        let lock = try FleetLock(run)
        defer { withExtendedLifetime(lock) {} }
        // a person's fleet from now on, which no demo and no run of another kind may clear
        for mark in [run.demoSeed, run.privateMark] { try? FileManager.default.removeItem(atPath: mark) }
        // asked of the fleet before this one
        ScaleRequest.withdraw(in: run)
        let supervision = Supervision()
        do {
            try await Interruption.guarded { try await start(in: run, supervision) }
        } catch let failure as Failure where failure.kind == .interrupted {
            let isAttended = await end(supervision)
            Terminal.say("stopped.")
            if convergeOnExit, !isAttended { throw Failure(.checkFailed, "") }
        } catch {
            _ = await end(supervision)
            throw error
        }
    }

    private func start(in run: RunDirectory, _ supervision: Supervision) async throws {
        let (servers, environment, settings) = try await supervision.prepare(in: run, sim: sim, logger: CommandLogger.make("up"))
        let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings)
        if sim { try await fleet.scale("sim", to: 1) }
        for role in FleetRole.allCases { try await fleet.scale(role.rawValue, to: options.counts[role]) }
        Terminal.say(
            """
            running: \(await Self.summary(fleet)); logs in \(run.path("log"))
            `vibe status` shows it from another terminal; redis-cli -s \(servers.redis.socket); Ctrl-C stops everything.
            """)
        let halts = try HaltWatch(OperatorContext(settings: settings, logger: CommandLogger.make("up")), recovers: recover)
        try await watch(supervision, fleet, run, halts, Restarts(steadyAfter: settings.safety.feedLostAfter * 2))
    }

    private func watch(
        _ supervision: Supervision, _ fleet: Fleet, _ run: RunDirectory, _ halts: HaltWatch, _ restarts: consuming Restarts
    ) async throws {
        while true {
            await halts.look()
            try await Task.sleep(for: .milliseconds(200))
            for ended in await fleet.ended() {
                Terminal.complain(ended.text)
                if let pause = restarts.note(role: ended.role, ended.exit, at: .now) {
                    Terminal.complain("another \(ended.role) starts in \(pause.text)")
                } else {
                    Terminal.complain(ended.advice(left: await fleet.counts.first { $0.role == ended.role }?.count ?? 0))
                }
            }
            for role in restarts.due(at: .now) {
                if let name = try await fleet.replace(role) { Terminal.complain("started \(name)") }
            }
            if let done = try await ScaleRequest.serve(fleet, in: run) { Terminal.say("scale: \(done)") }
            if let failure = await supervision.serverFailure() { throw failure }
        }
    }

    /// Roles first. What they leave held is closed when that was asked for, else counted, while the servers still run (R-85).
    /// - Returns: whether nothing is left.
    private func end(_ supervision: Supervision) async -> Bool {
        await supervision.stopPipeline()
        let isAttended = await attend(supervision.settings)
        await supervision.stop()
        return isAttended
    }

    /// - Parameter settings: of the fleet; `nil` when none was started.
    private func attend(_ settings: Settings?) async -> Bool {
        guard let settings else { return true }
        do {
            let converger = try Converger(settings, logger: CommandLogger.make("up"))
            if convergeOnExit {
                Terminal.say("closing what is held; Ctrl-C leaves it")
                do {
                    let report = try await Interruption.guarded {
                        try await converger.run(reason: "vibe up --converge-on-exit", by: "vibe up", within: Converger.standardLimit)
                    }
                    Terminal.say(report.text())
                } catch { Terminal.complain("vibe: not everything was closed: \(error)") }
            }
            let left = try await converger.remainder()
            await converger.close()
            if left.isEmpty { return true }
            Terminal.complain("\(left.text) left unattended: `vibe up` goes on with them, `vibe converge\(sim ? " --sim" : "") --yes` closes them")
        } catch { Terminal.complain("vibe: what is still held is not known: \(error); `vibe converge` looks again") }
        return false
    }

    static func summary(_ fleet: Fleet) async -> String {
        let counts = await fleet.counts
        return counts.isEmpty ? "no roles" : counts.map { "\($0.role) × \($0.count)" }.joined(separator: ", ")
    }
}
