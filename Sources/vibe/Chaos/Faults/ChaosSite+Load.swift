import Foundation
import Redis
import RedisStreams

/// Faults of what the fleet is given.
extension ChaosSite {
    func burst(_ load: ChaosLoad, leader: Int, messages: Int) async throws -> String {
        try await load.burst(leader: leader, messages: messages)
        return "\(messages) messages of \(SyntheticLoad.leader(leader))"
    }

    /// What ingest had stored some seconds ago is put back while no ingest lives.
    func replayWindow(_ generator: inout SeededGenerator) async throws -> String {
        let partitions = 0..<context.partitioning.signals
        let names = partitions.map(context.keys.cursors) + partitions.map(context.keys.leaders)
        let stored = try await redis.send(names.map { RedisCommand("HGETALL", $0) })
        try await hold(8_000...15_000, &generator)
        want(.ingest, 0)
        for member in await fleet.members(of: FleetRole.ingest.rawValue) { member.identity.send(SIGKILL) }
        defer { restoreCounts() }
        try await Task.sleep(for: .milliseconds(300))
        var restored = 0
        for (name, hash) in zip(names, stored) {
            let fields = (hash.array ?? []).compactMap(\.text)
            guard !fields.isEmpty else { continue }
            _ = try await redis.send(RedisCommand(["HSET", name] + fields)).checked()
            restored += 1
        }
        return "\(restored) hashes put back"
    }

    /// Numbered like entries of ours, so that the audit trail stays without gaps: what they hold is not ours.
    func addMalformed(_ generator: inout SeededGenerator) async throws -> String {
        let contents = [
            ["data", "{"], ["data", ""], ["nonsense", "1"], ["data", "{\"v\":99}"], ["data", "[]", "data", "{}"]
        ]
        var count = 0
        for partition in context.partitioning.all where [.signals, .requests, .jobs].contains(partition.stream) {
            guard Bool.random(using: &generator), let content = contents.randomElement(using: &generator) else { continue }
            try await add(content, to: partition)
            count += 1
        }
        return "\(count) entries"
    }

    func addOversized(_ generator: inout SeededGenerator) async throws -> String {
        let candidates = context.partitioning.all.filter { [.signals, .requests, .jobs].contains($0.stream) }
        guard let partition = candidates.randomElement(using: &generator) else { return "" }
        try await add(["data", String(repeating: "x", count: 1 << 20)], to: partition)
        return "a megabyte to \(partition.name)"
    }

    /// The one who was killed has read all that there is, and one entry more: whoever takes over puts that one aside without looking into it.
    func addPoison(_ generator: inout SeededGenerator) async throws -> String {
        let stages = [Stage.match(context.partitioning), .plan(context.partitioning), .work(context.partitioning)]
        guard let stage = stages.randomElement(using: &generator), let victim = await fleet.members(of: stage.name).randomElement(using: &generator)
        else { return "nobody to kill" }
        victim.identity.send(SIGKILL)
        let script = """
            if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[3] then return false end
            local id = redis.call('XADD', KEYS[2], '*', 'seq', redis.call('HINCRBY', KEYS[3], ARGV[1], 1), 'data', 'poison')
            redis.call('XREADGROUP', 'GROUP', ARGV[2], ARGV[3], 'COUNT', 100000, 'STREAMS', KEYS[2], '>')
            return redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, id, 'RETRYCOUNT', ARGV[4], 'JUSTID')
            """
        for (input, name) in zip(stage.inputs, stage.partitionNames).shuffled(using: &generator) {
            let reply = try await redis.send(
                RedisCommand([
                    "EVAL", script, "3", context.keys.lease(stage.name, name), context.keys.stream(input), context.keys.sequence, input.name, stage.group,
                    victim.name, "\(StageRunner.Limits().deliveries)",
                ])
            ).checked()
            if let claimed = reply.array { return "\(claimed.first?.text ?? "none") of \(input.name), by \(victim.name)" }
        }
        return "\(victim.name), which held nothing"
    }

    private func add(_ content: [String], to partition: StreamPartition) async throws {
        let script = """
            local number = redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
            return redis.call('XADD', KEYS[1], '*', 'seq', number, unpack(ARGV, 2))
            """
        _ = try await redis.send(
            RedisCommand(["EVAL", script, "2", context.keys.stream(partition), context.keys.sequence, partition.name] + content)
        ).checked()
    }
}
