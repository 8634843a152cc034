import ArgumentParser
import JSON
import Redis
import RedisStreams

struct PendingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pending",
        abstract: "Show what is being worked on: who holds which entry, for how long, on which delivery.",
        discussion: """
            The oldest entries first. IDLE is the time since the last delivery; DELIVERIES grows when owners end before they are done.
            The same, for one partition, with redis-cli:
              XPENDING 'vibe:{c0}:execution_jobs:03' worker - + 10

            Examples:
              vibe pending
              vibe pending work --limit 50
            """)

    enum StageName: String, CaseIterable, ExpressibleByArgument { case match, plan, work, audit }

    @Argument(help: "Only this stage.") var stage: StageName?
    @Option(help: "Most rows, 1 to 1000.") var limit = 20
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("--limit is 1 to 1000") }
    }

    func run() async throws {
        let context = try OperatorContext.load()
        let redis = try context.redis("pending")
        let all: [Stage] = [.match(context.partitioning), .plan(context.partitioning), .work(context.partitioning), .audit(context.partitioning)]
        let stages = all.filter { stage == nil || $0.name == stage?.rawValue }
        var entries: [PendingEntry] = []
        for stage in stages { entries += try await PendingEntry.read(stage, redis, context.keys, limit: limit) }
        entries = Array(entries.sorted { ($0.added, $0.id) < ($1.added, $1.id) }.prefix(limit))
        try await PendingEntry.addFields(to: &entries, redis, context.keys)
        await redis.close()
        output.show(.array(entries.map(\.json))) { entries.isEmpty ? "nothing is pending" : Self.table(entries).rendered() }
    }

    private static func table(_ entries: [PendingEntry]) -> Table {
        var table = Table([
            .text("PARTITION"), .text("ENTRY"), .text("CONSUMER", mayShrink: true), .figure("IDLE"), .figure("DELIVERIES"),
            .text("WHO", mayShrink: true), .text("COIN"), .text("ACTION"),
        ])
        for entry in entries {
            table.add([
                Table.Cell(entry.partition.name, .bold), Table.Cell(entry.id), Table.Cell(entry.consumer),
                Table.Cell(Format.time(milliseconds: entry.idle)), Table.Cell("\(entry.deliveries)", entry.deliveries > 1 ? .yellow : nil),
                Table.Cell(entry.fields["subscriber"] ?? entry.fields["influencer"] ?? ""), Table.Cell(entry.fields["coin"] ?? ""),
                Table.Cell(entry.fields["action"] ?? ""),
            ])
        }
        return table
    }
}

/// One delivered, unacknowledged entry.
struct PendingEntry: Sendable {
    var stage: String
    var partition: StreamPartition
    var id: String
    var consumer: String
    /// Milliseconds since the last delivery.
    var idle: Int64
    var deliveries: Int64
    /// The fields an operator reads; empty when the entry has been trimmed.
    var fields: [String: String] = [:]

    /// Redis time when it was added, milliseconds.
    var added: Int64 { EntryID.milliseconds(id) ?? 0 }

    static func read(_ stage: Stage, _ redis: RedisConnection, _ keys: Keys, limit: Int) async throws -> [PendingEntry] {
        let replies = try await redis.send(stage.inputs.map { RedisCommand("XPENDING", keys.stream($0), stage.group, "-", "+", "\(limit)") })
        return zip(stage.inputs, replies).flatMap { partition, reply in
            // A stream that does not exist yet answers with an error, and has nothing pending.
            (reply.array ?? []).compactMap { item in
                guard let parts = item.array, parts.count == 4, let id = parts[0].text, let consumer = parts[1].text,
                    let idle = parts[2].integer, let deliveries = parts[3].integer
                else { return nil }
                return PendingEntry(stage: stage.name, partition: partition, id: id, consumer: consumer, idle: idle, deliveries: deliveries)
            }
        }
    }

    static func addFields(to entries: inout [PendingEntry], _ redis: RedisConnection, _ keys: Keys) async throws {
        let replies = try await redis.send(entries.map { RedisCommand("XRANGE", keys.stream($0.partition), $0.id, $0.id) })
        for (index, reply) in replies.enumerated() {
            guard let entry = reply.array?.first?.array, entry.count == 2 else { continue }
            entries[index].fields = entry[1].pairs.compactMapValues(\.text).filter { $0.key != "data" }
        }
    }

    var json: JSON {
        [
            "stage": .string(stage), "partition": .string(partition.name), "id": .string(id), "consumer": .string(consumer),
            "idleMs": .integer(idle), "deliveries": .integer(deliveries),
            "fields": .object(fields.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }),
        ]
    }
}
