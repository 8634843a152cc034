import Pipeline

/// Closes that arrive while a backlog of entries drains, against closes on the same fleet at rest.
struct BacklogBench: Sendable {
    let plan: BacklogPlan
    let run: RunDirectory
    let supervision: Supervision

    private static let lead: Int64 = 200_000

    func measure() async throws -> BacklogReport {
        let site = try await BenchSite.open(plan.options, run, supervision)
        try await publish(plan.entering(at: WallClock.microseconds), site, "leaders enter")
        try await settle(site, signals: 2 * plan.half, "the leaders' first entries")
        let before = plan.closesBefore(at: WallClock.microseconds + Self.lead)
        try await publish(before, site, "closes without a backlog")
        try await settle(site, signals: 3 * plan.half, "closes without a backlog")

        await site.fleet.shrink(FleetRole.work.rawValue, to: 0)
        try await publish(plan.backlog(at: WallClock.microseconds + Self.lead), site, "the backlog")
        let waiting = try await untilPlanned(site)
        Terminal.complain("\(Format.count(waiting)) jobs wait; starting the workers")
        let from = try await site.mark()
        try await site.fleet.scale(FleetRole.work.rawValue, to: plan.options.work)
        try await untilDraining(site, below: waiting)
        let meanwhile = plan.closesMeanwhile(at: WallClock.microseconds + Self.lead)
        try await publish(meanwhile, site, "closes while it drains")
        let left = try await StreamCounters.read(site.redis, site.context.keys).backlog(.work)
        let drain = try await Bench.drain(site, signals: plan.published, within: plan.drainLimit)
        let window = BenchWindow(from: from, to: try await site.mark())
        let proof = try await BenchProof.gather(
            site, plan.options, drain: drain, published: plan.published, schedule: before, measured: plan.measured, window: window,
            keepsCopies: true)
        await site.redis.close()
        return BacklogReport(plan: plan, proof: proof, window: window, before: before, meanwhile: meanwhile, waiting: waiting, leftAfterCloses: left)
    }

    private func publish(_ schedule: LoadSchedule, _ site: BenchSite, _ what: String) async throws {
        let generator = LoadGenerator(schedule, port: site.port)
        async let load = generator.run()
        while WallClock.microseconds < schedule.end {
            let left = Duration.microseconds(schedule.end - WallClock.microseconds)
            try await Task.sleep(for: min(left, Bench.progressInterval))
            try await site.checkProcesses()
            Terminal.complain("\(what): \(Format.count(generator.progress)) of \(Format.count(schedule.fills.count)) fills published")
        }
        _ = try await load
    }

    private func settle(_ site: BenchSite, signals: Int, _ what: String) async throws {
        guard try await Bench.drain(site, signals: signals) != nil else {
            throw Failure(
                .unavailable, "\(what) were not finished in \(Bench.drainLimit.components.seconds) s", nextStep: "see the logs under \(run.path("log"))")
        }
    }

    /// Until everything that was published is a job.
    /// - Returns: jobs that wait.
    private func untilPlanned(_ site: BenchSite) async throws -> Int64 {
        let limit = ContinuousClock.now + plan.buildLimit
        var lastLine = ContinuousClock.now
        while true {
            try await site.checkProcesses()
            let counters = try await StreamCounters.read(site.redis, site.context.keys)
            let isPlanned = counters.backlog(.match) == 0 && counters.backlog(.plan) == 0
            if counters.added(.signals) >= Int64(plan.published - plan.half), isPlanned { return counters.backlog(.work) }
            guard ContinuousClock.now < limit else {
                throw Failure(
                    .unavailable, "the backlog was not built in \(plan.buildLimit.components.seconds) s: \(Format.count(counters.added(.signals))) signals, "
                        + "\(Format.count(counters.backlog(.plan))) requests not planned", nextStep: "see the logs under \(run.path("log"))")
            }
            if ContinuousClock.now - lastLine >= Bench.progressInterval {
                lastLine = .now
                Terminal.complain("planning the backlog; waiting: \(Bench.waiting(counters))")
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Until the workers hold their partitions and have begun.
    private func untilDraining(_ site: BenchSite, below waiting: Int64) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while try await StreamCounters.read(site.redis, site.context.keys).backlog(.work) >= waiting {
            try await site.checkProcesses()
            guard ContinuousClock.now < limit else {
                throw Failure(.unavailable, "no worker has finished anything in a minute", nextStep: "see the logs under \(run.path("log"))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
