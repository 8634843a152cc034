import Foundation

/// Faults of the fleet's own processes.
extension ChaosSite {
    private static let takeOverLimit = Duration.seconds(60)
    private static let idleLimit = Duration.milliseconds(200)
    private static let startTime: ClosedRange<Int64> = 2_000...6_000

    func killProcess(_ generator: inout SeededGenerator, _ handOvers: inout [ChaosObservations.HandOver]) async throws -> String {
        guard let victim = await victim(&generator) else { return "nobody to kill" }
        let watch = try await TakeOverWatch(self, role: victim.role, process: victim.name)
        let start = ContinuousClock.now
        victim.identity.send(SIGKILL)
        guard watch.partitions > 0 else { return "\(victim.name), which held nothing" }
        let taken = try await watch.wait(since: start, limit: Self.takeOverLimit)
        handOvers.append(
            .init(cause: .killed, partition: victim.name, took: taken ?? Self.takeOverLimit, limit: context.settings.pipeline.leaseTTL + .seconds(1)))
        return "\(victim.name), \(watch.partitions) partitions taken over in \(taken.map(Format.time) ?? "more than \(Self.takeOverLimit.text)")"
    }

    func terminateProcess(_ generator: inout SeededGenerator, _ handOvers: inout [ChaosObservations.HandOver]) async throws -> String {
        guard let victim = await victim(&generator) else { return "nobody to end" }
        let watch = try await TakeOverWatch(self, role: victim.role, process: victim.name)
        let start = ContinuousClock.now
        victim.identity.send(SIGTERM)
        guard watch.partitions > 0 else { return "\(victim.name), which held nothing" }
        let released = try await watch.waitForRelease(since: start, limit: Self.takeOverLimit)
        let taken = try await watch.wait(since: start, limit: Self.takeOverLimit)
        handOvers.append(
            .init(cause: .stoppedBusy, partition: victim.name, took: released ?? Self.takeOverLimit, limit: context.settings.pipeline.shutdownGrace))
        return "\(victim.name), \(watch.partitions) partitions let go after \(released.map(Format.time) ?? "a minute"), taken after \(taken.map(Format.time) ?? "a minute")"
    }

    /// One process of each role, at rest: the time until it has let its partitions go.
    func handOverIdle() async throws -> [ChaosObservations.HandOver] {
        var times: [ChaosObservations.HandOver] = []
        for role in FleetRole.allCases {
            guard let victim = await fleet.members(of: role.rawValue).first else { continue }
            let watch = try await TakeOverWatch(self, role: role, process: victim.name)
            guard watch.partitions > 0 else { continue }
            let start = ContinuousClock.now
            victim.identity.send(SIGTERM)
            let released = try await watch.waitForRelease(since: start, limit: Self.takeOverLimit)
            times.append(.init(cause: .stoppedIdle, partition: victim.name, took: released ?? Self.takeOverLimit, limit: Self.idleLimit))
            _ = try await watch.wait(since: start, limit: Self.takeOverLimit)
        }
        // those that ended are replaced before anyone counts
        let limit = ContinuousClock.now + Self.takeOverLimit
        while ContinuousClock.now < limit {
            let status = try await StatusReader(context, redis: redis).read()
            let known = Set(FleetRole.allCases.flatMap { status.stage($0.rawValue)?.members.map(\.name) ?? [] })
            if status.isAtWork, await members() == known { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        return times
    }

    func pauseProcess(_ generator: inout SeededGenerator) async throws -> String {
        guard let victim = await victim(&generator) else { return "nobody to pause" }
        victim.identity.send(SIGSTOP)
        do { try await Task.sleep(for: longerThanLease) } catch {
            victim.identity.send(SIGCONT)
            throw error
        }
        victim.identity.send(SIGCONT)
        return "\(victim.name) for \(Format.time(longerThanLease))"
    }

    func replaceRole(_ generator: inout SeededGenerator) async throws -> String {
        guard let role = FleetRole.allCases.randomElement(using: &generator) else { return "" }
        let members = await fleet.members(of: role.rawValue)
        for member in members {
            member.identity.send(SIGTERM)
            try await hold(1_500...3_000, &generator)
        }
        return "\(members.count) of \(role.rawValue)"
    }

    func scaleRole(_ generator: inout SeededGenerator) async throws -> String {
        guard let role = FleetRole.allCases.randomElement(using: &generator) else { return "" }
        for count in [1, 6, 2] {
            want(role, count)
            await fleet.shrink(role.rawValue, to: count)
            try await hold(Self.startTime, &generator)
        }
        restoreCounts()
        return "\(role.rawValue) to 1, 6, 2, and back"
    }
}
