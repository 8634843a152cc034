import JSON

/// One measurement of a set.
struct SuiteStep: Sendable {
    let name: String
    /// Longest it may take; a run that is not finished by then has shown nothing.
    let limit: Duration
    let measure: @Sendable (BenchDirectory) async throws -> Outcome

    struct Outcome: Sendable {
        var rows: [TargetTable.Row]
        var faults: [String]
        var json: JSON
    }

    /// Within the limit. What goes wrong is a fault of this step, and the others follow; an interruption ends the set.
    func run(_ place: BenchDirectory) async throws -> Outcome {
        do {
            return try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask { try await measure(place) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                guard let outcome = try await group.next() ?? nil else {
                    throw Failure(.unavailable, "not finished within \(limit.components.seconds) s")
                }
                return outcome
            }
        } catch let failure as Failure where failure.kind == .interrupted {
            throw failure
        } catch let error as CancellationError {
            throw error
        } catch {
            return Outcome(rows: [], faults: ["\(error)"], json: .null)
        }
    }
}

extension SuiteStep {
    /// A run of the whole fleet.
    static func fleet(
        _ name: String, _ fsync: BenchOptions.Fsync, limit: Duration = .seconds(420), _ change: @Sendable (inout BenchOptions) -> Void,
        rows: @escaping @Sendable (BenchReport) -> [TargetTable.Row]
    ) throws -> SuiteStep {
        var options = try BenchOptions.parse([])
        options.fsync = fsync
        change(&options)
        try options.validate()
        return SuiteStep(name: name, limit: limit) { [options] place in
            let report = try await place.perform(isClean: \.faults.isEmpty) { run, supervision in
                try await Bench(options: options, run: run, supervision: supervision).measure()
            }
            return Outcome(rows: rows(report), faults: report.faults, json: report.json)
        }
    }

    static func sweep(_ kind: SweepKind, _ options: SweepOptions, limit: Duration = .seconds(900)) -> SuiteStep {
        SuiteStep(name: "sweep-\(kind.rawValue)", limit: limit) { place in
            let report = try await Sweep(kind: kind, options: options, place: place).measure()
            return Outcome(rows: report.rows, faults: report.faults, json: report.json)
        }
    }
}
