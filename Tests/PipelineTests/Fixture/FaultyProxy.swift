import NIOCore
import NIOPosix
import Synchronization

/// Between a worker and the exchange: passes HTTP/1.1 requests and WebSocket messages on one by one, and spoils those it is told to.
final class FaultyProxy: Sendable {
    enum Fault: Sendable, CaseIterable {
        /// The exchange never sees the request, and nobody answers.
        case requestSwallowed
        /// The exchange executes it; the answer goes nowhere.
        case replySwallowed
        /// The connection breaks before the exchange sees the request.
        case resetBefore
        /// The connection breaks once the exchange has answered.
        case resetAfter

        var reachesExchange: Bool { self == .replySwallowed || self == .resetAfter }
    }

    fileprivate struct State {
        var plans: [(fault: Fault, marker: String, times: Int)] = []
        var spoiled = 0
    }

    private let state = Mutex(State())
    private let listener: any Channel

    /// - Parameter port: of the exchange.
    static func start(to port: Int) async throws -> FaultyProxy {
        let box = ProxyBox()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ClientSide(port: port, decide: { box.proxy?.decide($0) }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = FaultyProxy(listener)
        box.proxy = proxy
        return proxy
    }

    private init(_ listener: any Channel) { self.listener = listener }

    var url: String { "http://127.0.0.1:\(listener.localAddress?.port ?? 0)" }

    /// Spoils the next requests whose text contains `marker`.
    func spoil(_ fault: Fault, times: Int = 1, containing marker: String = #""type":"order""#) {
        state.withLock { $0.plans.append((fault, marker, times)) }
    }

    /// How many were spoiled so far.
    var spoiled: Int { state.withLock { $0.spoiled } }

    func stop() async { try? await listener.close() }

    private func decide(_ request: String) -> Fault? {
        state.withLock { state in
            guard let index = state.plans.firstIndex(where: { $0.times > 0 && request.contains($0.marker) }) else { return nil }
            state.plans[index].times -= 1
            state.spoiled += 1
            return state.plans[index].fault
        }
    }
}

/// Lets the listener's initialiser name the proxy that is made of the listener.
private final class ProxyBox: Sendable {
    private let value = Mutex<FaultyProxy?>(nil)
    var proxy: FaultyProxy? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

/// Gathers whole requests of one connection and passes each on, or not. Both sides live on one event loop.
private final class ClientSide: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let port: Int
    private let decide: @Sendable (String) -> FaultyProxy.Fault?
    private var gathered = ByteBuffer()
    private var upstream: (any Channel)?
    private var context: ChannelHandlerContext?
    /// What becomes of answers.
    fileprivate var fault: FaultyProxy.Fault?
    /// From the request for an upgrade on.
    private var socket: ProxiedSocket?

    init(port: Int, decide: @escaping @Sendable (String) -> FaultyProxy.Fault?) {
        self.port = port
        self.decide = decide
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ExchangeSide(own.value)) }
            }
            .connect(host: "127.0.0.1", port: port).assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    self.upstream = channel
                    self.passOn()
                case .failure: self.close()
                }
            }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        gathered.writeBuffer(&buffer)
        passOn()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        upstream?.close(promise: nil)
    }

    private func passOn() {
        guard let upstream else { return }
        if let socket { return passOn(socket, upstream) }
        while let length = Self.requestLength(gathered), let request = gathered.readSlice(length: length) {
            let text = String(buffer: request)
            if text.lowercased().contains("upgrade: websocket") {
                socket = ProxiedSocket()
                upstream.writeAndFlush(request, promise: nil)
                return passOn()
            }
            fault = decide(text)
            switch fault {
            case .requestSwallowed: continue
            case .resetBefore: return reset()
            case .replySwallowed, .resetAfter, nil: upstream.writeAndFlush(request, promise: nil)
            }
        }
    }

    private func passOn(_ socket: ProxiedSocket, _ upstream: any Channel) {
        while let message = ProxiedSocket.next(&gathered) {
            let fault = decide(message.text)
            switch fault {
            case .requestSwallowed: continue
            case .resetBefore: return reset()
            case .replySwallowed, .resetAfter: socket.spoilAnswer(to: message, fault)
            case nil: break
            }
            upstream.writeAndFlush(message.frame, promise: nil)
        }
    }

    /// Bytes of the first request, when all of it is here.
    private static func requestLength(_ buffer: ByteBuffer) -> Int? {
        let text = String(decoding: buffer.readableBytesView, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let head = text[..<end.upperBound]
        let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimming { $0 == " " }) } ?? 0
        let total = head.utf8.count + length
        return buffer.readableBytes >= total ? total : nil
    }

    func answer(_ buffer: ByteBuffer) {
        if let socket { return answer(buffer, socket) }
        switch fault {
        case nil: context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        case .resetAfter: reset()
        case .requestSwallowed, .replySwallowed, .resetBefore: break
        }
    }

    private func answer(_ buffer: ByteBuffer, _ socket: ProxiedSocket) {
        for answer in socket.answers(buffer) {
            switch answer {
            case .pass(let bytes): context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            case .reset: return reset()
            }
        }
    }

    /// Ends the connection with a reset instead of an orderly end.
    private func reset() {
        guard let channel = context?.channel else { return }
        if let options = channel as? any SocketOptionProvider { _ = options.setSoLinger(linger(l_onoff: 1, l_linger: 0)) }
        close()
    }

    func close() { context?.close(promise: nil) }
}

private final class ExchangeSide: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let client: ClientSide

    init(_ client: ClientSide) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { client.answer(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { client.close() }
}

extension Substring {
    fileprivate func trimming(_ isSpace: (Character) -> Bool) -> Substring {
        var rest = self
        while let first = rest.first, isSpace(first) { rest.removeFirst() }
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest
    }
}
