import JSON

/// The measurements of the table by which the project is judged, in order.
struct Suite: Sendable {
    let steps: [SuiteStep]
    let place: BenchDirectory

    /// The parts that take a quarter of an hour together; `thorough` adds those that take an hour or more.
    /// - Parameter fsync: of every fleet's Redis.
    static func steps(thorough: Bool, fsync: BenchOptions.Fsync = .everysec) throws -> [SuiteStep] {
        var sweep = try SweepOptions.parse([])
        sweep.fsync = fsync
        var steps = [
            ingest,
            try .fleet("throughput", fsync) { $0.rate = 1_000; $0.seconds = 10; $0.warmUp = 4 } rows: { $0.throughputRows },
            try .fleet("latency", fsync) { $0.seconds = 20; $0.ceiling = 0 } rows: { $0.latencyRows(p50: 5_000, p99: 30_000) },
            try .fleet("latency-tenth", fsync) { $0.rate = 50; $0.seconds = 20; $0.ceiling = 0 } rows: { $0.latencyRows(p50: 2_000, p99: 8_000) },
            try fanout(fsync), try idle(fsync), micro, .sweep(.workers, sweep),
        ]
        guard thorough else { return steps }
        steps += [
            .sweep(.subscriptions, sweep, limit: .seconds(1_800)), .sweep(.partitions, sweep), try backlog(sweep),
            try .fleet("sustained", fsync, limit: .seconds(1_800)) {
                $0.seconds = 600
                $0.trim = true
                $0.verify = true
                $0.ceiling = 0
            } rows: { $0.sustainedRows },
        ]
        return steps
    }

    func run() async throws -> SuiteReport {
        var report = SuiteReport()
        for (index, step) in steps.enumerated() {
            Terminal.complain("\(step.name), \(index + 1) of \(steps.count)")
            let outcome = try await step.run(place.inside(step.name))
            for fault in outcome.faults { Terminal.complain("! \(step.name): \(fault)") }
            report.add(step.name, outcome)
        }
        return report
    }

    private static let ingest = SuiteStep(name: "ingest", limit: .seconds(240)) { place in
        let options = try IngestBenchOptions.parse([])
        let report = try await place.perform(isClean: \.faults.isEmpty) { run, supervision in
            try await IngestBench(options: options, run: run, supervision: supervision).measure()
        }
        return .init(rows: report.rows, faults: report.faults, json: report.json)
    }

    private static func fanout(_ fsync: BenchOptions.Fsync) throws -> SuiteStep {
        var options = try FanoutOptions.parse([]).bench()
        options.fsync = fsync
        return SuiteStep(name: "fanout", limit: .seconds(300)) { [options] place in
            let report = try await place.perform(isClean: \.report.faults.isEmpty) { run, supervision in
                FanoutReport(try await Bench(options: options, run: run, supervision: supervision, keepsCopies: true).measure())
            }
            return .init(rows: report.rows, faults: report.report.faults, json: report.json)
        }
    }

    private static func idle(_ fsync: BenchOptions.Fsync) throws -> SuiteStep {
        var options = try IdleOptions.parse([]).bench()
        options.fsync = fsync
        return SuiteStep(name: "idle", limit: .seconds(300)) { [options] place in
            let report = try await place.perform(isClean: \.faults.isEmpty) { run, supervision in
                try await Bench(options: options, run: run, supervision: supervision, rest: .seconds(10)).measure()
            }
            guard let idle = IdleReport(report) else { throw Failure(.checkFailed, "the fleet was not looked at while it rested") }
            return .init(rows: [idle.row], faults: report.faults, json: idle.json)
        }
    }

    private static let micro = SuiteStep(name: "micro", limit: .seconds(300)) { place in
        let set = MicroSet(named: [], rounds: MicroRounds(rounds: 5, duration: .seconds(1)))
        let report = try await place.perform(isClean: { _ in true }) { run, supervision in try await set.measure(run, supervision) }
        return .init(rows: report.rows, faults: [], json: report.json)
    }

    private static func backlog(_ sweep: SweepOptions) throws -> SuiteStep {
        let plan = try BacklogPlan(entries: 1_000_000, sweep)
        return SuiteStep(name: "backlog", limit: .seconds(3_600)) { place in
            let report = try await place.perform(isClean: \.proof.faults.isEmpty) { run, supervision in
                try await BacklogBench(plan: plan, run: run, supervision: supervision).measure()
            }
            return .init(rows: report.rows, faults: report.proof.faults, json: report.json)
        }
    }
}
