import ArgumentParser
import ConfigStore
import CopyTrading
import JSON
import Pipeline
import Postgres

struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show every agent: of whom, until when, in which state. Never a key.",
        discussion: """
            States: active signs; waiting is for a subscriber that is not configured yet; retiring was replaced, and its key is kept until nothing
            that it signed can be open; replaced, revoked and removed have no key any more. VALID UNTIL and DAYS are what the exchange last said,
            as the worker of the account asked it; it does not say it of an agent without a name.

            Examples:
              vibe keys list
              vibe keys list --all
              vibe keys list --subscriber sub-007 --json | jq '.[] | {agent, daysLeft}'
            """)

    @Option(help: "Only this subscriber's.") var subscriber: String?
    @Flag(help: "Also those whose keys are destroyed.") var all = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let context = try OperatorContext.load()
        let connection = context.postgres("keys")
        try await Migrator(connection).check()
        let records = try await AgentKeyKeeper(connection).list(subscriber: subscriber.map { SubscriberID($0) })
        await connection.close()
        let shown = records.filter { all || $0.state.hasKey || $0.state == .revoked }
        let now = WallClock.milliseconds
        output.show(.array(shown.map { $0.json(now: now) })) {
            shown.isEmpty ? "no agent is stored" : AgentKeyText.table(shown, now: now, notice: context.settings.safety.agentExpiryNotice).rendered()
        }
    }
}

/// Agents as people read them.
enum AgentKeyText {
    static func table(_ records: [AgentKeyRecord], now: Int64, notice: Duration) -> Table {
        var table = Table([
            .text("SUBSCRIBER", mayShrink: true), .text("STATE"), .text("AGENT", mayShrink: true), .text("NAME", mayShrink: true), .text("ADDED"),
            .text("VALID UNTIL"), .figure("DAYS"), .text("SEAL"), .text("ACCOUNT", mayShrink: true), .text("NOTE", mayShrink: true),
        ])
        for record in records {
            let days = record.check?.daysLeft(at: now)
            let isShort = record.check?.validUntil.map { $0 - now < notice.milliseconds } ?? false
            table.add([
                Table.Cell(record.subscriber.text, .bold), Table.Cell(record.state.rawValue, style(record.state)), Table.Cell(record.agent),
                Table.Cell(record.name), Table.Cell(day(record.addedAt)), Table.Cell(record.check?.validUntil.map(day) ?? "–"),
                Table.Cell(days.map { "\($0)" } ?? "", isShort ? .red : nil),
                Table.Cell(record.sealingKey ?? (record.state.hasKey ? "older" : "")), Table.Cell(record.account?.text ?? "–"),
                Table.Cell(record.check?.problem ?? record.reason ?? "", record.check?.problem == nil ? nil : .red),
            ])
        }
        return table
    }

    private static func style(_ state: AgentKeyState) -> Terminal.Style? {
        switch state {
        case .active: .green
        case .waiting, .retiring: .yellow
        case .revoked: .red
        case .replaced, .removed: .dim
        }
    }

    private static func day(_ milliseconds: Int64) -> String { String(Format.instant(milliseconds: milliseconds).prefix(10)) }

    /// What people have to see to, of those that sign or should.
    static func concerns(_ records: [AgentKeyRecord], now: Int64, notice: Duration) -> [String] {
        let signing = records.filter { $0.state == .active }
        let refused = signing.filter { $0.check?.problem != nil }
        let ending = signing.filter { record in
            record.check?.problem == nil && record.check?.validUntil.map { $0 - now < notice.milliseconds } ?? false
        }.sorted { $0.check?.validUntil ?? 0 < $1.check?.validUntil ?? 0 }
        // The revoked without a successor.
        let current = Set(records.filter(\.state.hasKey).map(\.subscriber))
        let revoked = records.filter { $0.state == .revoked && $0.account != nil && !current.contains($0.subscriber) }
        return line(refused.map { "\($0.subscriber)" }, "agent may not sign, nothing is opened", "`vibe keys list` says why")
            + line(ending.map { "\($0.subscriber) (\($0.check?.daysLeft(at: now) ?? 0) d)" }, "agent expires", "`vibe keys rotate` before it does")
            + line(Set(revoked.map { "\($0.subscriber)" }).sorted(), "agent is revoked, nothing can be signed", "`vibe keys add` another")
    }

    private static let mostNamed = 10

    private static func line(_ names: [String], _ what: String, _ next: String) -> [String] {
        guard !names.isEmpty else { return [] }
        let more = names.count > mostNamed ? " and \(names.count - mostNamed) more" : ""
        return ["\(names.count) subscriber\(names.count == 1 ? "'s" : "s'") \(what): \(names.prefix(mostNamed).joined(separator: ", "))\(more); \(next)"]
    }
}

extension AgentKeyRecord {
    func json(now: Int64) -> JSON {
        [
            "subscriber": .string(subscriber.text), "account": .string(orNull: account?.text), "agent": .string(agent), "name": .string(name),
            "state": .string(state.rawValue), "sealingKey": .string(orNull: sealingKey), "addedMs": .integer(addedAt), "addedBy": .string(addedBy),
            "endedMs": endedAt.map { .integer($0) } ?? .null, "reason": .string(orNull: reason),
            "checkedMs": check.map { .integer($0.checkedAt) } ?? .null, "problem": .string(orNull: check?.problem),
            "approvedName": .string(orNull: check?.name), "validUntilMs": check?.validUntil.map { .integer($0) } ?? .null,
            "daysLeft": check?.daysLeft(at: now).map { .integer($0) } ?? .null,
        ]
    }
}
