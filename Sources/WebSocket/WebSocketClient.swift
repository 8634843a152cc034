import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// Connects as a client, over TCP or TLS.
///
/// What it owes: whole messages in order, each stamped on arrival; reading stops while the consumer lags, so that nothing piles up;
/// the socket is closed when the body of a connection ends, however it ends.
public enum WebSocketClient {
    public struct Configuration: Sendable {
        /// Largest message read, bytes, fragments together. A snapshot of 2000 fills is below 1 MB; the largest frame seen is 0.2 MB.
        public var maximumMessageBytes = 64 << 20
        /// From the first packet to the upgraded connection.
        public var connectTimeout: Duration = .seconds(10)

        public init() {}
    }

    /// Connects, runs `body` with the connection, and closes it.
    /// - Throws: ``WebSocketError`` for the connection; what `body` throws.
    public static func withConnection<Result: Sendable>(
        to url: WebSocketURL, configuration: Configuration = Configuration(),
        _ body: @Sendable (WebSocketInbound, WebSocketOutbound) async throws -> Result
    ) async throws -> Result {
        let channel = try await connect(to: url, configuration: configuration)
        return try await channel.executeThenClose { inbound, outbound in
            try await body(WebSocketInbound(stream: inbound), WebSocketOutbound(writer: outbound))
        }
    }

    typealias MessageChannel = NIOAsyncChannel<[WebSocketMessage], WebSocketCommand>

    private enum Upgrade: Sendable {
        case done(MessageChannel)
        case refused
    }

    /// One pipeline is put together at a time. Swift 6.3's runtime has been seen to crash where two threads made the same generic handlers
    /// for the first time at once (`swift_checkMetadataState` of a null pointer).
    private static let pipelines = Mutex(())

    private static func connect(to url: WebSocketURL, configuration: Configuration) async throws(WebSocketError) -> MessageChannel {
        do {
            let tls = try url.isSecure ? NIOSSLContext(configuration: .makeClientConfiguration()) : nil
            let timeout = TimeAmount(configuration.connectTimeout)
            let negotiation = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(timeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: url.host, port: url.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try pipelines.withLock { _ in try prepare(channel, url: url, tls: tls, timeout: timeout, configuration: configuration) }
                    }
                }
            switch try await negotiation.get() {
            case .done(let channel): return channel
            case .refused: throw WebSocketError.notUpgraded
            }
        } catch let error as WebSocketError {
            throw error
        } catch {
            throw .connectFailed("\(error)")
        }
    }

    /// Builds the pipeline TLS → HTTP → (after the upgrade) frames → joined frames → messages.
    private static func prepare(
        _ channel: any Channel, url: WebSocketURL, tls: NIOSSLContext?, timeout: TimeAmount, configuration: Configuration
    ) throws -> EventLoopFuture<Upgrade> {
        if let tls { try channel.pipeline.syncOperations.addHandler(tlsHandler(tls, host: url.host)) }
        // NIO's own handling of errors closes before it tells; WebSocketMessageHandler does both in the other order.
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
            maxFrameSize: configuration.maximumMessageBytes, enableAutomaticErrorHandling: false
        ) { channel, _ in
            channel.eventLoop.makeCompletedFuture { try pipelines.withLock { _ in try .done(messages(channel, configuration)) } }
        }
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: url.hostHeader)
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.path, headers: headers)
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Upgrade>(upgradeRequestHead: request, upgraders: [upgrader]) { channel in
            // The answer of a server that does not upgrade may go on; nobody will read it.
            channel.close(promise: nil)
            return channel.eventLoop.makeSucceededFuture(.refused)
        }
        var pipeline = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
        // The server may send its first frame in one packet with the upgrade's answer; by default those bytes are lost.
        pipeline.leftOverBytesStrategy = .forwardBytes
        let result = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: pipeline)
        let expiry = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
        result.whenComplete { _ in expiry.cancel() }
        return result
    }

    private static func messages(_ channel: any Channel, _ configuration: Configuration) throws -> MessageChannel {
        // A channel that closed while it was being upgraded has told so to handlers that are gone; those added now would never hear of it.
        guard channel.isActive else { throw WebSocketError.broken("closed right after the upgrade") }
        try channel.pipeline.syncOperations.addHandlers([
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1 << 16,
                maxAccumulatedFrameSize: configuration.maximumMessageBytes),
            WebSocketMessageHandler(),
        ])
        return try MessageChannel(wrappingChannelSynchronously: channel)
    }

    /// Server Name Indication takes names only, not addresses.
    private static func tlsHandler(_ tls: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host)
    }
}
