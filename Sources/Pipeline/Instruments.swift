import CopyTrading
import Health
import Hyperliquid
import Logging

/// The exchange's markets, read at the start and again hourly or when an unknown coin is asked for.
public actor Instruments {
    static let refreshInterval = Duration.seconds(3_600)
    /// An unknown coin triggers a reading no more often than this.
    static let unknownInterval = Duration.seconds(30)

    private let client: ExchangeClient
    private let logger: Logger
    private var byCoin: [Coin: Instrument] = [:]
    private var readAt: ContinuousClock.Instant?

    public init(client: ExchangeClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// What is known is given at once, and read again beside; only for a coin that is not known the exchange is waited for.
    /// - Returns: `nil` when the exchange does not list the coin, or nothing could be read yet.
    public func instrument(_ coin: Coin) async -> Instrument? {
        let age = readAt.map { ContinuousClock.now - $0 } ?? .seconds(86_400)
        if let known = byCoin[coin] {
            if age > Self.refreshInterval {
                readAt = .now
                Task { await refresh() }
            }
            return known
        }
        if age > Self.unknownInterval {
            // a wait with limits of its own: the exchange may be away
            Heart.current?.rest()
            await refresh()
            Heart.current?.beat()
        }
        return byCoin[coin]
    }

    /// What the exchange lists, as last read, without what it no longer trades.
    var listed: Set<Coin> { Set(byCoin.values.lazy.filter { !$0.isDelisted }.map(\.coin)) }

    /// A role that sizes orders does not begin without.
    public func load() async throws(InfoError) {
        readAt = .now
        let instruments = try await client.instruments()
        byCoin = Dictionary(instruments.map { ($0.coin, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private func refresh() async {
        do { try await load() } catch { logger.warning("instruments.unread", metadata: ["error": "\(error)"]) }
    }
}
