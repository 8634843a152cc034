import CopyTrading

/// A run's figures beside what was asked for, on two cores with everything on the one machine.
extension BenchReport {
    /// Executions a second, drained end to end.
    static let targetDrained = 8_000.0

    var throughputRows: [TargetTable.Row] {
        func perExecution(_ amount: Int64) -> Double { Double(amount) / Double(executions) }
        var rows = [
            TargetTable.Row(
                what: "executions drained", target: Self.targetDrained, measured: Double(drained), unit: .perSecond,
                note: "of \(Format.count(options.offered))/s offered")
        ]
        if let ceiling {
            rows.append(
                TargetTable.Row(
                    what: "share of this Redis' ceiling", measured: Double(drained * 100 / max(1, ceiling.perSecond)), unit: .percent,
                    note: "\(Format.count(ceiling.perSecond))/s of bare hand-offs"))
        }
        let stages = window.stages
        rows.append(.init(what: "processor an execution, all", measured: perExecution(stages.reduce(0) { $0 + $1.cpu }), unit: .costMicroseconds))
        rows += stages.map { .init(what: "processor an execution, \($0.name)", measured: perExecution($0.cpu), unit: .costMicroseconds) }
        rows += [
            .init(what: "Redis an execution, its own clock", measured: perExecution(window.redis.total.microseconds), unit: .costMicroseconds),
            .init(what: "AOF an execution", measured: perExecution(window.redis.aofBytes), unit: .bytes, note: "fsync \(options.fsync.rawValue)"),
            .init(
                what: "rows of Postgres an execution", measured: perExecution(window.to.counters.audited - window.from.counters.audited),
                unit: .count),
        ]
        return rows
    }

    /// - Parameters: targets in microseconds.
    func latencyRows(p50: Int64, p99: Int64) -> [TargetTable.Row] {
        let summary = tally.hops[.receivedToSent] ?? LatencySummary()
        let load = "\(Format.count(options.rate)) × \(options.fanOut)/s"
        return [(50.0, p50), (99, p99)].map { percentile, target in
            TargetTable.Row(
                what: "frame → order at \(load), p\(Int(percentile))", target: Double(target),
                measured: summary.count == 0 ? nil : Double(summary.microseconds(percentile)), unit: .microseconds,
                note: keptUp ? "" : "did not keep up: \(Format.count(drained))/s")
        }
    }

    /// Of a run of many minutes.
    var sustainedRows: [TargetTable.Row] {
        let growth = memory.processes.compactMap { name in memory.slope(name).map { (name, $0) } }.max { $0.1 < $1.1 }
        return [
            .init(
                what: "executions sustained for \(options.seconds) s", target: Double(options.offered), measured: Double(drained), unit: .perSecond),
            .init(
                what: "growth of memory a minute, the most", measured: growth.map { Double(max(0, $0.1)) }, unit: .bytes, note: growth?.0 ?? ""),
        ]
    }
}
