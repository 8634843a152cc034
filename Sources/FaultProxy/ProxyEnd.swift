import NIOCore

/// One end of a connection: tells it what happens on its channel.
final class ProxyEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ProxiedConnection
    /// Where to what is read here goes.
    private let way: Way

    init(_ connection: ProxiedConnection, _ way: Way) {
        self.connection = connection
        self.way = way
    }

    func channelActive(context: ChannelHandlerContext) { if way == .toServer { connection.accepted() } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { connection.received(unwrapInboundIn(data), way) }

    func channelReadComplete(context: ChannelHandlerContext) { connection.pump(way) }

    /// What goes the other way is written here.
    func channelWritabilityChanged(context: ChannelHandlerContext) { connection.pump(way.opposite) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { connection.ended(way) }
    }

    /// The socket is broken; closing it tells the other end.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
