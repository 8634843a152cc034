/// Where a Redis server listens, and as whom to log in. The password never appears in a description.
public struct RedisEndpoint: Sendable, CustomStringConvertible {
    public enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public var address: Address
    public var user: String?
    public var password: String?
    public var database: Int

    /// Errors quote nothing of it: a password may stand in the wrong place.
    ///
    /// `redis://[[user]:password@]host[:port][/database]` or `unix:///path/to.sock[?db=n]`.
    public init(parsing text: String) throws(RedisError) {
        user = nil
        password = nil
        database = 0
        if text.hasPrefix("unix://") {
            let parts = text.dropFirst(7).split(separator: "?", maxSplits: 1)
            guard let path = parts.first, path.hasPrefix("/") else { throw .invalidEndpoint("unix:// needs an absolute path") }
            address = .unix(path: String(path))
            if parts.count == 2 {
                guard parts[1].hasPrefix("db="), let number = Int(parts[1].dropFirst(3)), number >= 0 else {
                    throw .invalidEndpoint("after '?' expected db=<number>")
                }
                database = number
            }
            return
        }
        guard text.hasPrefix("redis://") else {
            throw .invalidEndpoint("expected redis://host:port or unix:///path (this build has no TLS: put a TLS tunnel in front)")
        }
        var rest = text.dropFirst(8)
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard login.count == 2 else { throw .invalidEndpoint("the part before '@' must be user:password or :password") }
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
        case .tcp(let host, let port): "redis://\(host):\(port)/\(database)"
        case .unix(let path): "unix://\(path)?db=\(database)"
        }
    }
}
