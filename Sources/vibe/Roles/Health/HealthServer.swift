import Health
import Hummingbird
import JSON
import Logging
import NIOCore
import Settings

/// `GET /healthz` and `GET /readyz`: 200 or 503, and the report.
struct HealthServer: Sendable {
    /// Connections that may wait to be accepted.
    private static let backlog = 16

    let address: ListenAddress
    let live: @Sendable () -> HealthReport
    let ready: @Sendable () -> HealthReport
    let logger: Logger

    /// Serves until cancelled.
    /// - Throws: when the address cannot be taken.
    func run() async throws {
        let router = Router()
        router.get("healthz") { _, _ in Self.response(live()) }
        router.get("readyz") { _, _ in Self.response(ready()) }
        var quiet = logger
        quiet.logLevel = max(.error, logger.logLevel)
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: bindAddress, backlog: Self.backlog),
            onServerRunning: { channel in
                logger.notice("health.listening", metadata: ["address": "\(Self.text(channel.localAddress))"])
            }, logger: quiet)
        try await application.run()
    }

    private var bindAddress: BindAddress {
        switch address {
        case .tcp(let host, let port): .hostname(host, port: port)
        case .unix(let path): .unixDomainSocket(path: path)
        }
    }

    private static func text(_ address: SocketAddress?) -> String {
        guard let address else { return "?" }
        if let path = address.pathname { return "unix:\(path)" }
        return "\(address.ipAddress ?? "?"):\(address.port ?? 0)"
    }

    private static func response(_ report: HealthReport) -> Response {
        Response(
            status: report.httpStatus == 200 ? .ok : .serviceUnavailable, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: report.json.bytes())))
    }
}
