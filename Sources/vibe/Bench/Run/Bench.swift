import ConfigStore
import Foundation
import Pipeline
import Postgres
import Redis
import RedisStreams
import Settings

/// One benchmark: set up, priming, warm-up, the measured window, the drain, the count, the ceiling.
struct Bench: Sendable {
    let options: BenchOptions
    let run: RunDirectory
    let supervision: Supervision
    /// Each measured copy is wanted, not only their distribution.
    var keepsCopies = false
    /// How long the fleet rests before the first fill and after the last result, for its memory when idle.
    var rest: Duration?

    static let drainLimit = Duration.seconds(180)
    /// Fills a second while priming.
    private static let primingRate = 200

    func measure() async throws -> BenchReport {
        let site = try await BenchSite.open(options, run, supervision)
        let before = try await idleMemory(site)
        let primed = try await prime(site)
        Terminal.complain("primed: \(Format.count(primed.added(.results))) executions; \(options.summary)")
        let fills = options.primingFills..<(options.primingFills + options.rate * (options.warmUp + options.seconds))
        let schedule = LoadSchedule(fills: fills, leaders: options.leaderCount, rate: options.rate, start: WallClock.microseconds + 200_000)
        let measured = (fills.lowerBound + options.rate * options.warmUp)..<fills.upperBound

        let generator = LoadGenerator(schedule, port: site.port)
        async let load = generator.run()
        let callers = try await warmUp(site, generator, until: schedule.due(measured.lowerBound))
        let from = try await site.mark()
        let memory = try await watch(site, generator, until: schedule.end)
        let window = BenchWindow(from: from, to: try await site.mark())
        let outcome = try await load
        let drain = try await Self.drain(site, signals: fills.upperBound)
        let after = try await idleMemory(site)
        let proof = try await BenchProof.gather(
            site, options, drain: drain, published: fills.upperBound, schedule: schedule, measured: measured, window: window,
            keepsCopies: keepsCopies)
        let ceiling = try await ceiling(site, proof.tally)
        await site.redis.close()
        return BenchReport(
            options: options, window: window, proof: proof, generator: outcome, memory: memory,
            idle: before.flatMap { before in after.map { IdleMemory(before: before, after: $0) } }, callers: callers, ceiling: ceiling)
    }

    private func idleMemory(_ site: BenchSite) async throws -> [String: Int64]? {
        guard let rest else { return nil }
        Terminal.complain("at rest for \(rest.components.seconds) s")
        let end = ContinuousClock.now + rest
        while ContinuousClock.now < end {
            try await site.checkProcesses()
            try await Task.sleep(for: min(.seconds(1), end - ContinuousClock.now))
        }
        return try await site.mark().processes.mapValues(\.memory)
    }

    /// Every leader goes long and flat once: each process meets each account, and it shows whether every leader is followed.
    private func prime(_ site: BenchSite) async throws -> StreamCounters {
        let schedule = LoadSchedule(
            fills: 0..<options.primingFills, leaders: options.leaderCount, rate: Self.primingRate, start: WallClock.microseconds)
        _ = try await LoadGenerator(schedule, port: site.port).run()
        let limit = ContinuousClock.now + .seconds(60)
        while true {
            try await site.checkProcesses()
            let counters = try await StreamCounters.read(site.redis, site.context.keys)
            if counters.added(.signals) >= options.primingFills, counters.isDrained { return counters }
            guard ContinuousClock.now < limit else {
                throw Failure(
                    .unavailable, "a minute after \(options.primingFills) first fills: \(counters.added(.signals)) signals, "
                        + "\(counters.added(.results)) results", nextStep: "see the logs under \(run.path("log"))")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Ends with a look at who takes Redis's time, unless the warm-up is too short for one.
    private func warmUp(_ site: BenchSite, _ generator: LoadGenerator, until moment: Int64) async throws -> RedisCallers? {
        let sample = Duration.seconds(1)
        let isLongEnough = options.warmUp >= 3
        // half a second more, for what the sampling leaves behind
        _ = try await watch(site, generator, until: isLongEnough ? moment - sample.microseconds - 500_000 : moment)
        guard isLongEnough else { return nil }
        let callers = try await RedisCallers.sample(site.redis, site.context.keys, for: sample)
        _ = try await watch(site, generator, until: moment)
        return callers
    }

    /// Tells every second how far it is, until a moment in microseconds since 1970.
    /// - Returns: the processes' memory meanwhile.
    private func watch(_ site: BenchSite, _ generator: LoadGenerator, until moment: Int64) async throws -> MemorySeries {
        var memory = MemorySeries()
        var last = try await StreamCounters.read(site.redis, site.context.keys)
        while true {
            let left = moment - WallClock.microseconds
            guard left > 0 else { return memory }
            try await Task.sleep(for: .microseconds(min(left, 1_000_000)))
            try await site.checkProcesses()
            memory.add(.init(at: WallClock.microseconds, bytes: await site.memory()))
            guard left >= 1_000_000 else { continue }
            let now = try await StreamCounters.read(site.redis, site.context.keys)
            Terminal.complain(line(now, since: last, generator))
            last = now
        }
    }

    private func line(_ now: StreamCounters, since last: StreamCounters, _ generator: LoadGenerator) -> String {
        let rate = Format.rate(now.added(.results) - last.added(.results), over: .microseconds(now.time - last.time))
        return "\(Format.count(generator.progress)) signals published, \(Format.count(now.added(.results))) executions, \(rate)/s; "
            + "waiting: \(Self.waiting(now))"
    }

    /// How long the fleet takes to finish everything; `nil` when it does not within the limit.
    /// - Parameter signals: so many are expected in all. What ingest has not read yet is in no stream; it gets half a minute for it, and
    ///   what is missing then counts as lost.
    static func drain(_ site: BenchSite, signals: Int, within limit: Duration = drainLimit) async throws -> Duration? {
        let start = ContinuousClock.now
        var lastLine = start
        while ContinuousClock.now - start < limit {
            let counters = try await StreamCounters.read(site.redis, site.context.keys)
            let isRead = counters.added(.signals) >= signals || ContinuousClock.now - start > signalPatience
            if isRead, counters.isDrained { return ContinuousClock.now - start }
            try await site.checkProcesses()
            if ContinuousClock.now - lastLine >= progressInterval {
                lastLine = .now
                Terminal.complain("finishing; waiting: \(waiting(counters))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        return nil
    }

    private static let signalPatience = Duration.seconds(30)
    static let progressInterval = Duration.seconds(5)

    /// Of each stage, for people.
    static func waiting(_ counters: StreamCounters) -> String {
        FleetRole.allCases.dropFirst().map { "\($0.rawValue) \(Format.count(counters.backlog($0)))" }.joined(separator: ", ")
    }

    private func ceiling(_ site: BenchSite, _ tally: ExecutionTally) async throws -> HandOffCeiling.Outcome? {
        guard options.ceiling > 0 else { return nil }
        Terminal.complain("the ceiling of this Redis, \(options.ceiling) s")
        return try await HandOffCeiling(
            redis: try RedisEndpoint(site.context.settings.redis), pid: site.servers.redis.child.pid, fanOut: options.fanOut,
            payloads: tally.samples, duration: .seconds(options.ceiling)
        ).run()
    }
}
