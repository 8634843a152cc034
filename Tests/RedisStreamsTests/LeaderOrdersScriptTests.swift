import Redis
import TestServers
import Testing

@testable import RedisStreams

@Suite struct LeaderOrdersScriptTests {
    @Test("record-leader-orders: a list replaces the one before, and an earlier owner's is refused", arguments: PrivateRedis.Mode.allCases)
    func fenced(_ mode: PrivateRedis.Mode) async throws {
        let cell = try await Cell(mode)
        let publisher = SignalPublisher(redis: cell.redis, keys: cell.keys)
        let partition = cell.partitioning.signal("leader")
        let former = try await cell.lease("ingest", twoDigits(partition), owner: "a")
        #expect(try await publisher.record(orders: Array("1".utf8), of: "leader", partition: partition, epoch: former))
        let epoch = try await cell.lease("ingest", twoDigits(partition), owner: "a")
        #expect(try await publisher.record(orders: Array("2".utf8), of: "leader", partition: partition, epoch: epoch))
        #expect(try await publisher.record(orders: Array("3".utf8), of: "leader", partition: partition, epoch: former) == false)
        let log = AccountLog(redis: cell.redis, keys: cell.keys, stage: cell.work)
        #expect(try await log.orders(of: "leader", cell.partitioning) == Array("2".utf8))
        #expect(try await log.orders(of: "other", cell.partitioning) == nil)
    }
}
