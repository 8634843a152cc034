import JSON
import NIOCore
import NIOWebSocket

/// One client of /ws: text frames with the exchange's requests, answers and subscriptions' messages.
final class WebSocketConnection: ChannelInboundHandler, TurnMember {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Unanswered `post` requests of one socket.
    static let maximumPosts = 100
    /// A client that leaves this much unread is cut off: it would otherwise hold the memory of everyone.
    static let maximumUnsentBytes = 64 << 20
    static let maximumFrameBytes = 1 << 20

    /// The client's host, by which the exchange counts limits.
    let client: String
    var subscriptions: Set<Subscription> = []
    private let simulator: Simulator
    private var context: ChannelHandlerContext?
    private var outgoing: [ByteBuffer] = []
    private var fragments: ByteBuffer?
    private var pendingPosts = 0
    private var lastSentAt: Int64
    private var idleTimer: RepeatedTask?

    init(simulator: Simulator, client: String) {
        self.simulator = simulator
        self.client = client
        lastSentAt = simulator.now()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        simulator.countSocket(1)
        if simulator.configuration.sendsGreeting { send(ByteBuffer(bytes: SocketMessage.greeting)) }
        watchIdleness(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        idleTimer?.cancel()
        simulator.hub.removeAll(of: self)
        simulator.deregister(context.channel)
        simulator.countSocket(-1)
        outgoing.removeAll()
        self.context = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .continuation: receive(frame, context)
        case .ping:
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose: close(context, .normalClosure)
        case .binary: close(context, .unacceptableData)
        default: break
        }
    }

    private func receive(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        guard (frame.opcode == .text) == (fragments == nil) else { return close(context, .protocolError) }
        var part = frame.unmaskedData
        var whole = fragments ?? ByteBuffer()
        guard whole.readableBytes + part.readableBytes <= Self.maximumFrameBytes else { return close(context, .messageTooLarge) }
        whole.writeBuffer(&part)
        fragments = frame.fin ? nil : whole
        if frame.fin { handle(whole) }
    }

    private func handle(_ text: ByteBuffer) {
        guard let json = text.withUnsafeReadableBytes({ try? JSON.parse($0) }), let request = try? SocketRequest(json: json) else {
            return refuseUnreadable(text)
        }
        switch request {
        case .ping: send(SocketMessage.pong)
        case .subscribe(let subscription): subscribe(subscription, text)
        case .unsubscribe(let subscription): unsubscribe(subscription, text)
        case .post(let id, let post): answer(id: id, post)
        }
    }

    private func subscribe(_ json: JSON, _ text: ByteBuffer) {
        guard let subscription = read(json, text) else { return }
        if let refusal = simulator.hub.add(subscription, self) { return send(SocketMessage.error(refusal)) }
        send(SocketMessage.acknowledgement(method: "subscribe", subscription))
        simulator.publisher.sendFirst(subscription, to: [self], now: simulator.now())
    }

    private func unsubscribe(_ json: JSON, _ text: ByteBuffer) {
        guard let subscription = read(json, text) else { return }
        if let refusal = simulator.hub.remove(subscription, self) { return send(SocketMessage.error(refusal)) }
        send(SocketMessage.acknowledgement(method: "unsubscribe", subscription))
    }

    private func read(_ json: JSON, _ text: ByteBuffer) -> Subscription? {
        do throws(Subscription.Fault) { return try Subscription(json: json, universe: simulator.engine.universe) } catch {
            switch error {
            case .unreadable: refuseUnreadable(text)
            case .invalid: send(SocketMessage.error("Invalid subscription \(json.text())"))
            }
            return nil
        }
    }

    private func refuseUnreadable(_ text: ByteBuffer) {
        send(SocketMessage.error("Error parsing JSON into valid websocket request: \(String(buffer: text))"))
    }

    private func answer(id: UInt64, _ post: SocketRequest.Post) {
        guard pendingPosts < Self.maximumPosts else { return send(SocketMessage.error("too many pending post requests id=\(id)")) }
        switch post {
        case .info(let request): send(SocketMessage.answer(id: id, post, simulator.info.answer(request, now: simulator.now())))
        case .action(let action):
            let message = SocketMessage.answer(id: id, post, simulator.answerExchange(action))
            pendingPosts += 1
            simulator.afterLatency {
                self.pendingPosts -= 1
                self.send(message)
            }
        }
    }

    // MARK: Sending

    private func send(_ message: [UInt8]) { send(ByteBuffer(bytes: message)) }

    /// Puts a text frame in line for the end of the turn.
    func send(_ message: ByteBuffer) {
        guard context != nil else { return }
        outgoing.append(message)
        if outgoing.count == 1 { simulator.enlist(self) }
    }

    func endTurn() {
        guard let context, !outgoing.isEmpty else { return }
        let messages = outgoing
        outgoing.removeAll(keepingCapacity: true)
        for message in messages { context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: message)), promise: nil) }
        context.flush()
        lastSentAt = simulator.now()
        cutOffWhenSlow(context)
    }

    private func cutOffWhenSlow(_ context: ChannelHandlerContext) {
        guard !context.channel.isWritable, let options = context.channel.syncOptions else { return }
        let unsent = (try? options.getOption(.bufferedWritableBytes)) ?? 0
        guard unsent > Self.maximumUnsentBytes else { return }
        simulator.logger.warning("a WebSocket client does not read and is cut off", metadata: ["client": "\(client)", "unsentBytes": "\(unsent)"])
        context.close(promise: nil)
    }

    private func watchIdleness(_ context: ChannelHandlerContext) {
        let limit = Int64(simulator.configuration.idleCloseSeconds) * 1_000
        let period = TimeAmount.milliseconds(max(100, limit / 10))
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        idleTimer = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
            let connection = bound.value
            guard let context = connection.context, connection.simulator.now() - connection.lastSentAt >= limit else { return }
            connection.close(context, .normalClosure, reason: "Expired")
        }
    }

    private func close(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode, reason: String = "") {
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: nil)
        context.close(promise: nil)
    }
}
