import TestServers
import Testing

@testable import RedisStreams

@Suite struct CheckTableTests {
    @Test("R-86: an owner's checks replace those before; what only an earlier owner checked keeps its time", arguments: PrivateRedis.Mode.allCases)
    func handedOver(mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode, provisioned: false)
        let table = CheckTable(redis: cell.redis, keys: cell.keys, kind: .leaders)
        try await table.write(["a": 1_000, "b": 2_000, "c": nil], partition: 0)
        try await table.write(["d": 500], partition: 1)
        #expect(try await table.read(cell.partitioning) == ["a": 1_000, "b": 2_000, "c": nil, "d": 500])
        // The next owner has not checked a yet, no longer follows b, and is behind with d.
        try await table.write(["a": nil, "c": 3_000], partition: 0)
        try await table.write(["d": 400], partition: 1)
        #expect(try await table.read(cell.partitioning) == ["a": 1_000, "c": 3_000, "d": 500])
        try await table.write([:], partition: 0)
        #expect(try await table.read(cell.partitioning) == ["d": 500])
        #expect(try await cell.text("HGET", cell.keys.checks(.leaders, 1), "d") == "500")
        let accounts = try await CheckTable(redis: cell.redis, keys: cell.keys, kind: .accounts).read(cell.partitioning)
        #expect(accounts.isEmpty)
    }
}
