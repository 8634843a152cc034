import ArgumentParser
import AuditTrail
import Foundation
import JSON
import Redis
import Settings

struct ConvergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "converge",
        abstract: "For a fleet that will not come back: close every position that it holds.",
        discussion: """
            Latches the kill switch at level 4 on everything, and works as the only worker until nothing is held or --within is over: under
            leases, each order journalled, an outcome that was left open settled first. Exits go at the exit ladder's prices, reduce-only
            unless another subscription of the account holds the other side. The latch stays; `vibe kill 0` lifts it. What subscribers hold
            by themselves is left alone.

            Without --yes it only shows what is held. It works with the fleet that VIBE_REDIS_URL names, else with the one that runs in
            VIBE_RUN_DIRECTORY, else it starts that one's servers for the time; Postgres and the exchange are needed too. When Redis is away
            the positions on record in Postgres are shown, and nothing is sent: what may have been sent already is known to Redis alone.

            Ends with 0 when nothing is held, with 1 when something is left.

            Examples:
              vibe converge
              vibe converge --yes --reason "the host is given up"
            """)

    @Flag(help: "Do it.") var yes = false
    @Flag(help: "Even while workers are alive: they then do it together.") var force = false
    @Flag(help: "Start the simulated exchange too, where `vibe up --sim` ran.") var sim = false
    @Option(help: "How long it may take, such as 5m.") var within = Converger.standardLimit.text
    @Option(help: "Why, for whoever lifts the kill switch.") var reason = "vibe converge"
    @Option(help: "Who does it.") var by = ProcessInfo.processInfo.environment["USER"] ?? "operator"
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let limit = Duration(parsing: within), limit > .zero else {
            throw Failure(.usage, "--within \(within) is no duration such as 30s or 5m", nextStep: "vibe converge --help")
        }
        let environment = ProcessInfo.processInfo.environment
        let run = RunDirectory(try OperatorContext.environmentSettings().fleet.runDirectory)
        let isPrivate =
            environment["VIBE_REDIS_URL"] == nil && FleetLock.holder(of: run) == nil && FileManager.default.fileExists(atPath: run.path("redis"))
        guard isPrivate else {
            return try await Interruption.guarded { try await converge(try OperatorContext.load(), limit) }
        }
        let lock = try FleetLock(run)
        defer { withExtendedLifetime(lock) {} }
        let supervision = Supervision()
        try await Interruption.guarded {
            let logger = CommandLogger.make("converge")
            let (_, environment, settings) = try await supervision.prepare(in: run, sim: sim, logger: logger)
            let fleet = try await supervision.startFleet(in: run, environment: environment, settings: settings)
            if sim { try await fleet.start("sim") }
            try await converge(OperatorContext(settings: settings, logger: logger), limit)
        } cleanUp: {
            await supervision.stop()
        }
    }

    private func converge(_ context: OperatorContext, _ limit: Duration) async throws {
        let redis = try context.redis("converge")
        do { _ = try await redis.send(RedisCommand("PING")).checked() } catch {
            try await showRecord(context, error)
        }
        let converger = try Converger(context.settings, logger: context.logger)
        if !yes {
            let held = try await converger.remainder()
            let report = ConvergeReport(before: held, left: held, accounts: try await converger.accounts())
            output.show(report.json) { held.isEmpty ? report.text() : report.text() + " (without --yes nothing was done)" }
            guard held.isEmpty else { throw Failure(.checkFailed, "") }
            return
        }
        let workers = try await StatusReader(context, redis: redis).members(of: "work")
        guard workers.isEmpty || force else {
            throw Failure(
                .usage, "workers are alive: \(workers.map(\.name).joined(separator: ", "))",
                nextStep: "`vibe kill 4 --reason …` has them close everything; --force joins them")
        }
        let report = try await converger.run(reason: reason, by: by, within: limit)
        await converger.close()
        await redis.close()
        output.show(report.json) { report.text() }
        guard report.left.isEmpty else { throw Failure(.checkFailed, "") }
    }

    /// What Postgres knows of positions, while Redis is away.
    private func showRecord(_ context: OperatorContext, _ error: any Error) async throws -> Never {
        let postgres = context.postgres("converge", answerTimeout: OperatorContext.scanTimeout)
        let held = try await AuditReader(postgres).lastPositions().filter { $0.position != "0" }
        await postgres.close()
        let positions = held.map { position -> JSON in
            [
                "subscription": .string(position.subscription), "coin": .string(position.coin), "held": .string(position.position),
                "atMs": .integer(position.at),
            ]
        }
        output.show(["flat": .bool(false), "positions": .array(positions)]) {
            var table = Table([.text("SUBSCRIPTION", mayShrink: true), .text("COIN"), .figure("HELD"), .text("AS OF")])
            for position in held {
                table.add([
                    Table.Cell(position.subscription, .bold), Table.Cell(position.coin), Table.Cell(position.position),
                    Table.Cell(Format.instant(milliseconds: position.at)),
                ])
            }
            return held.isEmpty ? "no position is on record in Postgres" : table.rendered()
        }
        throw Failure(
            held.isEmpty ? .unavailable : .checkFailed, "Redis is away, so nothing was sent: \(error)",
            nextStep: "start Redis with its data and run this again; else close the positions at the exchange")
    }
}
