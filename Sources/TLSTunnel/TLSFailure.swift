import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What a failed TLS connection means, for people.
enum TLSFailure {
    /// - Parameter rejected: the certificate that verification stopped at.
    static func text(_ error: any Error, host: String, rejected: NIOSSLCertificate?) -> String {
        if let rejected { return refusal(of: rejected) }
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "its certificate is not for \(host)"
        case NIOSSLError.uncleanShutdown, ChannelError.eof:
            return "the server closed the connection"
        case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
            return "the server closed the connection"
        case let error as NIOConnectionError:
            return connecting(error)
        default:
            return meaning(of: name(error))
        }
    }

    /// The library's name of the error, such as `CERTIFICATE_VERIFY_FAILED`; else its whole text.
    static func name(_ error: any Error) -> String {
        let text = "\(error)"
        guard let start = text.firstRange(of: "OPENSSL_internal:") else { return text }
        return String(text[start.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }

    private static func refusal(of certificate: NIOSSLCertificate) -> String {
        let now = time(nil)
        if certificate.notValidAfter < now { return "its certificate has expired" }
        if certificate.notValidBefore > now { return "its certificate is not valid yet" }
        return "its certificate is not vouched for by a trusted authority (the right CA file?)"
    }

    private static func meaning(of name: String) -> String {
        switch name {
        case "CERTIFICATE_VERIFY_FAILED": "its certificate does not stand the verification"
        case let name where name.contains("EOF during handshake"):
            "the server closed the connection during the TLS handshake (some do so when they want a client certificate)"
        case "WRONG_VERSION_NUMBER": "what answers there does not speak TLS"
        case "TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
            "SSLV3_ALERT_CERTIFICATE_UNKNOWN":
            "the server does not accept our client certificate (\(name))"
        case let name where name.hasSuffix("CERTIFICATE_REQUIRED") || name == "SSLV3_ALERT_HANDSHAKE_FAILURE":
            "the server refuses us; it wants a client certificate that it knows (\(name))"
        default: "TLS failed: \(name)"
        }
    }

    private static func connecting(_ error: NIOConnectionError) -> String {
        guard let single = error.connectionErrors.first?.error else { return "the name \(error.host) cannot be resolved" }
        return (single as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(single)"
    }
}
