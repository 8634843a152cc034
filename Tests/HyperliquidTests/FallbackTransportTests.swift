import Cryptography
import Testing

@testable import Hyperliquid

@Suite("Sending another way", .timeLimit(.minutes(1)))
struct FallbackTransportTests {
    private static let ok = ScriptedHTTPServer.Answer.respond(200, #"{"status":"ok","response":{"type":"default"}}"#)

    /// A way that answers `first`, or that nobody serves when absent, and one that accepts everything.
    private func withTransport(
        first: ScriptedHTTPServer.Answer?, _ body: (FallbackTransport, _ first: ScriptedHTTPServer, _ second: ScriptedHTTPServer) async throws -> Void
    ) async throws {
        let servers = [try await ScriptedHTTPServer { _ in first ?? Self.ok }, try await ScriptedHTTPServer { _ in Self.ok }]
        if first == nil { try await servers[0].stop() }
        let clients = servers.map {
            ExchangeClient(endpoint: ExchangeEndpoint(base: $0.base, network: .testnet), timeout: .seconds(5), maximumConnections: 1)
        }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(FallbackTransport(clients[0], else: clients[1]), servers[0], servers[1])) } catch {
            outcome = .failure(error)
        }
        for client in clients { await client.shutdown() }
        if first != nil { try await servers[0].stop() }
        try await servers[1].stop()
        try outcome.get()
    }

    private static func action() throws -> SignedAction {
        try SignedAction.sign(
            action: ExchangeAction.noop(), nonce: 1, vaultAddress: nil, expiresAfter: nil, network: .testnet,
            key: SigningKey(bytes: [UInt8](repeating: 1, count: 32)))
    }

    @Test("what did not leave the first way goes the second, as it was signed")
    func fallsBack() async throws {
        try await withTransport(first: nil) { transport, _, second in
            let action = try Self.action()
            #expect(try await transport.submit(action, priority: .exit, notAfter: nil) == .ok)
            #expect(second.requests.map(\.body) == [String(decoding: action.body, as: UTF8.self)])
        }
    }

    @Test(
        "what may have arrived, or was refused, is not sent again",
        arguments: [ScriptedHTTPServer.Answer.hangUp, .respond(502, ""), .respond(429, "null"), .respond(422, "no")])
    func neverTwice(answer: ScriptedHTTPServer.Answer) async throws {
        try await withTransport(first: answer) { transport, first, second in
            await #expect(throws: ExchangeError.self) { try await transport.submit(Self.action(), priority: .exit, notAfter: nil) }
            #expect(first.requests.count == 1)
            #expect(second.requests.isEmpty)
        }
    }

    @Test("past its deadline nothing goes either way")
    func deadline() async throws {
        try await withTransport(first: Self.ok) { transport, first, second in
            await #expect(throws: ExchangeError.notSent("the send deadline had passed")) {
                try await transport.submit(Self.action(), priority: .entry, notAfter: .now - .seconds(1))
            }
            #expect(first.requests.isEmpty && second.requests.isEmpty)
        }
    }
}
