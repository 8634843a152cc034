import NIOCore
import NIOWebSocket

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Between frames and messages: stamps arrival, answers pings, completes the closing handshake, masks what is sent (RFC 6455).
///
/// Messages go on in batches, one for each turn of reading the socket: waking a reader costs more than reading a message.
final class WebSocketMessageHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = [WebSocketMessage]
    typealias OutboundIn = WebSocketCommand
    typealias OutboundOut = WebSocketFrame

    private var sentClose = false
    private var receivedClose = false
    /// Read and not passed on yet; bounded by what NIO reads from a socket in one turn.
    private var batch: [WebSocketMessage] = []

    func channelReadComplete(context: ChannelHandlerContext) {
        passOn(context)
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        passOn(context)
        context.fireChannelInactive()
    }

    private func passOn(_ context: ChannelHandlerContext) {
        guard !batch.isEmpty else { return }
        context.fireChannelRead(wrapInboundOut(batch))
        batch.removeAll(keepingCapacity: true)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !receivedClose else { return }
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: batch.append(.text(Self.bytes(frame), receivedAt: Self.now()))
        case .binary: batch.append(.binary(Self.bytes(frame), receivedAt: Self.now()))
        case .ping: send(.pong, frame.unmaskedData, context: context, promise: nil)
        case .pong: batch.append(.pong)
        case .connectionClose: close(frame, context: context)
        default:
            passOn(context)
            context.fireErrorCaught(WebSocketError.protocolViolation("unexpected opcode \(frame.opcode)"))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .text(let text): send(.text, ByteBuffer(string: text), context: context, promise: promise)
        case .gated(let text, let gate):
            // After a close frame nothing may follow.
            guard !sentClose, gate.take() else {
                promise?.succeed()
                return
            }
            send(.text, ByteBuffer(bytes: text), context: context, promise: promise)
        case .ping: send(.ping, ByteBuffer(), context: context, promise: promise)
        case .close(let code, let reason):
            sendClose(WebSocketErrorCode(codeNumber: Int(code)), reason, context: context, promise: promise)
        }
    }

    /// Broken framing leaves no way to find the next frame, so every error here ends the connection. After the closing handshake
    /// an error (a peer that ends TLS uncleanly, say) changes nothing any more.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        passOn(context)
        switch error {
        case _ where receivedClose: break
        case is WebSocketError: context.fireErrorCaught(error)
        case let violation as NIOWebSocketError:
            context.fireErrorCaught(WebSocketError.protocolViolation("\(error)"))
            let code: WebSocketErrorCode = violation == .invalidFrameLength ? .messageTooLarge : .protocolError
            sendClose(code, "", context: context, promise: nil)
        case is NIOWebSocketFrameAggregator.Error:
            context.fireErrorCaught(WebSocketError.protocolViolation("\(error)"))
            sendClose(.protocolError, "", context: context, promise: nil)
        default: context.fireErrorCaught(WebSocketError.broken("\(error)"))
        }
        context.close(promise: nil)
    }

    private func sendClose(_ code: WebSocketErrorCode, _ reason: String, context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        guard !sentClose else {
            promise?.succeed()
            return
        }
        sentClose = true
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        send(.connectionClose, data, context: context, promise: promise)
    }

    private func close(_ frame: WebSocketFrame, context: ChannelHandlerContext) {
        receivedClose = true
        var data = frame.unmaskedData
        let echo = data
        let code = data.readInteger(as: UInt16.self)
        let reason = String(buffer: data)
        batch.append(.closed(code: code, reason: reason))
        passOn(context)
        guard !sentClose else {
            context.close(promise: nil)
            return
        }
        sentClose = true
        let sent = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
        send(.connectionClose, echo, context: context, promise: sent)
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }

    private static func bytes(_ frame: WebSocketFrame) -> [UInt8] { Array(frame.unmaskedData.readableBytesView) }

    /// Microseconds since 1970.
    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
