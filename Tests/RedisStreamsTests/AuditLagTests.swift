import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct AuditLagTests {
    @Test("the audit lag is what was given out and not yet acknowledged by the audit, whatever other groups did")
    func lag() async throws {
        let cell = try await Cell(.plain)
        let lag = AuditLag(redis: cell.redis, keys: cell.keys)
        #expect(try await lag.read() == 0)
        let jobs = StreamPartition(.jobs, 0)
        let results = StreamPartition(.results, 0)
        let work = try await cell.lease("work")
        let commands = cell.commands(cell.work)
        for _ in 0..<3 { _ = try await cell.add(jobs, "id", "j") }
        let fetched = try commands.reply(try await cell.redis.send(commands.handOff(0, epoch: work, [], fetch: 3))).fetched
        _ = try await cell.redis.send(
            commands.handOff(0, epoch: work, fetched.map { HandOff(entry: $0.id, emissions: [emission(results, "r")]) }, fetch: 0)
        ).checked()
        #expect(try await lag.read() == 3)
        let stage = Stage.audit(cell.partitioning)
        let partition = try #require(stage.inputs.firstIndex(of: results))
        let audit = try await cell.lease("audit", results.name)
        let reader = cell.commands(stage)
        let entries = try reader.reply(try await cell.redis.send(reader.acknowledge(partition, epoch: audit, [], fetch: 9))).fetched
        _ = try await cell.redis.send(reader.acknowledge(partition, epoch: audit, entries.prefix(2).map(\.id), fetch: 0)).checked()
        #expect(try await lag.read() == 1)
    }
}
