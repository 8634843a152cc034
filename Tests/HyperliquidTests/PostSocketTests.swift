import Cryptography
import JSON
import Logging
import NIOWebSocket
import Testing

@testable import Hyperliquid

@Suite("The post socket", .timeLimit(.minutes(1)))
struct PostSocketTests {
    private static let ok = #"{"status":"ok","response":{"type":"default"}}"#

    private static func answer(_ request: String, _ payload: String) throws -> String {
        let id = try JSON.parse(request).field("id").text()
        return #"{"channel":"post","data":{"id":\#(id),"response":{"type":"action","payload":\#(payload)}}}"#
    }

    private static func action(_ nonce: UInt64 = 1) throws -> SignedAction {
        try SignedAction.sign(
            action: ["type": "noop"], nonce: nonce, vaultAddress: nil, expiresAfter: nil, network: .testnet,
            key: SigningKey(bytes: [UInt8](repeating: 1, count: 32)))
    }

    /// Runs a server with `script` and a socket to it.
    private func withSocket(
        timeout: Duration = .seconds(5), maximumInFlight: Int = 100,
        script: @escaping @Sendable (inout ScriptedWebSocketServer.Connection) async throws -> Void,
        _ body: (PostSocket) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ScriptedWebSocketServer.serve(ready: { port.yield($0) }, script: script) }
            var portIterator = ports.makeAsyncIterator()
            let number = try #require(await portIterator.next())
            var configuration = PostSocket.Configuration()
            configuration.timeout = timeout
            configuration.maximumInFlight = maximumInFlight
            configuration.pauses.first = .milliseconds(5)
            configuration.pauses.longest = .milliseconds(20)
            let socket = PostSocket(
                endpoint: ExchangeEndpoint(base: "http://127.0.0.1:\(number)", network: .testnet), configuration: configuration,
                budget: ConnectionBudget(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            group.addTask { do { try await socket.run() } catch is CancellationError {} }
            while await !socket.isTaking { await Task.yield() }
            try await body(socket)
            group.cancelAll()
        }
    }

    private func failure(_ socket: PostSocket, notAfter: ContinuousClock.Instant? = nil) async -> ExchangeError? {
        guard let action = try? Self.action() else { Issue.record("not signed"); return nil }
        do {
            _ = try await socket.submit(action, priority: .entry, notAfter: notAfter)
            return nil
        } catch { return error }
    }

    @Test("an action goes out as it is signed, and has its answer")
    func submits() async throws {
        let (requests, request) = AsyncStream.makeStream(of: String.self)
        try await withSocket { connection in
            try await connection.send("Websocket connection established.")
            while let text = try await connection.receive() {
                request.yield(text)
                try await connection.send(Self.answer(text, Self.ok))
            }
        } _: { socket in
            let action = try Self.action(7)
            #expect(try await socket.submit(action, priority: .exit, notAfter: nil) == .ok)
            var sent = requests.makeAsyncIterator()
            let text = try #require(await sent.next())
            #expect(text == #"{"method":"post","id":1,"request":{"type":"action","payload":\#(String(decoding: action.body, as: UTF8.self))}}"#)
        }
    }

    @Test("many requests are under way at once, and answered in any order")
    func concurrent() async throws {
        try await withSocket { connection in
            var requests: [String] = []
            while let text = try await connection.receive() {
                requests.append(text)
                guard requests.count == 50 else { continue }
                for request in requests.reversed() {
                    let nonce = try JSON.parse(request).field("request").field("payload").field("nonce").text()
                    try await connection.send(Self.answer(request, #"{"status":"err","response":"\#(nonce)"}"#))
                }
                requests = []
            }
        } _: { socket in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for nonce in 1...200 {
                    group.addTask {
                        let action = try Self.action(UInt64(nonce))
                        #expect(try await socket.submit(action, priority: .entry, notAfter: nil) == .refused("\(nonce)"))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("a connection that ends leaves what was written unknown, and the next one serves")
    func lost() async throws {
        try await withSocket { connection in
            while let text = try await connection.receive() {
                if connection.number == 0 { return }
                try await connection.send(Self.answer(text, Self.ok))
            }
        } _: { socket in
            guard case .unknown? = await failure(socket) else { Issue.record("not unknown"); return }
            // Not sent until the next connection is there.
            var next = await failure(socket)
            while case .notSent? = next { next = await failure(socket) }
            #expect(next == nil)
        }
    }

    @Test("an order past its deadline is not written")
    func deadline() async throws {
        let (requests, request) = AsyncStream.makeStream(of: String.self)
        try await withSocket { connection in
            while let text = try await connection.receive() {
                request.yield(text)
                try await connection.send(Self.answer(text, Self.ok))
            }
        } _: { socket in
            #expect(await failure(socket, notAfter: .now - .seconds(1)) == .notSent("the send deadline had passed"))
            #expect(await failure(socket) == nil)
            var sent = requests.makeAsyncIterator()
            #expect(await sent.next()?.contains(#""id":2,"#) == true)
        }
    }

    @Test("no answer in time leaves an order unknown, and a connection that says nothing else is replaced")
    func silent() async throws {
        try await withSocket(timeout: .milliseconds(100)) { connection in
            while let text = try await connection.receive() {
                if connection.number > 0 { try await connection.send(Self.answer(text, Self.ok)) }
            }
        } _: { socket in
            #expect(await failure(socket) == .unknown("no answer within 0.1 seconds"))
            var next = await failure(socket)
            while next != nil { next = await failure(socket) }
        }
    }

    @Test("the exchange's refusal of one post too many means that it was not executed")
    func tooMany() async throws {
        try await withSocket { connection in
            while try await connection.receive() != nil {
                try await connection.send(#"{"channel":"error","data":"too many pending post requests id=1"}"#)
            }
        } _: { socket in
            #expect(await failure(socket) == .notSent("too many pending post requests id=1"))
        }
    }

    @Test("without a connection nothing is sent, and nothing waits for one")
    func notConnected() async throws {
        let socket = PostSocket(
            endpoint: ExchangeEndpoint(base: "http://127.0.0.1:1", network: .testnet), budget: ConnectionBudget(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(await failure(socket) == .notSent("no connection that answers"))
        let running = Task { try await socket.run() }
        #expect(await failure(socket) == .notSent("no connection that answers"))
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(await failure(socket) == .notSent("no connection that answers"))
    }
}
