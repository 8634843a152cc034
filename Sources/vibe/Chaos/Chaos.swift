import CopyTrading
import Foundation
import HyperSim
import JSON
import Pipeline
import Redis
import RedisStreams
import Settings

/// One chaos run: set up, trade, inject faults until the time is over, heal, let everything come to rest, check.
struct Chaos: Sendable {
    let options: ChaosOptions
    let run: RunDirectory
    let supervision: Supervision

    /// What is under way when the last fault has healed, and what drift loops correct after it, has so long to end.
    private static let restLimit = Duration.seconds(300)
    /// Everything has been still for so long: it is at rest.
    private static let restTime = Duration.seconds(8)
    /// A fault that cannot be healed within this is a fault of the harness.
    private static let faultLimit = Duration.seconds(240)
    /// The exchange's, USDC.
    private static let leastOrder: Int128 = 10
    /// What an entry is planned to be worth, and a fifth for what the price has moved since a position was opened.
    private static let leastEntry: Int128 = 12

    func perform() async throws -> ChaosReport {
        let site = try await ChaosSite.open(options, run, supervision)
        let load = ChaosLoad(site)
        let health = HealthWatch(site)
        let baseline = await site.usage()
        Terminal.complain("\(options.leaders + 1) leaders, \(options.subscribers + options.crowd) subscribers, seed \(options.seed); \(FaultSchedule(kinds: options.kinds, seed: options.seed).preview)")
        var report = ChaosReport(options: options)
        let start = ContinuousClock.now
        report.faults = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.keep() }
            group.addTask { try await load.run() }
            group.addTask { try await health.run() }
            let journal = try await injectFaults(site, load, health, until: start + options.duration)
            // the fleet is kept up by another task from here on
            group.cancelAll()
            return journal
        }
        let healed = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.keep() }
            let watch = Task { try await health.run() }
            Terminal.complain("faults are over; the leaders close")
            try await load.close()
            report.rest = try await comeToRest(site, since: healed)
            // who has just been started is not ready yet, and partitions move to it
            watch.cancel()
            report.faults.handOvers += try await site.handOverIdle()
            _ = try await comeToRest(site, since: healed)
            group.cancelAll()
        }
        report.seconds = Int((ContinuousClock.now - start).components.seconds)
        report.fills = await load.fills
        report.starts = await site.starts
        report.recoveries = await site.recoveries
        report.crashes = await site.crashes
        report.settled = settledAttempts()
        Terminal.complain("checking")
        report.verification = try await Verification.run(site.context, ledger: .exchange(site.context.settings.exchange.url), patience: .seconds(10))
        report.verdicts = try await ChaosCheck.run(
            context: site.context, ledger: .exchange(site.context.settings.exchange.url),
            observations: try await observations(site, report, health, baseline))
        report.left = try await positionsLeft(site)
        await site.close()
        return report
    }

    private func observations(
        _ site: ChaosSite, _ report: ChaosReport, _ health: HealthWatch, _ baseline: [String: ProcessUsage]
    ) async throws -> ChaosObservations {
        var observations = ChaosObservations()
        observations.handOvers = report.faults.handOvers
        observations.health = await health.samples
        observations.faults = report.faults.moments
        observations.members = await site.members()
        observations.usage = await site.usage(beside: baseline)
        observations.restAfter = report.rest
        observations.restoredThrough = await site.restoredThrough
        let cast = ChaosCast(options: options)
        for held in try await sleeves(site) where held.isDust {
            let subscriber = String(held.key.subscription.text.prefix { $0 != ":" })
            observations.excusedPositions["\(cast.account(subscriber)) \(held.key.coin)"] = "less than the exchange's least order"
        }
        observations.restLimit = Self.restLimit
        let leaders = (0..<cast.leaders).map(SyntheticLoad.leader)
        observations.otherAccounts = Set(leaders.map(LeaderAddress.of))
        var source: [ChaosObservations.SourceFill] = []
        for leader in leaders {
            source += try await site.simulator.fills(of: LeaderAddress.of(leader)).map { .init(leader: leader, coin: $0.coin, trade: $0.trade, time: $0.time) }
        }
        observations.source = source
        observations.tolerances.handOverFactor *= options.patience
        // with much more no sample would be left to judge
        observations.tolerances.healthSettling = .seconds(10) * min(options.patience, 2)
        observations.tolerances.starvation = .seconds(3) * (options.patience - 1)
        observations.tolerances.sending = .seconds(3)
        // a short run, or one of a few kinds, has no example of each
        observations.required = [.oneOutcome, .oneOrder, .laneOrder, .auditTrail, .rates, .trimming, .rest, .exits]
        return observations
    }

    private func injectFaults(_ site: ChaosSite, _ load: ChaosLoad, _ health: HealthWatch, until end: ContinuousClock.Instant) async throws -> FaultJournal {
        var schedule = FaultSchedule(kinds: options.kinds, seed: options.seed)
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: FaultJournal.self) { group in
            var journal = FaultJournal()
            var active: Set<FaultKind.Resource> = []
            while ContinuousClock.now < end {
                let planned = schedule.next()
                let resource = planned.kind.resource
                // what stands alone waits for the others, and others wait for it
                while !active.isEmpty, resource == .everything || active.contains(.everything) || active.contains(resource) || active.count > 1 {
                    let done = try await group.next() ?? FaultJournal()
                    active.subtract(done.ended)
                    journal += done
                }
                active.insert(resource)
                group.addTask { try await Self.inject(planned, site, load, health, start) }
                if !planned.overlaps || resource == .everything, let done = try await group.next() {
                    active.subtract(done.ended)
                    journal += done
                }
                try await Task.sleep(for: .milliseconds(planned.pause))
            }
            for try await done in group { journal += done }
            return journal
        }
    }

    private static func isOfAnotherFault(_ error: any Error) -> Bool {
        if case RedisError.server(let text) = error { return ["OOM", "MISCONF", "LOADING"].contains { text.hasPrefix($0) || text.contains(" \($0) ") } }
        return StartWait.isOutage(error)
    }

    private static func inject(
        _ planned: FaultSchedule.Planned, _ site: ChaosSite, _ load: ChaosLoad, _ health: HealthWatch, _ start: ContinuousClock.Instant
    ) async throws -> FaultJournal {
        let began = (since: ContinuousClock.now - start, at: WallClock.milliseconds)
        await health.begin(planned.kind)
        do {
            let done = try await limited {
                var handOvers: [ChaosObservations.HandOver] = []
                let text = try await site.inject(planned, load, &handOvers)
                return (text, handOvers)
            }
            await health.end(planned.kind)
            Terminal.complain("\(began.since.components.seconds) s  \(planned.kind.rawValue): \(done?.0 ?? "did not end within \(faultLimit.text)")")
            return FaultJournal(
                kinds: [planned.kind], ended: [planned.kind.resource], handOvers: done?.1 ?? [],
                moments: [.init(name: planned.kind.rawValue, began: began.at, healed: WallClock.milliseconds)])
        } catch is CancellationError { throw CancellationError() } catch {
            // What this one began it has healed. Another fault may have been quicker; anything else is the driver's fault, and the run's.
            await health.end(planned.kind)
            Terminal.complain("\(began.since.components.seconds) s  \(planned.kind.rawValue): not injected: \(error)")
            return FaultJournal(
                ended: [planned.kind.resource], moments: [.init(name: planned.kind.rawValue, began: began.at, healed: WallClock.milliseconds)],
                failed: isOfAnotherFault(error) ? [] : ["the fault \(planned.kind.rawValue) (seed \(planned.seed)) could not be injected: \(error)"])
        }
    }

    /// `nil` when the limit came first.
    private static func limited<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) async throws -> T? {
        try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: faultLimit)
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// - Returns: how long it took until everything stood still; `nil` when it did not.
    private func comeToRest(_ site: ChaosSite, since healed: ContinuousClock.Instant) async throws -> Duration? {
        let limit = ContinuousClock.now + Self.restLimit
        var still: (since: ContinuousClock.Instant, entries: Int64)?
        var shown = ContinuousClock.now
        while ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(250))
            guard let status = try? await StatusReader(site.context, redis: site.redis).read(),
                let counters = try? await StreamCounters.read(site.redis, site.context.keys)
            else { still = nil; continue }
            if status.isAtWork, status.isDrained, try await positionsLeft(site).isEmpty, counters.entries == still?.entries ?? counters.entries {
                if let since = still?.since, ContinuousClock.now - since > Self.restTime { return since - healed }
                still = still ?? (.now, counters.entries)
            } else { still = nil }
            if ContinuousClock.now - shown > .seconds(10) {
                shown = .now
                let waiting = (status.halt.map { ["halted: \($0)"] } ?? []) + status.stages.filter { $0.backlog + $0.pending > 0 }.map { "\($0.name) \($0.backlog + $0.pending)" }
                let left = try await positionsLeft(site)
                Terminal.complain("waiting: \(waiting.isEmpty ? "nothing pending" : waiting.joined(separator: ", ")); \(left.count) positions of followers left")
            }
        }
        return nil
    }

    /// What followers hold, though every leader is flat. What is worth less than the exchange takes cannot be closed, and is left out; nor
    /// can, on an account whose sleeves cancel each other, one that is worth less than an entry has to be: its exit opens for the account.
    private func positionsLeft(_ site: ChaosSite) async throws -> [String] {
        try await sleeves(site).filter { !$0.isDust }.map { "\($0.key.field): \($0.position)" }.sorted()
    }

    private struct Held {
        let key: HoldingKey
        let position: Size
        let isDust: Bool
    }

    private func sleeves(_ site: ChaosSite) async throws -> [Held] {
        let hashes = try await site.redis.send((0..<site.context.partitioning.accounts).map { .init("HGETALL", site.context.keys.sleeves($0)) })
        let held: [(key: HoldingKey, sleeve: Sleeve)] = hashes.flatMap { $0.pairs }.compactMap { field, value in
            guard let key = HoldingKey(field: field), let text = value.text, let sleeve = try? Sleeve(json: JSON.parse(text)),
                !sleeve.position.isZero
            else { return nil }
            return (key, sleeve)
        }
        func account(_ key: HoldingKey) -> String { "\(key.subscription.text.prefix { $0 != ":" }) \(key.coin)" }
        let nets = held.reduce(into: [String: Size]()) { $0[account($1.key), default: .zero] += $1.sleeve.position }
        return held.map { key, sleeve in
            let worth = Int128(sleeve.position.magnitude.e8) * Int128(sleeve.averageEntry?.e8 ?? .max)
            let least = nets[account(key)]?.sign == sleeve.position.sign ? Self.leastOrder : Self.leastEntry
            return Held(key: key, position: sleeve.position, isDust: worth < least * Int128(Size.scale) * Int128(Price.scale))
        }
    }

    /// Attempts whose outcome was settled with the exchange, by how: from the workers' logs.
    private func settledAttempts() -> [String: Int] {
        var counts: [String: Int] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: run.path("log"))) ?? [] where name.hasPrefix("work-") {
            guard let text = FileManager.default.contents(atPath: run.path("log/\(name)")).map({ String(decoding: $0, as: UTF8.self) }) else { continue }
            for line in text.split(separator: "\n") where line.contains("attempt.settled") {
                let kind = ["neverLanded", "traded", "rejected"].first { line.contains($0) } ?? "otherwise"
                counts[kind, default: 0] += 1
            }
        }
        return counts
    }
}

/// Which faults came, and what was measured meanwhile.
struct FaultJournal: Sendable {
    var kinds: [FaultKind] = []
    /// What others may have now, of faults that were injected and of those that were not.
    var ended: [FaultKind.Resource] = []
    var handOvers: [ChaosObservations.HandOver] = []
    var moments: [ChaosObservations.Fault] = []
    var failed: [String] = []

    static func += (a: inout Self, b: Self) {
        a.kinds += b.kinds
        a.ended += b.ended
        a.handOvers += b.handOvers
        a.moments += b.moments
        a.failed += b.failed
    }

    /// For people: how often, how long in the middle, how long at most.
    func text(_ cause: ChaosObservations.HandOver.Cause) -> String {
        let times = handOvers.filter { $0.cause == cause }.map(\.took).sorted()
        guard let longest = times.last else { return "\(cause.rawValue) none" }
        return "\(cause.rawValue) \(times.count), median \(Format.time(times[times.count / 2])), longest \(Format.time(longest))"
    }
}
