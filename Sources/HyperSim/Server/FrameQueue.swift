import NIOCore
import NIOWebSocket

/// The text frames one socket owes, sent together at the end of a turn, and what faults do to them.
final class FrameQueue: TurnMember {
    /// A client that leaves this much unread is cut off: it would otherwise hold the memory of everyone.
    static let maximumUnsentBytes = 64 << 20

    private let simulator: Simulator
    private let client: String
    private var context: ChannelHandlerContext?
    private var waiting: [ByteBuffer] = []
    private var waitingBytes = 0
    /// A frame that lets the next one pass.
    private var overtaken: ByteBuffer?
    /// The close frame that ends what is owed.
    private var farewell: WebSocketFrame?
    /// Nothing is sent while this is above zero.
    private var silences = 0
    private(set) var lastSentAt: Int64

    init(simulator: Simulator, client: String) {
        self.simulator = simulator
        self.client = client
        lastSentAt = simulator.now()
    }

    func open(_ context: ChannelHandlerContext) { self.context = context }

    func close() {
        context = nil
        waiting.removeAll()
        overtaken = nil
    }

    var isFinishing: Bool { farewell != nil }

    /// Closes the socket at the end of the turn, after what it still owes.
    func finish(_ code: WebSocketErrorCode, reason: String) {
        guard let context, farewell == nil else { return }
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        farewell = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
        simulator.enlist(self)
    }

    func append(_ message: ByteBuffer) {
        guard let context, farewell == nil else { return }
        waiting.append(message)
        waitingBytes += message.readableBytes
        if waiting.count == 1, silences == 0 { simulator.enlist(self) }
        if waitingBytes > Self.maximumUnsentBytes { cutOff(context, unsent: waitingBytes) }
    }

    /// Neither reads nor writes for so long.
    func mute(_ milliseconds: Int) {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
        fallSilent(milliseconds) { self.resumeReading() }
    }

    private func resumeReading() {
        guard let context else { return }
        do { try context.channel.syncOptions?.setOption(.autoRead, value: true) } catch { context.close(promise: nil) }
    }

    private func fallSilent(_ milliseconds: Int, then resume: @escaping () -> Void = {}) {
        silences += 1
        simulator.after(max(1, Int64(milliseconds)) * 1_000) {
            self.silences -= 1
            resume()
            if self.silences == 0, !self.waiting.isEmpty { self.simulator.enlist(self) }
        }
    }

    func endTurn() {
        guard let context else { return }
        if silences == 0, !waiting.isEmpty { sendWaiting(context) }
        guard let farewell else { return }
        context.writeAndFlush(NIOAny(farewell), promise: nil)
        context.close(promise: nil)
    }

    private func sendWaiting(_ context: ChannelHandlerContext) {
        let messages = waiting
        waiting.removeAll(keepingCapacity: true)
        waitingBytes = 0
        for (index, message) in messages.enumerated() {
            guard pass(message, context) else {
                // What has not been said yet is said after the silence.
                waiting = Array(messages[index...]) + waiting
                waitingBytes = waiting.reduce(0) { $0 + $1.readableBytes }
                break
            }
        }
        context.flush()
        lastSentAt = simulator.now()
        cutOffWhenSlow(context)
    }

    /// Writes one frame, or what a fault makes of it.
    /// - Returns: false when the socket falls silent before it.
    private func pass(_ message: ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        var copies = 1
        var window: Int?
        for fault in simulator.faults.draw(.frame, path: WebSocketConnection.path) {
            switch fault {
            case .silent(let milliseconds):
                fallSilent(milliseconds)
                return false
            case .duplicateFrames: copies += 1
            case .reorderFrames(let milliseconds): window = milliseconds
            default: break
            }
        }
        if let window, overtaken == nil {
            overtaken = message
            simulator.after(max(1, Int64(window)) * 1_000) { self.releaseOvertaken() }
            return true
        }
        for _ in 0..<copies { write(message, context) }
        if let late = overtaken {
            overtaken = nil
            write(late, context)
        }
        return true
    }

    private func releaseOvertaken() {
        guard let late = overtaken, let context else { return }
        overtaken = nil
        write(late, context)
        context.flush()
    }

    private func write(_ message: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(NIOAny(WebSocketFrame(fin: true, opcode: .text, data: message)), promise: nil)
    }

    private func cutOffWhenSlow(_ context: ChannelHandlerContext) {
        guard !context.channel.isWritable, let options = context.channel.syncOptions else { return }
        let unsent = (try? options.getOption(.bufferedWritableBytes)) ?? 0
        if unsent > Self.maximumUnsentBytes { cutOff(context, unsent: Int(unsent)) }
    }

    private func cutOff(_ context: ChannelHandlerContext, unsent: Int) {
        simulator.logger.warning("a WebSocket client does not read and is cut off", metadata: ["client": "\(client)", "unsentBytes": "\(unsent)"])
        context.close(promise: nil)
    }
}
