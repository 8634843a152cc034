import CopyTrading
import Cryptography
import JSON
import NIOCore
import Testing

@testable import Hyperliquid

@Suite("The exchange's REST client", .timeLimit(.minutes(1)))
struct ExchangeClientTests {
    /// Runs `body` with a client of a scripted server, and shuts both down.
    private func withClient(
        timeout: Duration = .seconds(5), connections: Int = 4, _ script: @escaping @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Answer,
        _ body: (ExchangeClient, ScriptedHTTPServer) async throws -> Void
    ) async throws {
        let server = try await ScriptedHTTPServer(script)
        let client = ExchangeClient(
            endpoint: ExchangeEndpoint(base: server.base, network: .testnet), timeout: timeout, maximumConnections: connections)
        do { try await body(client, server) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        try await server.stop()
    }

    private func action(nonce: UInt64 = 1) throws -> SignedAction {
        try SignedAction.sign(
            action: ExchangeAction.noop(), nonce: nonce, vaultAddress: nil, expiresAfter: nil, network: .testnet,
            key: SigningKey(bytes: [UInt8](repeating: 1, count: 32)))
    }

    @Test("an action is posted as signed, and its answer read")
    func submit() async throws {
        try await withClient({ _ in .respond(200, #"{"status":"ok","response":{"type":"default"}}"#) }) { client, server in
            let action = try action()
            #expect(try await client.submit(action) == .ok)
            #expect(server.requests.map(\.path) == ["/exchange"])
            #expect(server.requests.map(\.body) == [String(decoding: action.body, as: UTF8.self)])
        }
    }

    @Test("a refusal is an answer")
    func refusal() async throws {
        try await withClient({ _ in .respond(200, #"{"status":"err","response":"Nonce mismatch."}"#) }) { client, _ in
            let answer = try await client.submit(action())
            #expect(answer == .refused("Nonce mismatch."))
        }
    }

    static let failures: [(ScriptedHTTPServer.Answer, ExchangeError)] = [
        (.respond(429, "null"), .rateLimited),
        (
            .respond(422, "Failed to deserialize the JSON body into the target type"),
            .malformed("HTTP 422: Failed to deserialize the JSON body into the target type")
        ),
        (.respond(400, #"{"code":17,"msg":"bad vault","data":null}"#), .malformed("HTTP 400: bad vault (code 17)")),
        (.respond(403, "<html>no</html>"), .malformed("HTTP 403: <html>no</html>")),
        (.respond(502, "<html>Bad Gateway</html>"), .unknown("HTTP 502: <html>Bad Gateway</html>")),
        (.respond(302, ""), .unknown("HTTP 302")),
        (.respond(408, ""), .unknown("HTTP 408")),
    ]

    @Test("an HTTP status says whether the action can have been executed", arguments: failures)
    func statuses(answer: ScriptedHTTPServer.Answer, expected: ExchangeError) async throws {
        try await withClient({ _ in answer }) { client, _ in
            let error = await #expect(throws: ExchangeError.self) { try await client.submit(action()) }
            #expect(error == expected)
        }
    }

    @Test(
        "once the server may have the request, the outcome is unknown",
        arguments: [
            ScriptedHTTPServer.Answer.hangUp, .silence, .stall(after: .zero), .respond(200, "<html>"), .respond(200, "null"),
            .respond(200, #"{"status":"ok","response":{"type":"order","data":{"statuses":[{"new":1}]}}}"#),
        ])
    func unknown(answer: ScriptedHTTPServer.Answer) async throws {
        try await withClient(timeout: .milliseconds(200), { _ in answer }) { client, server in
            let error = await #expect(throws: ExchangeError.self) { try await client.submit(action()) }
            guard case .unknown = error else { Issue.record("\(String(describing: error))"); return }
            #expect(server.requests.count == 1)
        }
    }

    @Test("without a connection nothing was sent", arguments: ["http://127.0.0.1:1", "http://no-such-host.invalid", "https://127.0.0.1:1"])
    func notSent(base: String) async throws {
        let client = ExchangeClient(
            endpoint: ExchangeEndpoint(base: base, network: .testnet), timeout: .milliseconds(500), maximumConnections: 1)
        let error = await #expect(throws: ExchangeError.self) { try await client.submit(action()) }
        guard case .notSent = error else { Issue.record("\(String(describing: error))"); return }
        await client.shutdown()
    }

    @Test("while every connection is taken, a request that times out was not sent")
    func poolExhausted() async throws {
        // The first answer's half comes late enough to hold the connection beyond the second request's patience.
        try await withClient(timeout: .milliseconds(2_000), connections: 1, { _ in .stall(after: .milliseconds(1_500)) }) { client, server in
            let first = try action(nonce: 1), second = try action(nonce: 2)
            async let firstError = #expect(throws: ExchangeError.self) { try await client.submit(first) }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            let error = await #expect(throws: ExchangeError.self) { try await client.submit(second) }
            guard case .notSent = error else { Issue.record("\(String(describing: error))"); return }
            guard case .unknown = await firstError else { Issue.record("the first was sent"); return }
            #expect(server.requests.count == 1)
        }
    }

    @Test("a request whose turn comes after its send deadline stays unsent")
    func sendDeadline() async throws {
        let answer = #"{"status":"ok","response":{"type":"default"}}"#
        try await withClient(connections: 1, { _ in .delayed(.milliseconds(2_000), 200, answer) }) { client, server in
            let first = try action(nonce: 1), second = try action(nonce: 2)
            async let held = client.submit(first)
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            let error = await #expect(throws: ExchangeError.self) {
                try await client.submit(second, notAfter: .now + .milliseconds(50))
            }
            #expect(error == .notSent("the send deadline had passed"))
            #expect(try await held == .ok)
            // The client goes on as if nothing had happened, and the server never saw the second.
            #expect(try await client.submit(action(nonce: 3), notAfter: .now + .seconds(5)) == .ok)
            #expect(server.requests.map { $0.body.contains(#""nonce":2"#) } == [false, false])
        }
    }

    @Test("a cancelled request that was still waiting was not sent")
    func cancelled() async throws {
        try await withClient(connections: 1, { _ in .silence }) { client, server in
            let first = try action(nonce: 1), second = try action(nonce: 2)
            let holder = Task { try await client.submit(first) }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            let waiter = Task { try await client.submit(second) }
            waiter.cancel()
            let waiting = await #expect(throws: ExchangeError.self) { try await waiter.value }
            guard case .notSent = waiting else { Issue.record("\(String(describing: waiting))"); return }
            holder.cancel()
            let sent = await #expect(throws: ExchangeError.self) { try await holder.value }
            guard case .unknown = sent else { Issue.record("\(String(describing: sent))"); return }
        }
    }

    @Test("a connection is used again")
    func keepAlive() async throws {
        try await withClient(connections: 1, { _ in .respond(200, "{}") }) { client, server in
            for _ in 0..<20 { _ = try await client.info(["type": "meta"]) }
            #expect(server.requests.count == 20)
            #expect(server.connectionCount == 1)
        }
    }
}
