import AuditTrail
import ConfigStore
import CopyTrading
import Foundation
import JSON
import Logging
import Pipeline
import Redis
import RedisStreams
import Safety
import Settings

/// ``Convergence`` with the worker that carries it out, in this process.
struct Converger: Sendable {
    static let standardLimit = Duration.seconds(300)

    private let process: RoleProcess
    private let stage: Stage
    private let redis: RedisConnection
    private let store: LatchStore
    private let convergence: Convergence

    init(_ settings: Settings, logger: Logger) throws {
        process = try RoleProcess(
            role: .work, settings: settings, member: RoleProcess.ownName("converge"), logger: logger)
        stage = Stage.work(process.partitioning)
        redis = try process.unguardedRedis("converge")
        store = try process.latchStore()
        convergence = Convergence(
            journal: AttemptJournal(redis: redis, keys: process.keys, stage: stage),
            accountLog: AccountLog(redis: redis, keys: process.keys, stage: stage), latches: store, stage: stage, logger: logger)
    }

    func remainder() async throws -> Convergence.Remainder { try await convergence.remainder() }

    /// Latches level 4 on everything, works until nothing is left or `limit` is over, and hands over. Without anything left it does nothing.
    func run(reason: String, by: String, within limit: Duration) async throws -> ConvergeReport {
        let before = try await remainder()
        guard !before.isEmpty else { return ConvergeReport(before: before, left: before, accounts: [:]) }
        try await process.prepare()
        if let reason = await process.cell.haltReason {
            throw Failure(.checkFailed, "the cell is halted, so nothing was sent: \(reason)", nextStep: "`vibe recover --yes`, then this again")
        }
        try await convergence.latch(reason: reason, by: by)
        let role = try await worker(within: limit)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await role.run() }
            group.addTask {
                try await convergence.run(reason: reason, by: by, within: limit)
                await role.stop()
                // What is at the exchange gets as long as in any worker.
                try await Task.sleep(for: process.settings.pipeline.shutdownGrace)
            }
            try await group.next()
        }
        // Handing over may have ended the last order.
        return ConvergeReport(before: before, left: try await remainder(), accounts: try await accounts())
    }

    /// - Throws: ``Failure`` when the exchange's markets cannot be read in time.
    private func worker(within limit: Duration) async throws -> StageRole {
        try await withThrowingTaskGroup(of: StageRole?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await WorkCommand.role(process) }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            if let role = try await group.next() ?? nil { return role }
            throw Failure(
                .unavailable, "the exchange did not answer for \(limit.text): nothing was closed", nextStep: "is \(process.settings.exchange.url) reachable?")
        }
    }

    /// By whose account each configured subscription holds what it holds.
    func accounts() async throws -> [SubscriptionID: AccountID] {
        let config = ConfigStore(url: process.settings.postgres.revealedURL(), logger: process.logger)
        try await config.load()
        return config.current().subscriptions.mapValues(\.account)
    }

    func close() async { await redis.close() }
}

/// What was held, and what still is.
struct ConvergeReport: Sendable {
    let before: Convergence.Remainder
    let left: Convergence.Remainder
    /// Of subscriptions that are configured: only their positions can be closed.
    let accounts: [SubscriptionID: AccountID]

    func text(for terminal: Terminal = .output) -> String {
        if before.isEmpty { return "nothing is held" }
        var table = Table([
            .text("SUBSCRIPTION", mayShrink: true), .text("ACCOUNT", mayShrink: true), .text("COIN"), .figure("HELD"), .figure("LEFT"), .text(""),
        ])
        for row in rows {
            table.add([
                Table.Cell(row.holding.subscription.text, .bold), Table.Cell(accounts[row.holding.subscription]?.text ?? "-"),
                Table.Cell(row.holding.coin.text), "\(row.holding.position)", Table.Cell("\(row.left)", row.left.isZero ? .green : .red),
                Table.Cell(row.left.isZero ? "closed" : accounts[row.holding.subscription] == nil ? "not configured any more" : ""),
            ])
        }
        let closing =
            left.isEmpty
            ? "everything is closed; nothing is opened until `vibe kill 0 --reason …`"
            : "\(left.text) left; `vibe converge --yes` tries again"
        return (rows.isEmpty ? closing : table.rendered(for: terminal) + "\n" + closing)
    }

    var json: JSON {
        [
            "flat": .bool(left.isEmpty), "unsettled": .integer(left.unsettled),
            "positions": .array(
                rows.map { row in
                    [
                        "subscription": .string(row.holding.subscription.text),
                        "account": .string(accounts[row.holding.subscription]?.text ?? ""), "coin": .string(row.holding.coin.text),
                        "held": .string("\(row.holding.position)"), "left": .string("\(row.left)"),
                    ]
                }),
        ]
    }

    /// What was held before, and what has come to be held since by an order that was under way.
    private var rows: [(holding: Convergence.Holding, left: Size)] {
        let known = before.holdings.map { holding in
            (holding: holding, left: left.holdings.first { $0.isSame(as: holding) }?.position ?? .zero)
        }
        let others = left.holdings.filter { holding in !before.holdings.contains { $0.isSame(as: holding) } }
        return known + others.map { (Convergence.Holding($0.subscription, $0.coin, .zero), $0.position) }
    }
}

extension Convergence.Holding {
    fileprivate func isSame(as other: Self) -> Bool { subscription == other.subscription && coin == other.coin }
}

extension Convergence.Remainder {
    /// For people: `3 positions of 2 subscriptions and 1 order of unknown outcome are`.
    var text: String {
        func number(_ count: Int, _ noun: String) -> String { "\(Format.count(count)) \(noun)\(count == 1 ? "" : "s")" }
        var parts: [String] = []
        if !holdings.isEmpty { parts.append("\(number(holdings.count, "position")) of \(number(Set(holdings.map(\.subscription)).count, "subscription"))") }
        if unsettled > 0 { parts.append("\(number(unsettled, "order")) of unknown outcome") }
        return parts.joined(separator: " and ") + (holdings.count + unsettled == 1 ? " is" : " are")
    }
}
