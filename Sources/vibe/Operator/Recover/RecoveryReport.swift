import JSON
import Recovery
import RedisStreams

/// What was found on record, and what became of it.
struct RecoveryReport: Sendable {
    struct Exchange: Sendable {
        var accounts = 0
        /// Positions that are not as rebuilt.
        var differences = 0
        /// Why the rest was not read.
        var unread: String?
    }

    /// `nil`: there was nothing to do.
    var plan: RecoveryPlan?
    /// Why the cell is halted; `nil`: it is not.
    var halt: String?
    var wasDone: Bool
    var exchange: Exchange?

    var isRunning: Bool { halt == nil }

    func text(for terminal: Terminal = .output) -> String {
        guard let plan else { return "the cell is not halted: there is nothing to recover (--force does it all the same)" }
        var table = Table([.text("STREAM", mayShrink: true), .figure("FINISHED"), .figure("AGAIN"), .figure("FROM WHAT IT LED TO")])
        for stream in RedisStreams.Stream.allCases {
            let counts = plan.counts(stream)
            table.add([
                Table.Cell(stream.rawValue, .bold), Table.Cell(Format.count(counts.finished)), Table.Cell(Format.count(counts.again)),
                Table.Cell(Format.count(counts.missing)),
            ])
        }
        var lines = [table.rendered(for: terminal)]
        lines.append(
            "\(Format.count(plan.sleeveCount)) positions, \(Format.count(plan.lifecycleCount)) lifecycles, \(Format.count(plan.leaderCount)) leaders, "
                + "\(Format.count(plan.seenCount)) signals known")
        lines.append(
            plan.checkpoint.map { "read from the checkpoint of \(Format.instant(milliseconds: $0)) on" } ?? "read from all of the trail: there is no checkpoint")
        if let exchange {
            lines.append(
                exchange.unread.map { "not compared with the exchange: \($0)" }
                    ?? "\(Format.count(exchange.differences)) positions of \(Format.count(exchange.accounts)) accounts differ from the exchange; workers look into them")
        }
        lines += plan.doubts.prefix(20).map { terminal.styled("! " + $0, .yellow) }
        if plan.doubts.count > 20 { lines.append("! and \(Format.count(plan.doubts.count - 20)) more") }
        lines.append(
            wasDone ? "recovered: the cell runs" : halt.map { "HALTED: \($0)\nnothing was changed; `vibe recover --yes` does it" } ?? "the cell is not halted; nothing was changed")
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        [
            "recovered": .bool(wasDone), "halted": .string(orNull: halt), "plan": plan?.json ?? .null,
            "exchange": exchange.map {
                ["accounts": .integer($0.accounts), "differences": .integer($0.differences), "unread": .string(orNull: $0.unread)]
            } ?? .null,
        ]
    }
}
