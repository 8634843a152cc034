import Logging
import Redis
import Synchronization
import TestServers
import Testing

@testable import RedisStreams

@Suite struct StageRunnerTests {
    /// Acknowledges whatever comes.
    private actor Collector: StageActor {
        private var waiting: [Int: [StreamEntry]] = [:]
        private(set) var began: Set<Int> = []
        private(set) var received: [String] = []
        private(set) var partitions: [Int] = []
        private let delay: Duration
        private var unusable: Set<Int>

        struct Unusable: Error {}

        /// - Parameters:
        ///   - delay: of each delivery.
        ///   - unusable: partitions that cannot be begun.
        init(delay: Duration = .zero, unusable: Set<Int> = []) {
            self.delay = delay
            self.unusable = unusable
        }

        func mend() { unusable = [] }

        func begin(_ partition: Int) throws {
            if unusable.contains(partition) { throw Unusable() }
            began.insert(partition)
        }

        func receive(_ entries: [StreamEntry], partition: Int) async {
            if delay > .zero { try? await Task.sleep(for: delay) }
            received += entries.map(\.id)
            partitions += entries.map { _ in partition }
            waiting[partition, default: []] += entries
        }

        func completions(_ partition: Int, limit: Int) -> [Completion] {
            let ready = (waiting[partition] ?? []).prefix(limit)
            waiting[partition]?.removeFirst(ready.count)
            return ready.map { .acknowledge(entry: $0.id) }
        }
    }

    /// Longer than the test may take: nothing in it is found because a wait came to its end.
    private static let block = Duration.seconds(120)

    @Test("a partition taken over while the doorbell listens to others is not left waiting until the doorbell has done", .timeLimit(.minutes(1)))
    func takenOverWhileListening() async throws {
        let cell = try await Cell(.plain)
        let collector = Collector()
        let runner = try await runner(of: cell, collector)
        // somebody who died holds one of the two
        _ = try await cell.acquire("work", "01", owner: "other", ttl: 2_000)
        let running = Task { await runner.run() }
        defer { running.cancel() }

        let first = try await cell.add(StreamPartition(.jobs, 0), "id", "a")
        try await until { await collector.received == [first] }
        try await until { await collector.began == [0, 1] }
        // the taken-over partition was found empty once; only now does it get something
        try await Task.sleep(for: .milliseconds(200))
        let second = try await cell.add(StreamPartition(.jobs, 1), "id", "b")
        try await until { await collector.received == [first, second] }
    }

    @Test("a partition with a backlog keeps no other from being heard", .timeLimit(.minutes(1)))
    func backlog() async throws {
        let cell = try await Cell(.plain)
        let collector = Collector(delay: .milliseconds(10))
        let runner = try await runner(of: cell, collector)
        let running = Task { await runner.run() }
        defer { running.cancel() }
        try await until { await collector.began == [0, 1] }
        let count = 6_000
        _ = try await cell.add(StreamPartition(.jobs, 0), "id", "first")
        try await until { await collector.received.count == 1 }
        for start in stride(from: 0, to: count, by: 500) {
            _ = try await cell.redis.send(
                (start..<start + 500).map { RedisCommand("XADD", cell.keys.stream(StreamPartition(.jobs, 0)), "*", "id", "\($0)") })
        }
        try await until { await collector.received.count > 200 }
        _ = try await cell.add(StreamPartition(.jobs, 1), "id", "other")
        try await until { await collector.received.count == count + 2 }
        let place = try #require(await collector.partitions.firstIndex(of: 1))
        #expect(place < count, "it was heard while the backlog was worked on")
    }

    @Test("a partition that cannot be begun keeps no other from it, and is told", .timeLimit(.minutes(1)))
    func unusable() async throws {
        let cell = try await Cell(.plain)
        let collector = Collector(unusable: [1])
        let runner = try await runner(of: cell, collector)
        let running = Task { await runner.run() }
        defer { running.cancel() }
        try await until { await collector.began == [0] }
        let entry = try await cell.add(StreamPartition(.jobs, 0), "id", "a")
        try await until { await collector.received == [entry] }
        try await until { await runner.currentStanding().unbegunSince != nil }
        #expect(await runner.currentStanding().unbegun == 1)
        await collector.mend()
        try await until { await collector.began == [0, 1] }
        #expect(await runner.currentStanding().unbegun == 0)
    }

    private func runner(of cell: Cell, _ collector: Collector) async throws -> StageRunner {
        let server = try await PrivateRedis.shared(.plain)
        let logger = Logger(label: "test")
        let leases = PartitionLeases(
            redis: try server.connect("leases"), keys: cell.keys, stage: cell.work.name, partitions: cell.work.partitionNames, member: "me",
            timing: .init(life: .seconds(1), beat: .milliseconds(50), margin: .milliseconds(100)), logger: logger)
        return StageRunner(
            stage: cell.work, keys: cell.keys, member: "me", redis: try server.connect("commands"),
            doorbell: Doorbell(redis: try server.connect("doorbell", timeout: Self.block * 2), block: Self.block), leases: leases,
            handler: collector, wake: Wake(), limits: .init(), logger: logger)
    }

    private func until(_ condition: () async -> Bool) async throws {
        while !(await condition()) { try await Task.sleep(for: .milliseconds(10)) }
    }
}
