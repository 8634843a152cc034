import NIOCore

/// The messages of one connection, for one reader, in batches of what was read from the socket at once (never empty). Ends after
/// ``WebSocketMessage/closed(code:reason:)``, with a ``WebSocketError`` when the connection breaks, and without either when the peer
/// just stops.
public struct WebSocketInbound: AsyncSequence, Sendable {
    public typealias Element = [WebSocketMessage]
    let stream: NIOAsyncChannelInboundStream<[WebSocketMessage]>

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: stream.makeAsyncIterator()) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: NIOAsyncChannelInboundStream<[WebSocketMessage]>.AsyncIterator

        public mutating func next() async throws -> [WebSocketMessage]? { try await base.next() }
    }
}

/// Writes to one connection, from any number of tasks; waits while the peer does not take what was written.
public struct WebSocketOutbound: Sendable {
    let writer: NIOAsyncChannelOutboundWriter<WebSocketCommand>

    public func send(_ command: WebSocketCommand) async throws { try await writer.write(command) }

    /// Writes them in order, with one wake-up of the socket's thread for all.
    public func send(_ commands: [WebSocketCommand]) async throws { try await writer.write(contentsOf: commands) }
}
