import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket server on a free loopback port; a test writes what each connection does.
final class ScriptedWebSocketServer: Sendable {
    typealias Frames = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    /// One accepted connection.
    struct Connection {
        /// From 0, in the order of arrival.
        let number: Int
        var inbound: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

        func send(_ text: String) async throws { try await send(.text, text) }

        func send(_ opcode: WebSocketOpcode, _ text: String, fin: Bool = true) async throws {
            try await outbound.write(WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(string: text)))
        }

        /// The next frame of this kind, others skipped; `nil` when the client has gone.
        mutating func receive(_ opcode: WebSocketOpcode = .text) async throws -> String? {
            while let frame = try await inbound.next() {
                if frame.opcode == opcode { return String(buffer: frame.unmaskedData) }
            }
            return nil
        }

        func close(code: Int, reason: String) async throws {
            var data = ByteBuffer()
            data.write(webSocketErrorCode: WebSocketErrorCode(codeNumber: code))
            data.writeString(reason)
            try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
        }
    }

    /// Serves until the task is cancelled; `ready` is told the port. A connection is closed when its script returns.
    static func serve(ready: @Sendable (Int) -> Void, script: @escaping @Sendable (inout Connection) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try upgrade(channel) }
            }
        ready(server.channel.localAddress!.port!)
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                var number = 0
                for try await negotiation in connections {
                    let current = number
                    number += 1
                    group.addTask {
                        guard let frames = try? await negotiation.get() else { return }
                        // A script ends with an error when the client goes away first.
                        try? await frames.executeThenClose { inbound, outbound in
                            var connection = Connection(number: current, inbound: inbound.makeAsyncIterator(), outbound: outbound)
                            try await script(&connection)
                        }
                    }
                }
            }
        }
    }

    private static func upgrade(_ channel: any Channel) throws -> EventLoopFuture<Frames?> {
        let upgrader = NIOTypedWebSocketServerUpgrader<Frames?>(
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeSucceededFuture(head.uri == "/ws" && head.headers.contains(name: "host") ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture { try Frames(wrappingChannelSynchronously: channel) }
            })
        return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(upgraders: [upgrader]) { channel in
                    channel.close(promise: nil)
                    return channel.eventLoop.makeSucceededFuture(nil)
                }))
    }
}
