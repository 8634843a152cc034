import CopyTrading
import Foundation
import JSON
import RedisStreams

/// One soak: set up, trade under faults, let it come to rest, compare.
struct Soak: Sendable {
    let options: SoakOptions
    let run: RunDirectory
    let supervision: Supervision

    /// Nothing new for this long: everything that will come has come. Longer than the longest pause between two tries of ingest.
    private static let restTime = Duration.seconds(20)
    private static let restLimit = Duration.seconds(300)
    private static let weightPerMinute = 30_000
    private static let progressEvery = Duration.seconds(10)

    func run() async throws -> SoakReport {
        let site = try await IngestionSite.open(
            IngestionSite.Plan(
                leaders: options.leaders, ingest: options.ingest, simulatorArguments: ["--seed", "\(options.seed)"],
                // sockets are cut some thousand times as often as by the exchange, and each time positions are read again: within the
                // exchange's weight that takes longer than a leader may go unverified, and entries would be left out, as R-14 wants
                environment: [
                    "VIBE_INGEST_WEIGHT": "\(Self.weightPerMinute)",
                    // frames change places within 50 ms here, which they do not on one connection of the exchange
                    "VIBE_INGEST_MARKET_HOLD": "120ms",
                ]), run, supervision, name: "soak")
        var check = SignalCheck()
        try await site.simulator.addFaults(SoakFaults.plan(options))
        try await trade(site, &check)
        let fired = try await site.simulator.faultCounts()
        try await site.simulator.clearFaults()
        try await site.waitUntilQuiet(for: Self.restTime, limit: Self.restLimit)
        try await StreamScan(redis: site.redis, keys: site.context.keys, partitioning: site.context.partitioning).each(.signals) { entry in
            check.found(try Signal(json: JSON.parse(entry.data)))
        }
        await site.redis.close()
        return SoakReport(
            seed: options.seed, seconds: options.minutes * 60, fills: check.fills, signals: check.signals, tiers: check.tiers, faults: fired,
            declaredGaps: try await declaredGaps(site.context), verdict: check.verdict)
    }

    /// Publishes messages at the rate, late ones at once, until the time is over.
    private func trade(_ site: IngestionSite, _ check: inout SignalCheck) async throws {
        var load = SoakLoad(leaders: options.leaders, seed: options.seed)
        let start = ContinuousClock.now
        let end = start + .seconds(options.minutes * 60)
        var shown = start
        var number = 0
        while ContinuousClock.now < end {
            let message = load.next()
            let trades = try await site.simulator.publish(message.body)
            guard trades.count == message.changes.count else { throw Failure(.unavailable, "the simulated exchange published another number of fills") }
            for (trade, change) in zip(trades, message.changes) {
                check.made(SignalCheck.MadeFill(trade: trade, change: change), by: message.leader, in: message.coin)
            }
            number += 1
            if ContinuousClock.now - shown >= Self.progressEvery {
                shown = .now
                try await site.checkProcesses()
                Terminal.complain("\((shown - start).components.seconds) s: \(Format.count(check.fills)) fills made")
            }
            let due = start + .microseconds(Int64(number) * 1_000_000 / Int64(options.rate))
            if due > .now { try await ContinuousClock().sleep(until: due) }
        }
    }

    private func declaredGaps(_ context: OperatorContext) async throws -> Int {
        let postgres = context.postgres("soak")
        let rows = try await postgres.query("SELECT count(*) AS gaps FROM leader_gaps")
        await postgres.close()
        return Int(try rows.first?.integer("gaps") ?? 0)
    }
}
