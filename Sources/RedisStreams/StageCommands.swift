import Redis

/// Turns completions into script calls and their replies into entries.
package struct StageCommands: Sendable {
    let keys: Keys
    let stage: Stage
    let consumer: String

    package init(keys: Keys, stage: Stage, consumer: String) {
        self.keys = keys
        self.stage = stage
        self.consumer = consumer
    }

    package struct Reply: Sendable {
        package var acknowledged = 0
        package var duplicates = 0
        package var fetched: [StreamEntry] = []
    }

    private func inputName(_ partition: Int) -> String { stage.inputs[partition].counter(of: stage.group) }
    private func lease(_ partition: Int) -> String { keys.lease(stage.name, stage.partitionNames[partition]) }
    private func input(_ partition: Int) -> String { keys.stream(stage.inputs[partition]) }

    /// - Parameter fetch: how many new entries to read in the same call; 0 reads none (Redis itself reads a count of 0 as "all").
    package func handOff(_ partition: Int, epoch: String, _ items: [HandOff], fetch: Int) -> RedisCommand {
        var outputs: [StreamPartition] = []
        for item in items { for emission in item.emissions where !outputs.contains(emission.partition) { outputs.append(emission.partition) } }
        var command = RedisCommand(
            script: Script.handOff,
            keys: [
                lease(partition), input(partition),
                // a key that the call does not need is none that the role must be allowed to write (deploy/redis)
                outputs.isEmpty ? keys.unused : keys.sequence, keys.acknowledged, stage.stateKey(keys, partition),
                items.allSatisfy(\.settled.isEmpty) ? keys.unused : keys.attempts(stage.inputs[partition].index),
            ] + outputs.map(keys.stream))
        for argument in [stage.group, consumer, epoch] { command.append(argument) }
        command.append(fetch)
        command.append(inputName(partition))
        command.append(outputs.count)
        for output in outputs { command.append(output.name) }
        command.append(items.count)
        for item in items {
            command.append(item.entry)
            command.append(item.state.count)
            for (field, value) in item.state {
                command.append(field)
                command.append(value ?? [])
            }
            command.append(item.settled.count)
            for field in item.settled { command.append(field) }
            command.append(item.emissions.count)
            for emission in item.emissions { append(emission, index: outputs.firstIndex(of: emission.partition)! + 1, to: &command) }
        }
        return command
    }

    package func acknowledge(_ partition: Int, epoch: String, _ entries: [String], fetch: Int) -> RedisCommand {
        var command = RedisCommand(script: Script.acknowledgeEntries, keys: [lease(partition), input(partition), keys.acknowledged])
        for argument in [stage.group, consumer, epoch] { command.append(argument) }
        command.append(fetch)
        command.append(inputName(partition))
        for entry in entries { command.append(entry) }
        return command
    }

    package func fanOut(_ partition: Int, epoch: String, _ chunk: FanOutChunk) -> RedisCommand {
        let emissions = chunk.emissions
        var outputs: [StreamPartition] = []
        for emission in emissions where !outputs.contains(emission.partition) { outputs.append(emission.partition) }
        var command = RedisCommand(
            script: Script.fanOutSignal,
            keys: [
                lease(partition), input(partition), keys.sequence, keys.acknowledged, keys.fanout(stage.inputs[partition].index),
            ] + outputs.map(keys.stream))
        for argument in [
            stage.group, epoch, inputName(partition), chunk.entry, "\(chunk.cursor)", "\(chunk.next)", chunk.isLast ? "1" : "0",
            "\(chunk.configVersion)", "\(outputs.count)",
        ] { command.append(argument) }
        for output in outputs { command.append(output.name) }
        command.append(emissions.count)
        for emission in emissions { append(emission, index: outputs.firstIndex(of: emission.partition)! + 1, to: &command) }
        return command
    }

    /// - Parameter again: true when the partition was taken over before under this epoch.
    func takeOver(_ partition: Int, epoch: String, after: String?, page: Int, again: Bool = false) -> RedisCommand {
        var command = RedisCommand(script: Script.takeOverPartition, keys: [lease(partition), input(partition)])
        for argument in [stage.group, consumer, epoch, after.map { "(" + $0 } ?? "-", "\(page)", again ? "again" : "first"] { command.append(argument) }
        return command
    }

    /// Of a hand-off or an acknowledgement.
    package func reply(_ value: RedisValue) throws(RedisError) -> Reply {
        guard let parts = try value.checked().array, parts.count == 3 else { throw .unexpectedReply("\(value)") }
        return Reply(
            acknowledged: Int(parts[0].integer ?? 0), duplicates: Int(parts[1].integer ?? 0), fetched: try StreamEntry.list(parts[2]))
    }

    private func append(_ emission: Emission, index: Int, to command: inout RedisCommand) {
        command.append(index)
        command.append(fields: emission.fields)
    }
}
