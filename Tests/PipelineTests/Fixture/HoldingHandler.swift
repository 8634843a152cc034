import RedisStreams
import Synchronization

/// Lets a stage commit so many completions and no more, so that a test can stop its process between two commits.
final class HoldingHandler: StageHandler {
    private let handler: any StageHandler
    private let left: Mutex<Int>

    init(_ handler: any StageHandler, after count: Int) {
        self.handler = handler
        left = Mutex(count)
    }

    func ready(_ limits: [Int: Int]) async -> ReadyWork {
        var found = ReadyWork()
        for (partition, limit) in limits {
            let allowed = left.withLock { min($0, limit) }
            guard allowed > 0 else { continue }
            let ready = await handler.ready([partition: allowed])
            left.withLock { $0 -= ready.completions[partition]?.count ?? 0 }
            found.completions[partition] = ready.completions[partition]
            found.fenced += ready.fenced
        }
        return found
    }

    func begin(_ partition: Int) async throws { try await handler.begin(partition) }
    func receive(_ entries: [StreamEntry], partition: Int) async { await handler.receive(entries, partition: partition) }
    func resume(_ partition: Int, entry: String, cursor: Int, configVersion: Int64) async {
        await handler.resume(partition, entry: entry, cursor: cursor, configVersion: configVersion)
    }
    func drain(_ partition: Int) async -> [String] { await handler.drain(partition) }
    func end(_ partition: Int) async { await handler.end(partition) }
}
