import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket server that accepts every upgrade and is gone in the same breath.
enum AbruptServer {
    enum Ending: CaseIterable, Sendable {
        /// The answer to the upgrade, then the end of the stream.
        case close
        /// The answer and a close frame in one packet, then the end of the stream.
        case closeFrame
        /// The answer, a message and a close frame in one packet.
        case messageAndCloseFrame
        /// The answer, then a reset.
        case reset
    }

    /// Runs `body` with the port of a server.
    static func run<Result>(_ ending: Ending, _ body: (Int) async throws -> Result) async throws -> Result {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EndingHandler(ending))
                    let upgrader = NIOTypedWebSocketServerUpgrader<Void>(
                        shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
                        upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
                    let configuration = NIOTypedHTTPServerUpgradeConfiguration<Void>(upgraders: [upgrader]) { channel in
                        channel.close(promise: nil)
                        return channel.eventLoop.makeSucceededVoidFuture()
                    }
                    _ = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                        configuration: .init(upgradeConfiguration: configuration))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(server.localAddress!.port!)
            try await server.close()
            return result
        } catch {
            try await server.close()
            throw error
        }
    }

    /// Next to the socket: adds to the answer what is to come in the same packet, and ends the connection.
    private final class EndingHandler: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let ending: Ending
        private var answer = ByteBuffer()

        init(_ ending: Ending) { self.ending = ending }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            var part = unwrapOutboundIn(data)
            answer.writeBuffer(&part)
            promise?.succeed()
        }

        func flush(context: ChannelHandlerContext) {
            switch ending {
            case .close, .reset: break
            case .closeFrame: answer.writeBytes([0x88, 2, 0x03, 0xE8])
            case .messageAndCloseFrame: answer.writeBytes([0x81, 2] + Array("hi".utf8) + [0x88, 2, 0x03, 0xE8])
            }
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            if ending == .reset {
                // Closing without lingering resets the connection.
                let options = context.channel as! any SocketOptionProvider
                options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { [channel = context.channel] _ in channel.close(promise: nil) }
            } else {
                context.close(promise: nil)
            }
        }
    }
}
