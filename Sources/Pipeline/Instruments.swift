import CopyTrading
import Hyperliquid
import Logging

/// The exchange's markets, read at the start and again within the hour or when an unknown coin is asked for.
public actor Instruments {
    static let refreshInterval = ExchangeClient.marketsLife
    /// An unknown coin triggers a reading no more often than this.
    static let unknownInterval = Duration.seconds(30)

    /// So long after it has begun a reading is waited for; it goes on beside.
    static let longestWait = Duration.seconds(1)
    private static let lookInterval = Duration.milliseconds(20)

    /// What is known of a coin without asking.
    public enum Listing: Sendable {
        case listed(Instrument)
        case unlisted
        /// The exchange is being asked.
        case unread
    }

    private let client: ExchangeClient
    private let logger: Logger
    private var byCoin: [Coin: Instrument] = [:]
    private var readAt: ContinuousClock.Instant?
    private var isReading = false
    /// The last reading came to its end.
    private var isRead = false

    public init(client: ExchangeClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// What is known is given at once, and read again beside; only for a coin that is not known the exchange is waited for, a moment.
    /// - Returns: `nil` when the exchange does not list the coin, or it could not be read yet.
    public func instrument(_ coin: Coin) async -> Instrument? {
        while true {
            switch listing(coin) {
            case .listed(let instrument): return instrument
            case .unlisted: return nil
            case .unread:
                // of all who ask for one together, too: they may come one after the other
                guard isReading, let readAt, ContinuousClock.now < readAt + Self.longestWait, !Task.isCancelled else { return nil }
                try? await Task.sleep(for: Self.lookInterval)  // ends early only when cancelled
            }
        }
    }

    /// Never waits for the exchange.
    public func listing(_ coin: Coin) -> Listing {
        let age = readAt.map { ContinuousClock.now - $0 } ?? .seconds(86_400)
        let known = byCoin[coin]
        if !isReading, age > (known == nil ? Self.unknownInterval : Self.refreshInterval) {
            isReading = true
            readAt = .now
            Task { await refresh() }
        }
        if let known { return .listed(known) }
        return isReading || !isRead ? .unread : .unlisted
    }

    /// What the exchange lists, as last read, without what it no longer trades.
    var listed: Set<Coin> { Set(byCoin.values.lazy.filter { !$0.isDelisted }.map(\.coin)) }

    /// A role that sizes orders does not begin without.
    /// - Throws: `InfoError`.
    public func load() async throws { try await read(atMostOld: ExchangeClient.marketsLife) }

    private func read(atMostOld age: Duration) async throws {
        readAt = .now
        isRead = false
        // a role that starts waits for them, or what is to be traded in a coin that is not known
        let instruments = try await ReadUrgency.$current.withValue(.awaited) { try await client.instruments(atMostOld: age) }
        isRead = true
        byCoin = Dictionary(instruments.map { ($0.coin, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private func refresh() async {
        defer { isReading = false }
        do { try await read(atMostOld: ExchangeClient.marketsNewest) } catch { logger.warning("instruments.unread", metadata: ["error": "\(error)"]) }
    }
}
