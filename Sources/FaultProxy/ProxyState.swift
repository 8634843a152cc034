import NIOCore
import Synchronization

/// What all connections of a proxy share.
final class ProxyState: Sendable {
    private struct State {
        var faults = Faults(round: 0)
        var fired: [Fault.Kind: Int] = [:]
        var connections: [ObjectIdentifier: BoundConnection] = [:]
        var isStopped = false
    }

    let target: FaultProxy.Address
    private let state = Mutex(State())

    init(target: FaultProxy.Address) { self.target = target }

    var faults: Faults { state.withLock { $0.faults } }
    var fired: [Fault.Kind: Int] { state.withLock { $0.fired } }
    var connections: [BoundConnection] { state.withLock { Array($0.connections.values) } }

    func change(_ change: (inout Faults) -> Void) { state.withLock { change(&$0.faults) } }
    func count(_ kind: Fault.Kind) { state.withLock { $0.fired[kind, default: 0] += 1 } }

    /// False when the proxy has stopped: the connection is not wanted.
    func add(_ connection: BoundConnection, _ id: ObjectIdentifier) -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.connections[id] = connection
            return true
        }
    }

    func remove(_ id: ObjectIdentifier) { state.withLock { $0.connections[id] = nil } }

    func stop() -> [BoundConnection] {
        state.withLock { state in
            state.isStopped = true
            return Array(state.connections.values)
        }
    }
}

/// A connection as other threads may hold it.
struct BoundConnection: Sendable {
    private let connection: NIOLoopBound<ProxiedConnection>
    private let loop: any EventLoop
    private let closed: EventLoopFuture<Void>

    init(_ connection: ProxiedConnection, on loop: any EventLoop, closed: EventLoopFuture<Void>) {
        self.connection = NIOLoopBound(connection, eventLoop: loop)
        self.loop = loop
        self.closed = closed
    }

    func perform(_ body: @escaping @Sendable (ProxiedConnection) -> Void) { loop.execute { body(connection.value) } }

    /// Returns when both ends are closed.
    func cut() async {
        perform { $0.cut() }
        try? await closed.get()  // never fails
    }
}
