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

        func begin(_ partition: Int) { began.insert(partition) }

        func receive(_ entries: [StreamEntry], partition: Int) {
            received += entries.map(\.id)
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
        let server = try await PrivateRedis.shared(.plain)
        let logger = Logger(label: "test")
        let collector = Collector()
        let leases = PartitionLeases(
            redis: try server.connect("leases"), keys: cell.keys, stage: cell.work.name, partitions: cell.work.partitionNames, member: "me",
            timing: .init(life: .seconds(1), beat: .milliseconds(50), margin: .milliseconds(100)), logger: logger)
        let runner = StageRunner(
            stage: cell.work, keys: cell.keys, member: "me", redis: try server.connect("commands"),
            doorbell: Doorbell(redis: try server.connect("doorbell", timeout: Self.block * 2), block: Self.block), leases: leases,
            handler: collector, wake: Wake(), limits: .init(), logger: logger)
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

    private func until(_ condition: () async -> Bool) async throws {
        while !(await condition()) { try await Task.sleep(for: .milliseconds(10)) }
    }
}
