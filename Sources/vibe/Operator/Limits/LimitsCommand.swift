import ArgumentParser
import ConfigStore
import JSON
import RedisStreams
import Settings

struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Show the rate limits in effect and what is left of them now.",
        discussion: """
            Without an id: the defaults, every exception, and every bucket in use. With the id of a subscriber: its own bucket and its
            account's. Limits are read from this environment; a worker with another table shows another fingerprint in its log.

            Examples:
              vibe limits
              vibe limits sub-007
              VIBE_RATE_SUBSCRIBER__sub_007=1/1s:1 vibe up
            """)

    @Argument(help: "A subscriber, an account's address, or an egress address.") var id: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let context = try OperatorContext.load()
        let redis = try context.redis("limits")
        let reader = LimitsReader(redis: redis, keys: context.keys, rates: context.settings.rates)
        // Who is who comes from the configuration; without it, ids are taken as they are.
        let known = await KnownNames.read(context)
        let buckets = if let id { known.buckets(of: id) } else { try await listed(reader, known) }
        let rows = try await reader.rows(buckets)
        await redis.close()
        let strangers = known.strangers(among: context.settings.rates)
        output.show(json(context.settings, rows, strangers)) { text(context.settings, rows, strangers) }
    }

    private func listed(_ reader: LimitsReader, _ known: KnownNames) async throws -> [RateLimits.Bucket] {
        let buckets = Set(try await reader.used()).union(known.exceptions(in: reader.rates))
        return buckets.sorted { "\($0)" < "\($1)" }
    }

    private func text(_ settings: Settings, _ rows: [LimitRow], _ strangers: [String]) -> String {
        let rates = settings.rates
        var parts = [
            "defaults: subscriber \(rates.subscriber), account \(rates.account), egress \(rates.egress); a limited entry waits at most "
                + "\(rates.maximumWait.text); fingerprint \(settings.settingsFingerprint)"
        ]
        if rows.isEmpty {
            parts.append("no bucket is in use and there are no exceptions")
        } else {
            var table = Table([.text("KIND"), .text("ID", mayShrink: true), .figure("LIMIT"), .text("FROM"), .figure("FREE NOW"), .figure("NEXT FREE IN")])
            for row in rows {
                table.add([
                    Table.Cell(row.kind), Table.Cell(row.id, .bold), Table.Cell("\(row.state.limit)"),
                    Table.Cell(row.isException ? "exception" : "default", row.isException ? .cyan : nil),
                    Table.Cell("\(row.state.available) of \(row.state.limit.burst)", row.state.available == 0 ? .yellow : nil),
                    Table.Cell(row.state.nextFreeIn == 0 ? "now" : Format.time(microseconds: row.state.nextFreeIn)),
                ])
            }
            parts.append(table.rendered())
        }
        parts += strangers.map { Terminal.output.styled("! \($0)", .yellow) }
        return parts.joined(separator: "\n")
    }

    private func json(_ settings: Settings, _ rows: [LimitRow], _ strangers: [String]) -> JSON {
        [
            "fingerprint": .string(settings.settingsFingerprint),
            "defaults": [
                "subscriber": .string("\(settings.rates.subscriber)"), "account": .string("\(settings.rates.account)"),
                "egress": .string("\(settings.rates.egress)"), "maximumWait": .string(settings.rates.maximumWait.text),
            ],
            "buckets": .array(
                rows.map { row in
                    [
                        "kind": .string(row.kind), "id": .string(row.id), "limit": .string("\(row.state.limit)"),
                        "exception": .bool(row.isException), "available": .integer(row.state.available),
                        "nextFreeInUs": .integer(row.state.nextFreeIn),
                    ]
                }),
            "concerns": .array(strangers.map(JSON.string)),
        ]
    }
}
