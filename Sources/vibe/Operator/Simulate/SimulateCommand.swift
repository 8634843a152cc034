import ArgumentParser
import ConfigStore
import CopyTrading
import JSON

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Show what a configuration would have copied of recorded fills; needs no servers.",
        discussion: """
            The fills go through the same decisions as in the fleet: signals, plans, and what is decided right before an order is sent. The
            same input gives the same bytes.

            What is simplified: an order whose limit reaches the price it would meet is filled completely at that price, which is the
            leader's own, or with --book the best price there. Without a book the finest size traded in a coin is taken for its lot. A leader's
            equity is what --leader-equity says, else the most its positions were worth together. Figures of an account are known when its
            subscriber has limits.equity; caps on them refuse otherwise. The leaders' leverage and the coins' volatility are not known;
            losses, kill switch, breakers and stop-loss or take-profit triggers are left out.

            --fills: {"leaders": [{"leader": id or address, "fills": [as from the exchange's userFills]}]}
            --book:  {"ETH": {"szDecimals": 4, "maxLeverage": 25, "bid": "1999", "ask": "2001", "mark": "2000", "listedMs": 0}}, all optional
            --json:  a line for each leg of each signal and subscription, then one with the summary. Of positions that began within the
                     recording, or are joined later, it says which share was copied, and the least size that would copy 80 % of the leader's actions.

            Examples:
              vibe simulate --fills leader_fills.json --config subscribers.yaml
              vibe simulate --fills leader_fills.json --config subscribers.yaml --leader-equity leader-1=250000 --json
            """)

    @Option(help: "Recorded fills of leaders, JSON.") var fills: String
    @Option(help: "A configuration file, as for `vibe config apply`; keys are not read.") var config: String
    @Option(help: "What is known of the markets, JSON.") var book: String?
    @Option(help: "A leader's equity in USDC, as NAME=USDC; may be repeated.") var leaderEquity: [String] = []
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var equities: [String: Notional] = [:]
        for text in leaderEquity {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let equity = try? Notional(parsing: parts[1]), equity > .zero else {
                throw Failure(.usage, "--leader-equity \(text): expected NAME=USDC, more than 0")
            }
            equities[String(parts[0])] = equity
        }
        let report = SimulationReport.make(try SimulationInput.read(fills: fills, config: config, book: book, equities: equities))
        if output.json {
            Terminal.say((report.lines.map { $0.json.text() } + [report.json.text()]).joined(separator: "\n"))
        } else {
            Terminal.say(report.text)
        }
        guard report.unexplained == 0, report.notFlat.isEmpty else {
            throw Failure(.checkFailed, "\(report.unexplained) pairs without an outcome, \(report.notFlat.count) followers not flat with their leader")
        }
    }
}

extension SimulationReport {
    fileprivate var text: String {
        var table = Table([
            .text("SUBSCRIPTION", mayShrink: true), .text("INFLUENCER"), .figure("ACTIONS"), .figure("COPIED"), .figure("OF NOTIONAL"),
            .text("SIZE", mayShrink: true), .text("FOR \(Self.goalPercent) %", mayShrink: true), .text("MOSTLY SKIPPED BY"),
        ])
        for item in subscriptions {
            let skipped = item.outcomes.filter { !$0.key.isExecuted && $0.key != .accumulated && $0.key != .noPosition }
            let most = skipped.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
            table.add([
                Table.Cell(item.id.text, .bold), Table.Cell(item.influencer.text), Table.Cell(Format.count(item.copyable)),
                Table.Cell("\(item.actionShare) %"), Table.Cell("\(item.notionalShare) %"), Table.Cell(item.size ?? "–"),
                Table.Cell(item.sizeForGoal ?? "none"), Table.Cell(most.map { "\($0.key.rawValue) (\(Format.count($0.value)))" } ?? "–"),
            ])
        }
        var lines = [table.rendered(), "", "\(Format.count(self.lines.count)) pairs, \(unexplained) without an outcome"]
        if !missing.isEmpty { lines.append("no recording of: \(missing.map(\.text).joined(separator: ", "))") }
        lines += notFlat.map { "not flat with its leader: \($0)" }
        return lines.joined(separator: "\n")
    }
}
