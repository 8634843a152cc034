import NIOCore
import NIOSSL
import NIOTLS

/// One of the two ends of a tunnel; both live on one event loop. What arrives at one is written to the other, and read only while the
/// other takes it.
final class TunnelEnd: ChannelDuplexHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny
    typealias OutboundOut = NIOAny

    var partner: TunnelEnd?
    /// The certificate that verification stopped at.
    var rejected: NIOSSLCertificate?
    private var context: ChannelHandlerContext?
    private(set) var isClosed = false
    private var wantsToRead = false
    /// Fulfilled when the handshake is complete; of the server's end only.
    private let ready: EventLoopPromise<Void>?
    private let note: (any Error, NIOSSLCertificate?) -> Void

    /// - Parameters:
    ///   - ready: given to the server's end alone.
    ///   - note: told of every error, with ``rejected``.
    init(ready: EventLoopPromise<Void>? = nil, note: @escaping (any Error, NIOSSLCertificate?) -> Void = { _, _ in }) {
        self.ready = ready
        self.note = note
    }

    /// Closes both ends. What the server had sent is still written out to the caller, who reads on to its end or closes.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        let other = partner
        partner = nil
        if ready != nil {
            context?.close(promise: nil)
        } else if let channel = context?.channel {
            channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
        }
        other?.close()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        close()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { partner?.context?.write(data, promise: nil) }

    func channelReadComplete(context: ChannelHandlerContext) { partner?.context?.flush() }

    func read(context: ChannelHandlerContext) {
        if partner?.context?.channel.isWritable ?? true { context.read() } else { wantsToRead = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.readIfWanted() }
        context.fireChannelWritabilityChanged()
    }

    private func readIfWanted() {
        guard wantsToRead else { return }
        wantsToRead = false
        context?.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { ready?.succeed(()) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        note(error, rejected)
        ready?.fail(error)
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ready?.fail(ChannelError.eof)
        close()
        context.fireChannelInactive()
    }
}
