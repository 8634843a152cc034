import NIOCore
import NIOPosix
import Synchronization

/// Between a client and the exchange: passes bytes on, later or not at all when told to.
final class Relay: Sendable {
    fileprivate struct State {
        var isOpen = true
        var delay = TimeAmount.zero
        var channels: [any Channel] = []
    }

    fileprivate let state = Mutex(State())
    private let listener = Mutex<(any Channel)?>(nil)

    /// - Parameter port: of the exchange.
    static func start(to port: Int) async throws -> Relay {
        let relay = Relay()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { client in
                guard relay.admit(client) else { return client.close() }
                return ClientBootstrap(group: client.eventLoop).channelInitializer { server in
                    server.eventLoop.makeCompletedFuture {
                        try server.pipeline.syncOperations.addHandler(Pipe(to: client, after: { .zero }))
                        try client.pipeline.syncOperations.addHandler(Pipe(to: server, after: { relay.state.withLock(\.delay) }))
                    }
                }
                .connect(host: "127.0.0.1", port: port).map { server in _ = relay.admit(server) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        relay.listener.withLock { $0 = listener }
        return relay
    }

    var url: String { "http://127.0.0.1:\(listener.withLock { $0?.localAddress?.port ?? 0 })" }

    /// Breaks every connection and takes no new one until ``restore()``.
    func cut() async {
        let channels = state.withLock { state in
            state.isOpen = false
            defer { state.channels = [] }
            return state.channels
        }
        for channel in channels { try? await channel.close() }
    }

    /// Requests reach the exchange so much later from now on.
    func delayRequests(_ delay: TimeAmount) { state.withLock { $0.delay = delay } }

    func restore() { state.withLock { $0.isOpen = true } }

    func stop() async {
        await cut()
        try? await listener.withLock { $0 }?.close()
    }

    private func admit(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            state.channels.append(channel)
            return true
        }
    }

    /// One direction. `@unchecked`: used on the one event loop that both channels share.
    private final class Pipe: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        private let delay: @Sendable () -> TimeAmount

        init(to other: any Channel, after delay: @escaping @Sendable () -> TimeAmount) {
            self.other = other
            self.delay = delay
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            let delay = delay()
            guard delay > .zero else { return other.writeAndFlush(bytes, promise: nil) }
            context.eventLoop.scheduleTask(in: delay) { self.other.writeAndFlush(bytes, promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
