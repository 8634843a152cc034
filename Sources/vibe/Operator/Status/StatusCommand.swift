import ArgumentParser
import JSON
import Recovery
import RedisStreams

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show where every stage stands.",
        discussion: """
            One row a stage: live processes, owned partitions, entries kept, backlog (added, not yet delivered), pending (delivered,
            not yet acknowledged) and the age of the oldest pending entry. The audit row is the audit trail's lag. Below, how long ago
            each leader was last known to be right, and the account longest unread was read, and how old the checkpoint is that a recovery
            would begin at. Processes of a fleet on this machine are
            asked how they are; what is wrong with one is named, and counted in the last line. A cell that is
            halted is said first. Ends with 1 then, and when an exit is a dead letter.

            Examples:
              vibe status
              vibe status --partitions     one row a partition, with its owner
              vibe status --json | jq '.stages[] | {name, backlog}'
            """)

    @OptionGroup var output: OutputOptions
    @Flag(help: "One row a partition.") var partitions = false

    func run() async throws {
        let context = try OperatorContext.load()
        let redis = try context.redis("status")
        var status = try await StatusReader(context, redis: redis).read()
        status.agentConcerns = await AgentConcerns.read(context)
        let postgres = context.postgres("status")
        // a Redis that was lost may have lost that, too
        if status.halt == nil { status.halt = try? await HaltWatch.halt(context, redis, postgres) }
        status.checkpointAt = try? await CellRegister(postgres, keys: context.keys).checkpointTime()
        await postgres.close()
        await redis.close()
        status.processes = await ProcessHealth.read(in: RunDirectory(context.settings.fleet.runDirectory), logger: context.logger)
        output.show(status.json) {
            let table = partitions ? status.partitionTable : status.stageTable
            let checks = status.checks.table
            let halted = status.halt.map { [Terminal.output.styled("HALTED: \($0)\nnext: `vibe recover --dry-run`, then `vibe recover --yes`", .red)] } ?? []
            let alarm = status.alarm.map { [Terminal.output.styled("!! " + $0, .red)] } ?? []
            let concerns = status.concerns.map { Terminal.output.styled("! " + $0, .yellow) }
            let tables = [table.rendered()] + (checks.rows.isEmpty ? [] : [checks.rendered()])
            return (halted + alarm + tables + [status.serverLine] + status.processLine + concerns)
                .joined(separator: "\n")
        }
        guard status.alarm == nil, status.halt == nil else { throw Failure(.checkFailed, "") }
    }
}

extension CellStatus {
    var stageTable: Table {
        var table = Table([
            .text("STAGE"), .text("READS", mayShrink: true), .figure("ALIVE"), .figure("OWNED"), .figure("ENTRIES"), .figure("BACKLOG"),
            .figure("PENDING"), .figure("OLDEST"), .figure("DONE"),
        ])
        for stage in stages {
            let isSource = stage.reads.isEmpty
            table.add([
                Table.Cell(stage.name, .bold), Table.Cell(isSource ? "the exchange" : stage.reads),
                Table.Cell("\(stage.members.count)", stage.members.isEmpty ? .red : nil),
                Table.Cell("\(stage.owned)/\(stage.partitions.count)", stage.unowned > 0 ? .yellow : nil),
                Table.Cell(isSource ? "" : Format.count(stage.entries)), Table.Cell(isSource ? "" : Format.count(stage.backlog)),
                Table.Cell(isSource ? "" : Format.count(stage.pending)),
                Table.Cell(stage.oldestPending.map(Format.time(milliseconds:)) ?? ""),
                Table.Cell(isSource ? "" : Format.count(stage.acknowledged)),
            ])
        }
        return table
    }

    var partitionTable: Table {
        var table = Table([
            .text("STAGE"), .text("PARTITION"), .text("OWNER", mayShrink: true), .figure("LEASE"), .figure("ENTRIES"), .figure("BACKLOG"),
            .figure("PENDING"), .figure("OLDEST"),
        ])
        for stage in stages {
            for partition in stage.partitions {
                table.add([
                    Table.Cell(stage.name, .bold), Table.Cell(partition.name), Table.Cell(partition.owner ?? "–", partition.owner == nil ? .yellow : nil),
                    Table.Cell(partition.leaseLeft.map(Format.time(milliseconds:)) ?? ""), Table.Cell(Format.count(partition.entries)),
                    Table.Cell(Format.count(partition.backlog)), Table.Cell(Format.count(partition.pending)),
                    Table.Cell(partition.oldestPending.map(Format.time(milliseconds:)) ?? ""),
                ])
            }
        }
        return table
    }

    var serverLine: String {
        let limit = server.maximumMemory > 0 ? " of \(Format.bytes(server.maximumMemory))" : ""
        return "redis \(server.version), \(Format.bytes(server.usedMemory))\(limit), \(server.clients) clients, "
            + "\(Format.count(deadLetters)) dead letters, admission \(admission.rawValue)"
            + (checkpointAge.map { ", checkpoint \(Format.time(milliseconds: $0)) old" } ?? "")
    }

    /// Of the processes that could be asked; nothing where none could.
    var processLine: [String] {
        guard !processes.isEmpty else { return [] }
        let red = processes.filter { $0.state == .failed }.map(\.process)
        let line = "\(processes.count - red.count) of \(processes.count) processes ready"
        return [red.isEmpty ? line : Terminal.output.styled("\(line), not \(red.joined(separator: ", "))", .red)]
    }

    var json: JSON {
        [
            "timeUs": .integer(time), "halted": .string(orNull: halt), "stages": .array(stages.map(\.json)), "deadLetters": .integer(deadLetters), "deadExits": .integer(deadExits),
            "alarm": .string(orNull: alarm), "admission": .string(admission.rawValue), "checkpointAgeMs": checkpointAge.map { .integer($0) } ?? .null,
            "redis": [
                "version": .string(server.version), "usedMemory": .integer(server.usedMemory), "maxMemory": .integer(server.maximumMemory),
                "policy": .string(server.policy), "aof": .bool(server.hasAOF), "clients": .integer(server.clients),
            ],
            "checks": .object(checks.map { JSON.Member($0.kind.rawValue, $0.json) }), "processes": .array(processes.map(\.json)),
            "concerns": .array(concerns.map(JSON.string)),
        ]
    }
}

extension StageStatus {
    var json: JSON {
        [
            "name": .string(name), "reads": .string(reads),
            "members": .array(members.map { ["name": .string($0.name), "silenceMs": .integer($0.silence)] }),
            "owners": .object(owners.map { JSON.Member($0.name, .integer($0.partitions)) }), "entries": .integer(entries),
            "added": .integer(added), "acknowledged": .integer(acknowledged), "backlog": .integer(backlog), "pending": .integer(pending),
            "oldestPendingMs": oldestPending.map { .integer($0) } ?? .null, "partitions": .array(partitions.map(\.json)),
        ]
    }
}

extension PartitionStatus {
    var json: JSON {
        [
            "name": .string(name), "owner": .string(orNull: owner), "epoch": epoch.map { .integer($0) } ?? .null,
            "leaseLeftMs": leaseLeft.map { .integer($0) } ?? .null, "entries": .integer(entries), "added": .integer(added),
            "acknowledged": .integer(acknowledged), "backlog": .integer(backlog), "pending": .integer(pending),
            "oldestPendingMs": oldestPending.map { .integer($0) } ?? .null,
        ]
    }
}
