import ConfigStore
import CopyTrading
import Hyperliquid
import JSON
import Logging
import RedisStreams
import Synchronization

/// Since when coins are listed and how much they move in a day, for the subscriptions that ask for it (R-20 `vol_scaled`, new listings): read
/// from the exchange's daily candles once a day, and answered from memory.
///
/// What it owes others: no answer waits; nothing is read while no subscription needs it; reads that nobody waits for are paced, so that those
/// of trading find room; while the exchange is away the last known stays.
public final class MarketHistory: Sendable {
    /// How often it is looked for what is to be read.
    static let lookEvery = Duration.milliseconds(200)
    /// Between two reads that nobody waits for: some 300 weight a minute.
    static let turnEvery = Duration.seconds(5)
    /// How often the leaders' positions are looked at.
    static let heldEvery = Duration.seconds(600)

    private let config: ConfigStore
    private let client: ExchangeClient
    private let instruments: Instruments
    private let cursors: LeaderCursors
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let book = Mutex(HistoryBook())

    /// - Parameters:
    ///   - client: its gate keeps the reads within the address' weight.
    ///   - cursors: what leaders hold.
    ///   - now: milliseconds since 1970.
    public init(
        config: ConfigStore, client: ExchangeClient, instruments: Instruments, cursors: LeaderCursors,
        now: @escaping @Sendable () -> Int64 = { WallClock.milliseconds }, logger: Logger
    ) {
        self.config = config
        self.client = client
        self.instruments = instruments
        self.cursors = cursors
        self.now = now
        self.logger = logger
    }

    /// `nil` is not known; it is then read next.
    public func history(of coin: Coin) -> CoinHistory? { book.withLock { $0.history(of: coin) } }

    /// Reads until cancelled.
    public func run() async {
        var version: Int64?
        var turnAt = ContinuousClock.now
        var heldAt = ContinuousClock.now
        while !Task.isCancelled {
            let snapshot = config.current()
            if snapshot.version != version {
                version = snapshot.version
                let span = snapshot.subscriptions.values.map(\.historyDays).max() ?? 0
                book.withLock { $0.span = span }
            }
            if book.withLock({ $0.span }) > 0 {
                if heldAt <= .now {
                    heldAt = .now + Self.heldEvery
                    await lookAtLeaders()
                }
                let listed = await instruments.listed
                let (coins, isUrgent) = book.withLock { book in
                    book.listed = listed
                    return book.next(at: now(), isTurn: turnAt <= .now)
                }
                if !coins.isEmpty, !isUrgent { turnAt = .now + Self.turnEvery }
                await withDiscardingTaskGroup { group in
                    for coin in coins { group.addTask { await self.read(coin) } }
                }
            }
            try? await Task.sleep(for: Self.lookEvery)  // ends early only when cancelled
        }
    }

    private func lookAtLeaders() async {
        do {
            var held: Set<Coin> = []
            for cursor in try await cursors.all() {
                for (coin, size) in try LeaderCursor(json: JSON.parse(cursor)).positions where !size.isZero { held.insert(coin) }
            }
            book.withLock { $0.held = held }
        } catch {
            // It only decides who comes first.
            logger.warning("history.leaders.unread", metadata: ["error": "\(error)"])
        }
    }

    private func read(_ coin: Coin) async {
        let moment = now()
        let day = CoinHistory.day(at: moment)
        let span = book.withLock { $0.span }
        do {
            let candles = try await client.read(
                .candleSnapshot(coin, .oneDay, from: (day - Int64(span)) * CoinHistory.dayMilliseconds, to: moment))
            if let history = CoinHistory(candles.map { ($0.openTime, $0.close) }, day: day, span: span) {
                book.withLock { $0.took(history, of: coin) }
                return logger.debug(
                    "history.read",
                    metadata: ["coin": "\(coin)", "listed": "\(history.listedAt)", "volatility": "\(history.dailyVolatility?.description ?? "-")"])
            }
            failed(coin, "the exchange has no day of it")
        } catch { failed(coin, "\(error)") }
    }

    private func failed(_ coin: Coin, _ reason: String) {
        let count = book.withLock { [moment = now()] in $0.failed(coin, at: moment) }
        logger.warning("history.unread", metadata: ["coin": "\(coin)", "times": "\(count)", "reason": "\(reason)"])
    }
}
