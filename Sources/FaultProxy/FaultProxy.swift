import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Stands between any two processes, passes bytes on, and spoils what it is told to, at any moment and on connections of any age.
///
/// Memory is bounded: who is not read from makes the other side wait. Half-closes pass through. All state is in this process; nothing is
/// written and no privilege is needed.
public final class FaultProxy: Sendable {
    public enum Address: Sendable, Hashable, CustomStringConvertible {
        /// A socket file; one that is there already is replaced.
        case unix(String)
        case tcp(String, Int)

        public var description: String {
            switch self {
            case .unix(let path): "unix://\(path)"
            case .tcp(let host, let port): "\(host):\(port)"
            }
        }
    }

    private let wanted: Address
    private let state: ProxyState
    private let listener = Mutex<(any Channel)?>(nil)

    /// - Parameters:
    ///   - listen: a port of 0 takes a free one, which ``address`` then names.
    ///   - to: need not be there yet; a connection to it is made for each that is accepted.
    public init(listen: Address, to target: Address) {
        wanted = listen
        state = ProxyState(target: target)
    }

    /// Where it listens, once started.
    public var address: Address {
        guard case .tcp(let host, _) = wanted, let port = listener.withLock({ $0?.localAddress?.port }) else { return wanted }
        return .tcp(host, port)
    }

    /// - Throws: when it cannot listen there.
    public func start() async throws {
        let state = state
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = ProxiedConnection(client: channel, state: state)
                    try channel.pipeline.syncOperations.addHandler(ProxyEnd(connection, .toServer))
                }
            }
        let channel =
            switch wanted {
            case .unix(let path): try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            case .tcp(let host, let port):
                try await bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1).bind(host: host, port: port).get()
            }
        listener.withLock { $0 = channel }
    }

    /// Closes everything; returns when no descriptor is left.
    public func stop() async {
        let connections = state.stop()
        let channel = listener.withLock { $0 }
        try? await channel?.close()  // fails only when it is closed already
        if channel != nil, case .unix(let path) = wanted { unlink(path) }
        for connection in connections { await connection.cut() }
    }

    /// Connections that are open now.
    public var openConnections: Int { state.connections.count }

    /// How often each fault has happened since the start.
    public var fired: [Fault.Kind: Int] { state.fired }

    /// From now on, beside the faults that are in force; of one kind the last one counts.
    public func inject(_ fault: Fault) {
        if case .cut = fault {
            for connection in state.connections {
                state.count(.cut)
                connection.perform { $0.cut() }
            }
        } else {
            state.change { $0.add(fault) }
        }
    }

    /// Ends all faults. A connection that has lost bytes is cut: no stream has a hole in it that its ends cannot see.
    public func heal() {
        state.change { $0 = Faults(round: $0.round + 1) }
        for connection in state.connections { connection.perform { $0.heal() } }
    }
}
