/// The parts of a `ws://host[:port][/path]` or `wss://…` address.
public struct WebSocketURL: Sendable, Equatable {
    public var host: String
    public var port: Int
    /// With its leading slash, and the query if there is one.
    public var path: String
    public var isSecure: Bool

    public init(parsing text: String) throws(WebSocketError) {
        let rest: Substring
        if text.hasPrefix("ws://") {
            isSecure = false
            rest = text.dropFirst("ws://".count)
        } else if text.hasPrefix("wss://") {
            isSecure = true
            rest = text.dropFirst("wss://".count)
        } else {
            throw .invalidURL(text)
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest.dropFirst(authority.count)
        path = tail.hasPrefix("/") ? String(tail) : "/" + tail
        guard let (host, portText) = Self.split(authority), !host.isEmpty, !authority.contains("@") else { throw .invalidURL(text) }
        self.host = String(host)
        guard let portText else {
            port = isSecure ? 443 : 80
            return
        }
        guard let number = UInt16(portText), number > 0 else { throw .invalidURL(text) }
        port = Int(number)
    }

    /// What the Host header says: the port only when it is not the scheme's own.
    var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Splits `host:port`; an IPv6 address stands in brackets.
    private static func split(_ authority: Substring) -> (Substring, Substring?)? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let host = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            if tail.isEmpty { return (host, nil) }
            return tail.hasPrefix(":") ? (host, tail.dropFirst()) : nil
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return (parts[0], nil)
        case 2: return (parts[0], parts[1])
        default: return nil
        }
    }
}
