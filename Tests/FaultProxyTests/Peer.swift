import FaultProxy
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A client that remembers what it got.
final class Peer: Sendable {
    private struct State {
        var received: [UInt8] = []
        var written = 0
    }

    private final class Memory: Sendable {
        let state = Mutex(State())
    }

    private let channel: any Channel
    private let memory: Memory

    static func connect(to address: FaultProxy.Address) async throws -> Peer {
        let memory = Memory()
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(memory)) }
            }
        let channel =
            switch address {
            case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
            case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
            }
        return Peer(channel, memory)
    }

    private init(_ channel: any Channel, _ memory: Memory) {
        self.channel = channel
        self.memory = memory
    }

    var received: [UInt8] { memory.state.withLock { $0.received } }
    var receivedCount: Int { memory.state.withLock { $0.received.count } }
    var text: String { String(decoding: received, as: UTF8.self) }
    /// Bytes that the kernel has taken.
    var written: Int { memory.state.withLock { $0.written } }
    var isOpen: Bool { channel.isActive }

    /// Returns before it is written.
    func send(_ bytes: [UInt8]) {
        let memory = memory
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenSuccess { memory.state.withLock { $0.written += bytes.count } }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func closeOutput() async throws { try await channel.close(mode: .output) }

    func close() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let memory: Memory

        init(_ memory: Memory) { self.memory = memory }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            memory.state.withLock { $0.received += bytes.readableBytesView }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// Waits, within bounds, until something holds.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !holds() {
        guard ContinuousClock.now < end else {
            Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A path for a socket, short enough for one, used by nobody else.
func socketPath() -> String { "/tmp/vibe-proxy-\(UInt64.random(in: 0 ... .max)).sock" }
