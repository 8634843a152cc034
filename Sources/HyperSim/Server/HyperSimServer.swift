import Hyperliquid
import JSON
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// The simulated exchange as a server: `/info`, `/exchange` and `/ws` as Hyperliquid has them, and `/control/` for whoever runs it.
///
/// It owns one event-loop thread on which everything happens. ``start()`` once, ``stop()`` once.
public final class HyperSimServer: Sendable {
    private let configuration: HyperSimConfiguration
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let state: NIOLoopBoundBox<Running?>

    private struct Running {
        var simulator: Simulator
        var listener: any Channel
        /// Succeeds with ``stop()``, fails with the ledger.
        var ended: EventLoopPromise<Void>
        /// Whose ``Mirror/run(_:)`` is for ``runMirror()``.
        var mirror: Mirror?
    }

    public init(configuration: HyperSimConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        state = NIOLoopBoundBox.makeEmptyBox(valueType: Running.self, eventLoop: group.next())
    }

    /// Reads the fills, the accounts and an existing ledger, and listens.
    /// - Returns: the port.
    /// - Throws: ``HyperSimError`` for a wrong setting, file or ledger; an `IOError` when the port is taken.
    public func start() async throws -> Int {
        do {
            try configuration.validate()
            let recorded = try configuration.fillsFile.map { path throws(HyperSimError) in try RecordedFills(path: path) }
            return try await listen(recorded, try await mirrored())
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    /// Closes every connection and the ledger. Nothing is answered any more.
    public func stop() async {
        let loop = group.next()
        do {
            try await loop.submit { self.shutDown() }.get()
            try await group.shutdownGracefully()
        } catch {
            logger.error("the simulator did not stop in order", metadata: ["error": "\(error)"])
        }
    }

    /// Returns after ``stop()``; call after ``start()``.
    /// - Throws: ``HyperSimError`` when the ledger could no longer be written: the simulator then answers nobody.
    public func waitUntilStopped() async throws {
        let loop = group.next()
        let state = state
        try await loop.flatSubmit { state.value?.ended.futureResult ?? loop.makeSucceededVoidFuture() }.get()
    }

    private func mirrored() async throws -> (mirror: Mirror, markets: MirroredMarkets)? {
        guard let base = configuration.mirror else { return nil }
        let endpoint = ExchangeEndpoint(base: base, network: configuration.network)
        let markets = try await MirroredMarkets.load(endpoint, coins: configuration.mirrorCoins, ledgerDirectory: configuration.ledgerDirectory)
        return (Mirror(endpoint, coins: markets.listings.map(\.coin), logger: logger), markets)
    }

    /// Follows the exchange that is mirrored; call after ``start()``. Returns at once without one.
    /// - Throws: `CancellationError` when the task is cancelled, and nothing else but for an address that is none.
    public func runMirror() async throws {
        let loop = group.next()
        let state = state
        guard let mirror = try await loop.submit({ state.value?.mirror }).get() else { return }
        try await mirror.run { event in
            // A simulator that has stopped takes nothing any more.
            try? await loop.submit { state.value?.simulator.take(event) }.get()
        }
    }

    private func listen(_ recorded: RecordedFills?, _ mirrored: (mirror: Mirror, markets: MirroredMarkets)?) async throws -> Int {
        let loop = group.next()
        let configuration = configuration
        let logger = logger
        let state = state
        return try await loop.flatSubmit {
            do {
                let simulator = try Simulator(configuration: configuration, recorded: recorded, mirrored: mirrored, loop: loop, logger: logger)
                simulator.onFailure = { error in
                    state.value?.listener.close(promise: nil)
                    state.value?.ended.fail(error)
                }
                let bound = NIOLoopBound(simulator, eventLoop: loop)
                return Self.bootstrap(loop, bound).bind(host: configuration.host, port: configuration.port).map { listener in
                    state.value = Running(simulator: bound.value, listener: listener, ended: loop.makePromise(), mirror: mirrored?.mirror)
                    bound.value.startTicking()
                    return listener.localAddress?.port ?? configuration.port
                }
            } catch {
                return loop.makeFailedFuture(error)
            }
        }.get()
    }

    private func shutDown() {
        guard let running = state.value else { return }
        running.listener.close(promise: nil)
        running.simulator.stop()
        state.value = nil
        if running.simulator.failure == nil { running.ended.succeed() }
    }

    private static func bootstrap(_ loop: any EventLoop, _ simulator: NIOLoopBound<Simulator>) -> ServerBootstrap {
        ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try configure(channel, simulator) }
            }
    }

    /// Decoder, upgrade handler, then the HTTP connection, which the WebSocket connection replaces after an upgrade.
    private static func configure(_ channel: any Channel, _ simulator: NIOLoopBound<Simulator>) throws {
        let encoder = HTTPResponseEncoder()
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        let connection = NIOLoopBound(HTTPConnection(simulator: simulator.value, encoder: encoder), eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: WebSocketConnection.maximumFrameBytes,
            shouldUpgrade: { channel, head in
                guard head.uri.prefix(while: { $0 != "?" }) == "/ws" else { return channel.eventLoop.makeSucceededFuture(nil) }
                let simulator = simulator.value
                let isAdmitted = simulator.clients.use(of: channel.clientAddress).openSocket(now: simulator.now())
                connection.value.isUpgradeRefused = !isAdmitted
                return channel.eventLoop.makeSucceededFuture(isAdmitted ? [:] : nil)
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    channel.pipeline.syncOperations.removeHandler(connection.value, promise: nil)
                    try channel.pipeline.syncOperations.addHandler(WebSocketConnection(simulator: simulator.value, client: channel.clientAddress))
                }
            })
        let upgrade = HTTPServerUpgradeHandler(
            upgraders: [upgrader], httpEncoder: encoder, extraHTTPHandlers: [decoder], upgradeCompletionHandler: { _ in })
        try channel.pipeline.syncOperations.addHandlers([encoder, decoder, upgrade, connection.value])
    }
}
