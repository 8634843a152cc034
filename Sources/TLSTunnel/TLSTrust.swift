import NIOCore
import NIOSSL

/// Whom to trust, and as whom to appear. The files are read at each connection, so renewed certificates need no restart.
public struct TLSTrust: Sendable {
    /// PEM file of the authorities that may vouch for the server; the system's when `nil`.
    public var authorityFile: String?
    /// PEM files of the client's own certificate (with its intermediates) and key: both or neither.
    public var certificateFile: String?
    public var keyFile: String?

    public init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    func context() throws(TLSTunnelError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = .seconds(1)
        if let authorityFile {
            configuration.trustRoots = .certificates(try Self.read(authorityFile, "certificates") { try NIOSSLCertificate.fromPEMFile($0) })
        }
        if let certificateFile, let keyFile {
            configuration.certificateChain = try Self.read(certificateFile, "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.read(keyFile, "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) })
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw TLSTunnelError("TLS cannot be set up with these certificates and this key: \(TLSFailure.name(error))")
        }
    }

    private static func read<Value>(_ path: String, _ what: String, _ body: (String) throws -> Value) throws(TLSTunnelError) -> Value {
        do { return try body(path) } catch { throw TLSTunnelError("\(path) is not readable or holds no \(what) in PEM form") }
    }

    /// Full verification by the library. Its newer callback would take the place of that; the older one sees each step's outcome,
    /// which is how a person learns *why* a certificate was refused, and here it changes none.
    @available(*, deprecated, message: "call handler(_:host:rejected:)")
    fileprivate static func watchedHandler(
        _ context: NIOSSLContext, host: String?, rejected: @escaping (NIOSSLCertificate) -> Void
    ) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: host, verificationCallback: { outcome, certificate in
            if case .failed = outcome { rejected(certificate) }
            return outcome
        })
    }

    /// Server Name Indication takes names only, not addresses; an address is looked for in the certificate.
    static func handler(_ context: NIOSSLContext, host: String, rejected: @escaping (NIOSSLCertificate) -> Void) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        let maker: any HandlerMaker.Type = WatchedHandler.self
        return try maker.make(context, host: isAddress ? nil : host, rejected: rejected)
    }
}

/// Calls what is deprecated on purpose, without a warning at each build.
private protocol HandlerMaker {
    static func make(_ context: NIOSSLContext, host: String?, rejected: @escaping (NIOSSLCertificate) -> Void) throws -> NIOSSLClientHandler
}

private enum WatchedHandler: HandlerMaker {
    @available(*, deprecated)
    static func make(_ context: NIOSSLContext, host: String?, rejected: @escaping (NIOSSLCertificate) -> Void) throws -> NIOSSLClientHandler {
        try TLSTrust.watchedHandler(context, host: host, rejected: rejected)
    }
}
