import CopyTrading
import Foundation
import JSON
import Pipeline
import RedisStreams

/// One measurement of ingestion: set up, warm-up, the measured window, the count.
struct IngestBench: Sendable {
    let options: IngestBenchOptions
    let run: RunDirectory
    let supervision: Supervision

    private static let restTime = Duration.seconds(3)
    private static let restLimit = Duration.seconds(120)

    func measure() async throws -> IngestBenchReport {
        let site = try await IngestionSite.open(
            IngestionSite.Plan(
                leaders: options.leaders, ingest: 1, simulatorArguments: ["--no-sync"],
                // the exchange floods each socket, so one is what one process of the fleet takes in
                environment: [
                    "VIBE_INGEST_SOCKETS": "1", "VIBE_RATE_EGRESS": "100000/1s:100000", "VIBE_INGEST_WEIGHT": "100000", "VIBE_PARTITIONS_SIGNALS": "8",
                ]), run,
            supervision, name: "bench")
        let total = options.warmUp + options.seconds
        let schedule = LoadSchedule(
            fills: 0..<(options.rate * total), leaders: options.leaders, rate: options.rate, start: WallClock.microseconds + 500_000)
        let measured = (options.rate * options.warmUp)..<schedule.fills.upperBound
        // longer than the load, which begins a little later
        try await site.simulator.flood(framesPerSecond: options.frames, seconds: total + 3)
        let load = LoadGenerator(schedule, port: site.port)
        async let outcome = load.run()
        try await pause(until: schedule.due(measured.lowerBound), site)
        let from = try await mark(site)
        try await pause(until: schedule.end, site)
        let to = try await mark(site)
        let generator = try await outcome
        try await site.waitUntilQuiet(for: Self.restTime, limit: Self.restLimit)

        var report = IngestBenchReport(options: options, window: BenchWindow(from: from.mark, to: to.mark), frames: to.frames - from.frames)
        report.longestLoadDelay = generator.longestDelay
        var seen = [Int](repeating: 0, count: schedule.fills.upperBound)
        try await StreamScan(redis: site.redis, keys: site.context.keys, partitioning: site.context.partitioning).each(.signals) { entry in
            let signal = try Signal(json: JSON.parse(entry.data))
            guard let number = SyntheticFill.number(ofTrade: signal.firstFill), number < seen.count else { return report.strange += 1 }
            seen[number] += 1
            guard measured.contains(number) else { return }
            // the middle of the millisecond that the entry's id tells
            let published = entry.milliseconds * 1_000 + 500
            report.record(tier: signal.tier, received: signal.receivedAt, published: published, due: schedule.due(number))
        }
        report.lost = seen.count { $0 == 0 }
        report.twice = seen.reduce(0) { $0 + max(0, $1 - 1) }
        await site.redis.close()
        return report
    }

    private func mark(_ site: IngestionSite) async throws -> (mark: BenchMark, frames: Int64) {
        (try await BenchMark.take(site.fleet, site.servers, site.redis, site.context.keys), try await site.simulator.status().integer("floodFrames"))
    }

    /// - Parameter moment: microseconds since 1970.
    private func pause(until moment: Int64, _ site: IngestionSite) async throws {
        while WallClock.microseconds < moment {
            try await site.checkProcesses()
            try await Task.sleep(for: .microseconds(min(500_000, max(1, moment - WallClock.microseconds))))
        }
    }
}
