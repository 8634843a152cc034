import TLSTunnel

/// Where a Redis server listens, and as whom to log in. The password never appears in a description.
public struct RedisEndpoint: Sendable, CustomStringConvertible {
    public enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public var address: Address
    /// For `rediss://`; otherwise what is sent can be read on the way.
    public var tls: TLSTrust?
    public var user: String?
    public var password: String?
    public var database: Int

    /// Errors quote nothing of it: a password may stand in the wrong place.
    ///
    /// `redis://[[user]:password@]host[:port][/database]`, the same with `rediss://` for TLS, or
    /// `unix:///path/to.sock[?db=n&user=name]`.
    public init(parsing text: String) throws(RedisError) {
        user = nil
        password = nil
        database = 0
        if text.hasPrefix("unix://") {
            let parts = text.dropFirst(7).split(separator: "?", maxSplits: 1)
            guard let path = parts.first, path.hasPrefix("/") else { throw .invalidEndpoint("unix:// needs an absolute path") }
            address = .unix(path: String(path))
            for option in parts.count == 2 ? parts[1].split(separator: "&") : [] {
                if option.hasPrefix("db="), let number = Int(option.dropFirst(3)), number >= 0 {
                    database = number
                } else if option.hasPrefix("user="), option.count > 5 {
                    user = String(option.dropFirst(5))
                    password = ""  // refused unless one is set: nobody falls back to being the default user
                } else {
                    throw .invalidEndpoint("after '?' expected db=<number> or user=<name>")
                }
            }
            return
        }
        guard let scheme = ["redis://", "rediss://"].first(where: text.hasPrefix) else {
            throw .invalidEndpoint("expected redis://host:port, rediss://host:port (TLS) or unix:///path")
        }
        tls = scheme == "rediss://" ? TLSTrust() : nil
        var rest = text.dropFirst(scheme.count)
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard login.count == 2 else { throw .invalidEndpoint("the part before '@' must be user:password, user: or :password") }
            user = login[0].isEmpty ? nil : String(login[0])
            password = String(login[1])
            rest = rest[rest.index(after: at)...]
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, !parts[1].isEmpty {
            guard let number = Int(parts[1]), number >= 0 else { throw .invalidEndpoint("the database is not a number") }
            database = number
        }
        let hostAndPort = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        guard hostAndPort.count <= 2, !hostAndPort[0].isEmpty else { throw .invalidEndpoint("expected host:port") }
        var port = 6379
        if hostAndPort.count == 2 {
            guard let number = Int(hostAndPort[1]), (1...65_535).contains(number) else {
                throw .invalidEndpoint("the port is not 1…65535")
            }
            port = number
        }
        address = .tcp(host: String(hostAndPort[0]), port: port)
    }

    public var description: String {
        switch address {
        case .tcp(let host, let port): "\(tls == nil ? "redis" : "rediss")://\(host):\(port)/\(database)"
        case .unix(let path): "unix://\(path)?db=\(database)"
        }
    }
}
