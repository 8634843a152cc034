/// Runs the same benchmark several times with one thing varied, each with servers and a fleet of its own.
struct Sweep: Sendable {
    let kind: SweepKind
    let options: SweepOptions
    let place: BenchDirectory

    func measure() async throws -> SweepReport {
        let points = try options.points(kind)
        var runs: [SweepReport.Run] = []
        for (index, point) in points.enumerated() {
            Terminal.complain("\(kind.rawValue) \(Format.count(point.value)), run \(index + 1) of \(points.count)")
            let report = try await place.inside("\(kind.rawValue)-\(point.value)").perform(isClean: \.faults.isEmpty) { run, supervision in
                try await Bench(options: point.options, run: run, supervision: supervision).measure()
            }
            runs.append(SweepReport.Run(value: point.value, report))
        }
        return SweepReport(kind: kind, runs: runs)
    }
}
