import Foundation

/// A certificate authority of one test's own, with the certificates it has issued, in a folder that goes with it.
public final class TestAuthority: Sendable {
    public struct Issued: Sendable {
        /// PEM files.
        public let certificate: String
        public let key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    private let folder: String
    /// PEM file of its own certificate: what to trust.
    public var file: String { folder + "/authority.pem" }

    public init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/vibe-authority-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Shell.run("cd '\(folder)'; openssl req -x509 \(Self.newKey) -keyout authority.key -out authority.pem -days 2 -subj '/CN=test authority'")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// - Parameters:
    ///   - names: as in `subjectAltName`.
    ///   - days: from now; a negative number makes one that has expired.
    public func issue(_ subject: String, names: String = "DNS:localhost,IP:127.0.0.1", days: Int = 2) throws -> Issued {
        let path = "\(folder)/\(UInt32.random(in: 0 ... .max))"
        try Shell.run(
            """
            set -e
            openssl req \(Self.newKey) -keyout '\(path).key' -out '\(path).csr' -subj '/CN=\(subject)'
            printf 'subjectAltName=%s\\n' '\(names)' > '\(path).ext'
            openssl x509 -req -in '\(path).csr' -CA '\(folder)/authority.pem' -CAkey '\(folder)/authority.key' -CAcreateserial \\
              -days \(days) -extfile '\(path).ext' -out '\(path).pem'
            """)
        return Issued(certificate: path + ".pem", key: path + ".key")
    }

    private static let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
}

extension TestAuthority {
    /// Settings of a Redis server that also listens with TLS.
    /// - Parameter clients: whether it wants certificates of its clients.
    public func redisSettings(port: Int, _ server: Issued, clients: Bool = false) -> [String] {
        [
            "--tls-port", "\(port)", "--tls-cert-file", server.certificate, "--tls-key-file", server.key, "--tls-ca-cert-file", file,
            "--tls-auth-clients", clients ? "yes" : "no",
        ]
    }
}

public enum TestPort {
    /// A loopback port that was free a moment ago.
    public static func find() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return try bound(descriptor)
    }

    /// A port that takes connections and never answers, as long as `body` runs.
    public static func withSilentServer<Value>(_ body: (Int) async throws -> Value) async throws -> Value {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        let port = try bound(descriptor)
        guard listen(descriptor, 8) == 0 else { throw ServerFault("listen: \(String(cString: strerror(errno)))") }
        return try await body(port)
    }

    private static func bound(_ descriptor: Int32) throws -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard found else { throw ServerFault("no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
