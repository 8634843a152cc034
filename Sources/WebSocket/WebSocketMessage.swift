import NIOCore

/// What arrives on a connection. Protocol pings are answered below this level and do not show.
public enum WebSocketMessage: Sendable, Equatable {
    /// A whole text message, fragments joined; UTF-8 is not checked here.
    /// - receivedAt: when its last frame was read from the socket, microseconds since 1970.
    case text([UInt8], receivedAt: Int64)
    case binary([UInt8], receivedAt: Int64)
    case pong
    /// The peer's close frame, already answered; nothing follows.
    case closed(code: UInt16?, reason: String)
}

/// What is written to a connection.
public enum WebSocketCommand: Sendable {
    case text(String)
    /// Written only if the gate opens; asked on the connection's own thread, right before the bytes go to the socket.
    case gated([UInt8], WriteGate)
    case ping
    /// Ends the connection properly; the peer answers in kind.
    case close(code: UInt16, reason: String)
}
