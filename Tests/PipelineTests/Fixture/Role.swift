import Redis
import Synchronization

/// One process of the fleet, as a task.
final class Role: Sendable {
    let member: String
    private let body: Task<Void, Never>
    private let orderlyEnd: @Sendable () async -> Void
    /// What must be shut once nothing uses it any more.
    private let cleanUp: @Sendable () async -> Void
    /// Connections of a killed process are not closed by anyone.
    private let connections: [RedisConnection]

    init(
        member: String, connections: [RedisConnection], run: @escaping @Sendable () async -> Void, stop: @escaping @Sendable () async -> Void,
        cleanUp: @escaping @Sendable () async -> Void
    ) {
        self.member = member
        self.connections = connections
        orderlyEnd = stop
        self.cleanUp = cleanUp
        body = Task { await run() }
    }

    /// As SIGTERM: asks for an orderly end and waits for it.
    func stop() async {
        await orderlyEnd()
        await body.value
    }

    /// As SIGKILL: nothing is finished, nothing is given back.
    func kill() { body.cancel() }

    /// Waits until it has ended.
    func ended() async {
        await body.value
        await cleanUp()
    }
}
