import Testing
import WebSocket

@testable import Hyperliquid

@Suite("WebSocket addresses")
struct WebSocketURLTests {
    @Test("host, port, path and security are taken apart")
    func parts() throws {
        let url = try WebSocketURL(parsing: "wss://api.hyperliquid.xyz/ws")
        #expect(url.host == "api.hyperliquid.xyz" && url.port == 443 && url.path == "/ws" && url.isSecure)
        let local = try WebSocketURL(parsing: "ws://127.0.0.1:8080")
        #expect(local.host == "127.0.0.1" && local.port == 8080 && local.path == "/" && !local.isSecure)
        let query = try WebSocketURL(parsing: "ws://[::1]:80?x=1")
        #expect(query.host == "::1" && query.port == 80 && query.path == "/?x=1")
    }

    @Test("what is no address is refused", arguments: ["", "http://x", "ws://", "ws://:80", "ws://x:0", "ws://x:99999", "ws://x:y", "ws://a:b@c", "ws://[::1", "ws://a:1:2"])
    func refused(text: String) {
        #expect(throws: WebSocketError.invalidURL(text)) { try WebSocketURL(parsing: text) }
    }

    @Test("an endpoint's address follows its base")
    func endpoint() {
        #expect(ExchangeEndpoint.mainnet.webSocketURL == "wss://api.hyperliquid.xyz/ws")
        #expect(ExchangeEndpoint(base: "http://127.0.0.1:9/", network: .testnet).webSocketURL == "ws://127.0.0.1:9/ws")
    }
}
