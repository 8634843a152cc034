import JSON
import NIOCore
import NIOWebSocket

/// One client of /ws: text frames with the exchange's requests, answers and subscriptions' messages.
final class WebSocketConnection: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    static let path = "/ws"
    static let maximumFrameBytes = 1 << 20

    /// What the client's address uses, by which the exchange counts limits.
    let use: ClientUse
    var subscriptions: Set<Subscription> = []
    private let simulator: Simulator
    private var context: ChannelHandlerContext?
    private let output: FrameQueue
    private var fragments: ByteBuffer?
    private var idleTimer: RepeatedTask?

    init(simulator: Simulator, client: String) {
        self.simulator = simulator
        use = simulator.clients.use(of: client)
        output = FrameQueue(simulator: simulator, client: client)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        output.open(context)
        simulator.register(self)
        if simulator.configuration.sendsGreeting { send(SocketMessage.greeting) }
        watchIdleness(context)
        scheduleCut()
    }

    func channelInactive(context: ChannelHandlerContext) {
        idleTimer?.cancel()
        let left = simulator.hub.removeAll(of: self)
        simulator.followForeignUsers()
        simulator.after(Int64(use.limits.lingerMilliseconds) * 1_000) {
            for subscription in left { self.use.remove(subscription) }
        }
        use.closeSocket()
        simulator.deregister(context.channel)
        simulator.deregister(self)
        output.close()
        self.context = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !output.isFinishing else { return }
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .continuation: receive(frame)
        case .ping:
            context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose: output.finish(.normalClosure, reason: "")
        case .binary: output.finish(.unacceptableData, reason: "")
        default: break
        }
    }

    private func receive(_ frame: WebSocketFrame) {
        guard (frame.opcode == .text) == (fragments == nil) else { return output.finish(.protocolError, reason: "") }
        var part = frame.unmaskedData
        var whole = fragments ?? ByteBuffer()
        guard whole.readableBytes + part.readableBytes <= Self.maximumFrameBytes else { return output.finish(.messageTooLarge, reason: "") }
        whole.writeBuffer(&part)
        fragments = frame.fin ? nil : whole
        guard frame.fin else { return }
        guard use.takeMessage(now: simulator.now()) else {
            return output.finish(.policyViolation, reason: "more than \(use.limits.messagesPerMinute) messages per minute")
        }
        handle(whole)
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
        let isForeign = subscription.user.map(simulator.isForeign) ?? false
        // A mirrored exchange is asked for single fills only.
        guard !isForeign || !subscription.isAggregated else { return send(SocketMessage.error("Invalid subscription \(json.text())")) }
        if let refusal = simulator.hub.add(subscription, self) { return send(SocketMessage.error(refusal)) }
        send(SocketMessage.acknowledgement(method: "subscribe", subscription))
        guard isForeign, subscription.channel == .userFills else {
            return simulator.publisher.sendFirst(subscription, to: self, now: simulator.now())
        }
        simulator.followForeignUsers()
        simulator.sendForeignSnapshot(subscription, to: self)
    }

    private func unsubscribe(_ json: JSON, _ text: ByteBuffer) {
        guard let subscription = read(json, text) else { return }
        if let refusal = simulator.hub.remove(subscription, self) { return send(SocketMessage.error(refusal)) }
        simulator.followForeignUsers()
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
        guard use.beginPost() else { return send(SocketMessage.error("too many pending post requests id=\(id)")) }
        let request: ClientRequest =
            switch post {
            case .info(let json): .info(json)
            case .action(let json): .exchange(json)
            }
        simulator.serve(request, from: use) { treatment in
            if let milliseconds = treatment.muteMilliseconds { self.output.mute(milliseconds) }
            self.simulator.after(treatment.delay) {
                self.use.endPost()
                switch treatment.end {
                case .reply(let reply): self.send(SocketMessage.answer(id: id, post, reply))
                case .cut(let resets): self.context?.channel.cut(resets: resets)
                }
            }
        }
    }

    // MARK: Sending and ending

    private func send(_ message: [UInt8]) { send(ByteBuffer(bytes: message)) }

    /// Puts a text frame in line for the end of the turn.
    func send(_ message: ByteBuffer) { output.append(message) }

    /// Cuts the connection off when a fault says so, after the time it says.
    func scheduleCut() {
        for case .disconnectEvery(let milliseconds, let jitter) in simulator.faults.draw(.socket, path: Self.path) {
            let shift = jitter > 0 ? Int64(simulator.faults.plan.random() % UInt64(2 * jitter + 1)) - Int64(jitter) : 0
            simulator.after(max(1, Int64(milliseconds) + shift) * 1_000) { [weak self] in self?.context?.channel.cut(resets: false) }
        }
    }

    private func watchIdleness(_ context: ChannelHandlerContext) {
        let limit = Int64(simulator.configuration.idleCloseSeconds) * 1_000
        let period = TimeAmount.milliseconds(max(100, limit / 10))
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        idleTimer = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
            let connection = bound.value
            guard connection.simulator.now() - connection.output.lastSentAt >= limit else { return }
            connection.output.finish(.normalClosure, reason: "Expired")
        }
    }
}
