import FaultProxy
import NIOCore
import NIOPosix
import Synchronization

/// Sends back what it gets, and `end` when its client sends no more.
final class EchoServer: Sendable {
    private let listener: any Channel
    private let seen: Seen
    let address: FaultProxy.Address

    /// What all its connections got so far.
    final class Seen: Sendable {
        private struct State {
            var bytes = 0
            var open = 0
            var channels: [any Channel] = []
        }

        private let state = Mutex(State())
        let echoes: Bool

        init(echoes: Bool) { self.echoes = echoes }

        var bytes: Int { state.withLock { $0.bytes } }
        var open: Int { state.withLock { $0.open } }
        var channels: [any Channel] { state.withLock { $0.channels } }

        func add(_ count: Int) { state.withLock { $0.bytes += count } }

        func opened(_ channel: any Channel) {
            state.withLock {
                $0.open += 1
                $0.channels.append(channel)
            }
        }

        func closed() { state.withLock { $0.open -= 1 } }
    }

    /// - Parameter reads: false leaves everything unread until ``startReading()``, and sends nothing back.
    init(on wanted: FaultProxy.Address, reads: Bool = true) async throws {
        let seen = Seen(echoes: reads)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: reads)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(seen)) }
            }
        switch wanted {
        case .unix(let path):
            listener = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            address = wanted
        case .tcp(let host, let port):
            listener = try await bootstrap.bind(host: host, port: port).get()
            address = .tcp(host, listener.localAddress?.port ?? 0)
        }
        self.seen = seen
    }

    var bytes: Int { seen.bytes }
    var openConnections: Int { seen.open }

    func startReading() async throws {
        for channel in seen.channels { try await channel.setOption(.autoRead, value: true).get() }
    }

    func stop() async {
        try? await listener.close()
        for channel in seen.channels { try? await channel.close() }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let seen: Seen

        init(_ seen: Seen) { self.seen = seen }

        func channelActive(context: ChannelHandlerContext) { seen.opened(context.channel) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            seen.add(unwrapInboundIn(data).readableBytes)
            if seen.echoes { context.writeAndFlush(data, promise: nil) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard event as? ChannelEvent == .inputClosed else { return }
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "end"))).whenComplete { _ in channel.close(promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) { seen.closed() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
