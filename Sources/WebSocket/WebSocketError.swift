/// Why a WebSocket connection could not be made or has ended.
public enum WebSocketError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not a `ws://` or `wss://` address.
    case invalidURL(String)
    /// No connection, no name, TLS refused, or no upgrade within the time-out.
    case connectFailed(String)
    /// The server answered the upgrade with something else.
    case notUpgraded
    /// The peer broke the protocol or a size limit; the connection is closed.
    case protocolViolation(String)
    /// The connection broke without a close frame.
    case broken(String)

    public var description: String {
        switch self {
        case .invalidURL(let text): "\"\(text)\" is not a WebSocket address"
        case .connectFailed(let reason): "cannot connect: \(reason)"
        case .notUpgraded: "the server refused the WebSocket upgrade"
        case .protocolViolation(let reason): "protocol violation: \(reason)"
        case .broken(let reason): "connection broken: \(reason)"
        }
    }
}
