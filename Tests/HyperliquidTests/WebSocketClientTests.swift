import Testing
import WebSocket

@testable import Hyperliquid

@Suite("The WebSocket client", .timeLimit(.minutes(1)))
struct WebSocketClientTests {
    @Test("a server that is gone right after the upgrade ends the connection at once", arguments: AbruptServer.Ending.allCases)
    func abruptEnd(_ ending: AbruptServer.Ending) async throws {
        try await AbruptServer.run(ending) { port in
            let url = try WebSocketURL(parsing: "ws://127.0.0.1:\(port)/ws")
            for _ in 0..<200 {
                let messages = try? await WebSocketClient.withConnection(to: url) { inbound, _ in
                    var messages: [WebSocketMessage] = []
                    do { for try await batch in inbound { messages += batch } } catch is WebSocketError {}
                    return messages
                }
                // Whoever hears anything hears it in order, and all of it.
                guard let messages, !messages.isEmpty else { continue }
                let close = WebSocketMessage.closed(code: 1000, reason: "")
                switch ending {
                case .close, .reset: #expect(messages == [])
                case .closeFrame: #expect(messages == [close])
                case .messageAndCloseFrame:
                    guard case .text(let text, _) = messages[0] else { Issue.record("no text"); return }
                    #expect(text == Array("hi".utf8) && messages.dropFirst() == [close])
                }
            }
        }
    }
}
