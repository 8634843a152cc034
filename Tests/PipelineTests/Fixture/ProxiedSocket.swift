import NIOCore

/// A WebSocket connection through the ``FaultyProxy``: cuts both directions into messages (unfragmented, as both sides send them) and
/// knows which answers are to be spoiled.
final class ProxiedSocket {
    struct Message {
        /// As on the wire.
        let frame: ByteBuffer
        let text: String

        /// Of a `post` request or its answer.
        var id: Substring? {
            guard let at = text.range(of: #""id":"#) else { return nil }
            return text[at.upperBound...].prefix { $0.isNumber }
        }
    }

    enum Answer {
        case pass(ByteBuffer)
        case reset
    }

    private var spoiled: [Substring: FaultyProxy.Fault] = [:]
    private var gathered = ByteBuffer()
    private var isUpgraded = false

    func spoilAnswer(to message: Message, _ fault: FaultyProxy.Fault?) {
        if let id = message.id { spoiled[id] = fault }
    }

    /// What becomes of what the exchange sent: the answer to the upgrade first, then messages.
    func answers(_ buffer: ByteBuffer) -> [Answer] {
        var buffer = buffer
        gathered.writeBuffer(&buffer)
        var answers: [Answer] = []
        if !isUpgraded {
            let text = String(decoding: gathered.readableBytesView, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n"), let head = gathered.readSlice(length: text[..<end.upperBound].utf8.count) else { return [] }
            isUpgraded = true
            answers.append(.pass(head))
        }
        while let message = Self.next(&gathered) {
            switch message.id.flatMap({ spoiled.removeValue(forKey: $0) }) {
            case .replySwallowed: continue
            case .resetAfter: return answers + [.reset]
            default: answers.append(.pass(message.frame))
            }
        }
        return answers
    }

    /// The first message, when all of it is here (RFC 6455, section 5.2).
    static func next(_ buffer: inout ByteBuffer) -> Message? {
        var rest = buffer
        guard let head = rest.readInteger(as: UInt16.self) else { return nil }
        let isMasked = head & 0x80 != 0
        var length = Int(head & 0x7F)
        if length == 126 {
            guard let long = rest.readInteger(as: UInt16.self) else { return nil }
            length = Int(long)
        } else if length == 127 {
            guard let long = rest.readInteger(as: UInt64.self) else { return nil }
            length = Int(long)
        }
        var mask: [UInt8] = [0, 0, 0, 0]
        if isMasked {
            guard let bytes = rest.readBytes(length: 4) else { return nil }
            mask = bytes
        }
        guard let payload = rest.readBytes(length: length) else { return nil }
        let text = String(decoding: payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }, as: UTF8.self)
        let frame = buffer.readSlice(length: buffer.readableBytes - rest.readableBytes)!
        return Message(frame: frame, text: text)
    }
}
