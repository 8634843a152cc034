import Logging
import Redis
import TestServers

@testable import RedisStreams

/// A cell of a test's own on a shared server, with small partition counts and one lease taken.
struct Cell {
    let redis: RedisConnection
    let keys: Keys
    let partitioning = Partitioning(signals: 2, accounts: 2)
    let work: Stage
    let match: Stage

    init(_ mode: PrivateRedis.Mode, provisioned: Bool = true) async throws {
        let server = try await PrivateRedis.shared(mode)
        redis = try server.connect("cell")
        keys = Keys(prefix: server.prefix(), cell: "c0")
        work = .work(partitioning)
        match = .match(partitioning)
        if provisioned { try await Provisioning.provision(redis, keys: keys, partitioning: partitioning) }
    }

    func acquire(_ stage: String, _ partition: String = "00", owner: String = "me", ttl: Int = 3_000) async throws -> RedisValue {
        var command = RedisCommand(script: Script.acquireLease, keys: [keys.lease(stage, partition), keys.cellRecord])
        command.append(owner)
        command.append(ttl)
        command.append("")
        return try await redis.send(command).checked()
    }

    /// The epoch of a lease just taken.
    func lease(_ stage: String, _ partition: String = "00", owner: String = "me") async throws -> String {
        let reply = try await acquire(stage, partition, owner: owner)
        return reply.array?[1].text ?? "not granted: \(reply)"
    }

    func commands(_ stage: Stage, consumer: String = "me") -> StageCommands { StageCommands(keys: keys, stage: stage, consumer: consumer) }

    /// Adds an entry without the pipeline's help; returns its id.
    func add(_ partition: StreamPartition, _ fields: String...) async throws -> String {
        try await redis.send(RedisCommand(["XADD", keys.stream(partition), "*"] + fields)).checked().text ?? ""
    }

    func text(_ parts: String...) async throws -> String? { try await redis.send(RedisCommand(parts)).checked().text }
    func integer(_ parts: String...) async throws -> Int64? { try await redis.send(RedisCommand(parts)).checked().integer }

    func entries(_ partition: StreamPartition) async throws -> [StreamEntry] {
        try StreamEntry.list(try await redis.send(RedisCommand("XRANGE", keys.stream(partition), "-", "+")).checked())
    }
}

func emission(_ partition: StreamPartition, _ id: String) -> Emission {
    Emission(partition, id: id, owner: ("subscriber", "s"), coin: "BTC", action: "open", trace: "t", data: Array("{}".utf8))
}
