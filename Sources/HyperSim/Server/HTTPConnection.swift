import NIOCore
import NIOHTTP1
import NIOWebSocket

/// One HTTP connection: keep-alive, and pipelined requests answered in their order however long each answer is held back.
///
/// Writes bytes, not response parts: the response encoder, which the WebSocket upgrade needs, is taken out of the pipeline with the first
/// ordinary request.
final class HTTPConnection: ChannelInboundHandler, RemovableChannelHandler, TurnMember {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// An answer that is due, in the order of the requests.
    final class Slot {
        enum Content {
            case pending
            case response(HTTPResponse)
            case download(LedgerDownload)
            /// Nothing is answered any more.
            case cut(resets: Bool)
        }

        var content = Content.pending
        let closes: Bool
        let isHead: Bool

        init(closes: Bool, isHead: Bool) {
            self.closes = closes
            self.isHead = isHead
        }
    }

    /// Unanswered requests of one connection; with more of them it is not read from.
    static let maximumPipelined = 512

    private let simulator: Simulator
    private let router: Router
    private var encoder: HTTPResponseEncoder?
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body: ByteBuffer?
    private var isTooLarge = false
    private var slots = CircularBuffer<Slot>()
    private var isEnlisted = false
    private var isPaused = false
    private var isWritable = true
    private var isClosing = false
    private var isMute = false
    /// Counts what the client's address uses.
    private var use: ClientUse?
    /// The WebSocket upgrade was refused for the limits of the address.
    var isUpgradeRefused = false

    init(simulator: Simulator, encoder: HTTPResponseEncoder) {
        self.simulator = simulator
        self.encoder = encoder
        router = Router(simulator: simulator)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        use = simulator.clients.use(of: context.channel.clientAddress)
        simulator.register(context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelInactive(context: ChannelHandlerContext) {
        simulator.deregister(context.channel)
        for case .download(let download) in slots.map(\.content) { download.stop() }
        slots.removeAll()
        self.context = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let part): append(part)
        case .end: finish()
        }
    }

    /// What the decoder could not read. A WebSocket upgrade that was refused is no fault: its request comes as any other.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !(error is NIOWebSocketUpgradeError) else { return }
        guard error is HTTPParserError, encoder == nil else { return context.close(promise: nil) }
        let slot = Slot(closes: true, isHead: false)
        slots.append(slot)
        complete(slot, .text(.badRequest, "Bad Request"))
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if let encoder {
            self.encoder = nil
            context.pipeline.syncOperations.removeHandler(encoder, promise: nil)
        }
        self.head = head
        body = nil
        isTooLarge = false
        guard head.headers.first(name: "expect")?.lowercased() == "100-continue", slots.isEmpty else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }

    private func append(_ part: ByteBuffer) {
        var part = part
        guard !isTooLarge, (body?.readableBytes ?? 0) + part.readableBytes <= simulator.configuration.maximumBodyBytes else {
            isTooLarge = true
            body = nil
            return
        }
        if body == nil { body = part } else { body!.writeBuffer(&part) }
    }

    private func finish() {
        guard let head, let use else { return }
        self.head = nil
        let slot = Slot(closes: !head.isKeepAlive, isHead: head.method == .HEAD)
        slots.append(slot)
        isClosing = slot.closes
        pauseWhenFull()
        guard !isTooLarge else { return complete(slot, .text(.contentTooLarge, "Content Too Large")) }
        guard !isUpgradeRefused else { return complete(slot, HTTPResponse(.limited)) }
        router.route(head.method, head.uri, body ?? ByteBuffer(), from: use) { outcome in
            switch outcome {
            case .response(let response): self.complete(slot, response)
            case .treatment(let treatment): self.apply(treatment, to: slot)
            case .download(let download): self.begin(download, in: slot)
            }
        }
        body = nil
    }

    private func apply(_ treatment: Treatment, to slot: Slot) {
        if let milliseconds = treatment.muteMilliseconds { mute(milliseconds) }
        simulator.after(treatment.delay) {
            switch treatment.end {
            case .reply(let reply): self.complete(slot, HTTPResponse(reply))
            case .cut(let resets):
                slot.content = .cut(resets: resets)
                self.enlist()
            }
        }
    }

    /// Neither reads nor writes for so long.
    private func mute(_ milliseconds: Int) {
        isMute = true
        pauseWhenFull()
        simulator.after(Int64(milliseconds) * 1_000) {
            self.isMute = false
            self.pauseWhenFull()
            self.enlist()
        }
    }

    private func complete(_ slot: Slot, _ response: HTTPResponse) {
        slot.content = .response(response)
        enlist()
    }

    private func begin(_ download: LedgerDownload, in slot: Slot) {
        slot.content = .download(download)
        enlist()
    }

    private func enlist() {
        guard !isEnlisted else { return }
        isEnlisted = true
        simulator.enlist(self)
    }

    /// Sends the answers that are ready and next in order.
    func endTurn() {
        isEnlisted = false
        guard let context, !isMute else { return }
        var buffer = context.channel.allocator.buffer(capacity: 512)
        var closes = false
        drain: while let slot = slots.first, !closes {
            switch slot.content {
            case .pending: break drain
            case .cut(let resets):
                if buffer.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(buffer), promise: nil) }
                return context.channel.cut(resets: resets)
            case .response(let response): response.write(to: &buffer, closes: slot.closes, withoutBody: slot.isHead)
            case .download(let download):
                guard download.write(to: &buffer, closes: slot.closes, withoutBody: slot.isHead) else { break drain }
            }
            closes = slot.closes
            slots.removeFirst()
        }
        pauseWhenFull()
        guard buffer.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        if closes { context.close(promise: nil) } else { continueDownload(context) }
    }

    /// A download goes on, and requests are read again, as soon as the peer has taken what was written.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        pauseWhenFull()
        continueDownload(context)
        context.fireChannelWritabilityChanged()
    }

    private func continueDownload(_ context: ChannelHandlerContext) {
        guard case .download? = slots.first?.content, context.channel.isWritable else { return }
        enlist()
    }

    /// Stops reading from a client that sends without reading, so that what waits for it stays bounded.
    private func pauseWhenFull() {
        let pauses = isMute || !isWritable || slots.count >= (isPaused ? Self.maximumPipelined / 2 : Self.maximumPipelined)
        guard pauses != isPaused, let context else { return }
        isPaused = pauses
        do { try context.channel.syncOptions?.setOption(.autoRead, value: !pauses) } catch { context.close(promise: nil) }
    }
}
