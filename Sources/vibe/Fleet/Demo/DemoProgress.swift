import RedisStreams

/// One look at a running demo: where every stage stands, how fast it moves, how long copies take.
struct DemoProgress: ProgressLook, Sendable {
    var elapsed: Duration
    var replay: ReplayProgress
    var status: CellStatus
    /// The look before and how long ago it was, for rates.
    var previous: (status: CellStatus, age: Duration)?
    var processes: [String: Int]
    var written: LatencySummary
    var acknowledged: LatencySummary
    var executed: Int
    var skipped: Int

    /// Acknowledged entries a second; for ingest, signals published.
    func rate(_ stage: String) -> String {
        guard let previous else { return "" }
        let before = figure(previous.status, stage)
        return Format.rate(max(0, figure(status, stage) - before), over: previous.age)
    }

    private func figure(_ status: CellStatus, _ stage: String) -> Int64 {
        stage == "ingest" ? status.stage("match")?.added ?? 0 : status.stage(stage)?.acknowledged ?? 0
    }

    func rendered(for terminal: Terminal) -> String {
        var table = Table([
            .text("STAGE"), .figure("PROCESSES"), .figure("RATE/S"), .figure("BACKLOG"), .figure("PENDING"), .figure("OLDEST"), .figure("DONE"),
        ])
        for stage in status.stages {
            let isSource = stage.name == "ingest"
            table.add([
                Table.Cell(stage.name, .bold), Table.Cell("\(processes[stage.name] ?? 0)"), Table.Cell(rate(stage.name), .cyan),
                Table.Cell(isSource ? "" : Format.count(stage.backlog), stage.backlog > 1_000 ? .yellow : nil),
                Table.Cell(isSource ? "" : Format.count(stage.pending)),
                Table.Cell(stage.oldestPending.map(Format.time(milliseconds:)) ?? ""), Table.Cell(Format.count(figure(status, stage.name))),
            ])
        }
        return """
            \(bar(terminal))
            \(table.rendered(for: terminal))
            frame received → order written   \(written.text)
            frame received → acknowledged    \(acknowledged.text)
            \(Format.count(executed)) executed, \(Format.count(skipped)) skipped, \(Format.count(status.deadLetters)) dead letters, \
            redis \(Format.bytes(status.server.usedMemory))
            """
    }

    private func bar(_ terminal: Terminal) -> String {
        let width = 30
        let full = Int(replay.percent) * width / 100
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
        return "replay \(terminal.styled(bar, .cyan)) \(replay.percent) %  \(Format.count(replay.emitted)) of \(Format.count(replay.total)) fills  "
            + "\(elapsed.components.seconds) s"
    }

    /// One line for logs.
    var line: String {
        let stages = status.stages.filter { $0.name != "ingest" }.map { stage in
            "\(stage.name) \(rate(stage.name).isEmpty ? "0" : rate(stage.name))/s \(stage.backlog)+\(stage.pending)"
        }
        let time = "p50 \(Format.time(microseconds: written.microseconds(50))) p95 \(Format.time(microseconds: written.microseconds(95))) "
            + "p99 \(Format.time(microseconds: written.microseconds(99)))"
        return "\(elapsed.components.seconds) s  replay \(replay.percent) %  \(stages.joined(separator: "  "))  executed \(executed)  "
            + "skipped \(skipped)  written \(time)"
    }
}
