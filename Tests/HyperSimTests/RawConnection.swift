import JSON
import NIOCore
import NIOPosix

/// A client that knows bytes only: HTTP/1.1 and WebSocket frames by hand, so that the server is tested by something else than its own code.
actor RawConnection {
    struct Response: Equatable {
        var status: Int
        var headers: [String: String]
        var body: String

        var json: JSON {
            get throws { try JSON.parse(body) }
        }
    }

    struct Closed: Error {}

    private let channel: any Channel
    private var inbound: AsyncStream<ByteBuffer>.Iterator
    private var buffer = ByteBuffer()

    init(port: Int) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(continuation)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        inbound = stream.makeAsyncIterator()
    }

    func close() async { try? await channel.close() }

    // MARK: HTTP

    func post(_ path: String, _ body: JSON) async throws -> JSON { try await request("POST", path, body.text()).json }

    func get(_ path: String) async throws -> Response { try await request("GET", path, nil) }

    func request(_ method: String, _ path: String, _ body: String?) async throws -> Response {
        try await send(method, path, body)
        return try await response()
    }

    func send(_ method: String, _ path: String, _ body: String?) async throws {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: localhost\r\n"
        if let body { text += "content-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)" } else { text += "\r\n" }
        try await write(ByteBuffer(string: text))
    }

    func response() async throws -> Response {
        let lines = try await line(endingWith: "\r\n\r\n").split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingPrefix(" ").description
        }
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        let length = Int(headers["content-length"] ?? "0") ?? 0
        return Response(status: status, headers: headers, body: String(buffer: try await bytes(length)))
    }

    // MARK: WebSocket

    /// - Returns: the status of the handshake's answer.
    func upgrade(_ path: String = "/ws") async throws -> Int {
        try await write(
            ByteBuffer(
                string: "GET \(path) HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                    + "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
        return try await response().status
    }

    /// Sends one masked text frame, or several fragments.
    func send(text: String, fragments: Int = 1) async throws {
        let payload = Array(text.utf8)
        let size = (payload.count + fragments - 1) / fragments
        for index in 0..<fragments {
            let part = payload[min(index * size, payload.count)..<min((index + 1) * size, payload.count)]
            try await write(Self.frame(opcode: index == 0 ? 1 : 0, final: index == fragments - 1, Array(part)))
        }
    }

    func send(_ json: JSON) async throws { try await send(text: json.text()) }

    func subscribe(_ subscription: JSON) async throws { try await send(["method": "subscribe", "subscription": subscription]) }

    /// The next text frame; `Closed` when the server closes.
    func message() async throws -> String {
        let (opcode, payload) = try await frame()
        guard opcode == 1 else { throw Closed() }
        return String(buffer: payload)
    }

    func json() async throws -> JSON { try JSON.parse(try await message()) }

    /// The next frame of `channel`, skipping others.
    func json(channel: String) async throws -> JSON {
        while true {
            let message = try await json()
            if message["channel"] == .string(channel) { return message }
        }
    }

    /// Opcode and payload of the next frame.
    func frame() async throws -> (opcode: UInt8, payload: ByteBuffer) {
        var head = try await bytes(2)
        let first: UInt8 = head.readInteger()!
        let second: UInt8 = head.readInteger()!
        var length = Int(second & 0x7F)
        if length == 126 { length = Int(try await bytes(2).getInteger(at: 0, as: UInt16.self)!) }
        if length == 127 { length = Int(try await bytes(8).getInteger(at: 0, as: UInt64.self)!) }
        return (first & 0x0F, try await bytes(length))
    }

    func ping() async throws { try await write(Self.frame(opcode: 9, final: true, Array("ping".utf8))) }

    private static func frame(opcode: UInt8, final: Bool, _ payload: [UInt8]) -> ByteBuffer {
        var frame = ByteBuffer(integer: (final ? 0x80 : 0) | opcode)
        if payload.count < 126 {
            frame.writeInteger(0x80 | UInt8(payload.count))
        } else {
            frame.writeInteger(UInt8(0x80 | 126))
            frame.writeInteger(UInt16(payload.count))
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        frame.writeBytes(mask)
        frame.writeBytes(payload.enumerated().map { $1 ^ mask[$0 % 4] })
        return frame
    }

    // MARK: Bytes

    private func write(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

    private func bytes(_ count: Int) async throws -> ByteBuffer {
        while buffer.readableBytes < count { try await receive() }
        return buffer.readSlice(length: count)!
    }

    private func line(endingWith terminator: String) async throws -> String {
        while true {
            if let range = String(buffer: buffer).range(of: terminator) {
                let text = String(buffer: buffer)[..<range.upperBound]
                buffer.moveReaderIndex(forwardBy: text.utf8.count)
                return String(text)
            }
            try await receive()
        }
    }

    private func receive() async throws {
        var iterator = inbound
        guard var part = await iterator.next(isolation: self) else { throw Closed() }
        inbound = iterator
        buffer.writeBuffer(&part)
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncStream<ByteBuffer>.Continuation

    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        let bytes = Array(text.utf8)
        var index = utf8.startIndex
        while index < utf8.endIndex {
            if utf8[index...].starts(with: bytes) { return index..<utf8.index(index, offsetBy: bytes.count) }
            index = utf8.index(after: index)
        }
        return nil
    }
}
