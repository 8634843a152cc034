import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a free loopback port whose answers a test decides, request by request.
final class ScriptedHTTPServer: Sendable {
    struct Request: Sendable {
        let path: String
        let body: String
    }

    enum Answer: Sendable {
        case respond(Int, String)
        /// As ``respond(_:_:)``, later.
        case delayed(TimeAmount, Int, String)
        /// Closes the connection without a word.
        case hangUp
        /// After a pause half an answer, then nothing more.
        case stall(after: TimeAmount)
        case silence
    }

    let port: Int
    private let channel: any Channel
    private let log: RequestLog

    /// What arrived whole, in order.
    var requests: [Request] { log.all }
    /// Connections accepted so far.
    var connectionCount: Int { log.connections }
    var base: String { "http://127.0.0.1:\(port)" }

    init(_ script: @escaping @Sendable (Request) -> Answer) async throws {
        let log = RequestLog()
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    log.countConnection()
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ScriptedHTTPHandler(log: log, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress!.port!
    }

    func stop() async throws { try await channel.close() }
}

final class RequestLog: Sendable {
    private let requests = Mutex<[ScriptedHTTPServer.Request]>([])
    private let accepted = Atomic<Int>(0)
    var connections: Int { accepted.load(ordering: .relaxed) }
    func countConnection() { accepted.add(1, ordering: .relaxed) }
    var all: [ScriptedHTTPServer.Request] { requests.withLock { $0 } }
    func append(_ request: ScriptedHTTPServer.Request) { requests.withLock { $0.append(request) } }
}

private final class ScriptedHTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: RequestLog
    private let script: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Answer
    private var path = ""
    private var body = ""

    init(log: RequestLog, script: @escaping @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Answer) {
        self.log = log
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            path = head.uri
            body = ""
        case .body(let part): body += String(buffer: part)
        case .end:
            let request = ScriptedHTTPServer.Request(path: path, body: body)
            log.append(request)
            perform(script(request), on: context.channel)
        }
    }

    private func perform(_ answer: ScriptedHTTPServer.Answer, on channel: any Channel) {
        switch answer {
        case .respond(let status, let text): Self.respond(status, text, on: channel)
        case .delayed(let pause, let status, let text):
            channel.eventLoop.scheduleTask(in: pause) { Self.respond(status, text, on: channel) }
        case .hangUp: channel.close(promise: nil)
        case .stall(let pause):
            channel.eventLoop.scheduleTask(in: pause) {
                var head = HTTPResponseHead(version: .http1_1, status: .ok)
                head.headers.add(name: "content-length", value: "100")
                channel.write(HTTPServerResponsePart.head(head), promise: nil)
                channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "{"))), promise: nil)
            }
        case .silence: break
        }
    }

    private static func respond(_ status: Int, _ text: String, on channel: any Channel) {
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status))
        head.headers.add(name: "content-length", value: "\(text.utf8.count)")
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }
}
