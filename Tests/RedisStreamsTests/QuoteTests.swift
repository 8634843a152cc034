import CopyTrading
import Logging
import Redis
import Synchronization
import TestServers
import Testing

@testable import RedisStreams

@Suite struct QuoteTests {
    /// A publisher, and a reader with a clock that the test sets.
    private struct Site {
        let redis: RedisConnection
        let keys: Keys
        let publisher: QuotePublisher
        let reader: QuoteReader
        let clock: Clock

        init(_ mode: PrivateRedis.Mode, readsDepth: Bool = true) async throws {
            let server = try await PrivateRedis.shared(mode)
            redis = try server.connect("quotes")
            keys = Keys(prefix: server.prefix(), cell: "c0")
            publisher = QuotePublisher(redis: redis, keys: keys)
            let clock = Clock()
            self.clock = clock
            reader = QuoteReader(
                redis: try server.connect("reader"), keys: keys, maximumAge: .seconds(5), readsDepth: readsDepth,
                now: { clock.now.withLock { $0 } }, logger: Logger(label: "quotes"))
        }

        /// Runs the reader beside `body`.
        func reading(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await reader.run() }
                defer { group.cancelAll() }
                try await body()
            }
        }

        /// Waits until the reader answers this.
        func answers(_ coin: Coin, _ quote: MarketQuote?) async throws {
            try await answers("the quote of \(coin)", with: quote) { reader.quote(coin) }
        }

        func answers(_ coin: Coin, depth: MarketDepth?) async throws {
            try await answers("the depth of \(coin)", with: depth) { reader.depth(coin) }
        }

        private func answers<Value: Equatable>(_ what: String, with expected: Value?, _ value: () -> Value?) async throws {
            let deadline = ContinuousClock.now + .seconds(10)
            while value() != expected {
                guard ContinuousClock.now < deadline else { throw NotAnswered(description: "\(what) is \(value().map { "\($0)" } ?? "not known")") }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private final class Clock: Sendable {
        let now = Mutex<Int64>(1_000_000)
    }

    private struct NotAnswered: Error, CustomStringConvertible {
        let description: String
    }

    private func quote(_ bid: Int, at moment: Int64) -> MarketQuote {
        MarketQuote(bestBid: Price(bid), bestAsk: Price(bid + 1), mark: Price(bid), heardAt: moment)
    }

    @Test("what is published is read, coin by coin, and what is published later replaces it", arguments: PrivateRedis.Mode.allCases)
    func published(_ mode: PrivateRedis.Mode) async throws {
        let site = try await Site(mode)
        try await site.reading {
            let (btc, eth) = (quote(50_000, at: 999_000), quote(2_000, at: 999_000))
            try await site.publisher.publish(["BTC": btc, "xyz:TSLA": eth])
            try await site.answers("BTC", btc)
            try await site.answers("xyz:TSLA", eth)
            try await site.publisher.publish(["BTC": quote(50_100, at: 999_500)])
            try await site.answers("BTC", quote(50_100, at: 999_500))
            #expect(site.reader.quote("xyz:TSLA") == eth)
            #expect(site.reader.quote("SOL") == nil)
        }
    }

    @Test("a quote is known up to its greatest age, and not when it comes from a clock far ahead")
    func age() async throws {
        let site = try await Site(.plain)
        let old = quote(50_000, at: 1_000_000)
        try await site.reading {
            try await site.publisher.publish(["BTC": old])
            try await site.answers("BTC", old)
            for (moment, isKnown) in [(1_005_000, true), (1_005_001, false), (995_000, true), (994_999, false)] as [(Int64, Bool)] {
                site.clock.now.withLock { $0 = moment }
                #expect((site.reader.quote("BTC") != nil) == isKnown, "\(moment)")
            }
        }
    }

    @Test("R-74: a book's depth is read beside the quotes, and is known until the next was due and the greatest age has passed")
    func depth() async throws {
        let site = try await Site(.plain)
        func book(_ ask: Int, at moment: Int64) -> MarketDepth {
            MarketDepth(
                bids: [.init(price: Price(49_990), size: Size(1))],
                asks: [.init(price: Price(ask), size: Size(2)), .init(price: Price(ask + 1), size: Size(3))], heardAt: moment)
        }
        try await site.reading {
            let old = book(50_010, at: 1_000_000)
            try await site.publisher.publish(["BTC": old, "xyz:TSLA": old] as [Coin: MarketDepth])
            try await site.answers("BTC", depth: old)
            try await site.answers("xyz:TSLA", depth: old)
            let text = try await site.redis.send(RedisCommand("HGET", site.keys.depth, "BTC")).checked().text
            #expect(text == "1000000 49990:1 50010:2,50011:3")
            try await site.publisher.publish(["BTC": book(50_020, at: 1_000_500)] as [Coin: MarketDepth])
            try await site.answers("BTC", depth: book(50_020, at: 1_000_500))
            for (moment, isKnown) in [(1_011_000, true), (1_011_001, false), (989_000, true), (988_999, false)] as [(Int64, Bool)] {
                site.clock.now.withLock { $0 = moment }
                #expect((site.reader.depth("xyz:TSLA") != nil) == isKnown, "\(moment)")
            }
            site.clock.now.withLock { $0 = 1_000_000 }
            _ = try await site.redis.send(RedisCommand("HSET", site.keys.depth, "BTC", "1000000 49990 -")).checked()
            try await site.answers("BTC", depth: nil)
            #expect(site.reader.depth("xyz:TSLA") == old)
        }
        let blind = try await Site(.plain, readsDepth: false)
        try await blind.reading {
            try await blind.publisher.publish(["BTC": book(50_010, at: 1_000_000)] as [Coin: MarketDepth])
            try await blind.publisher.publish(["BTC": quote(50_000, at: 1_000_000)])
            try await blind.answers("BTC", quote(50_000, at: 1_000_000))
            #expect(blind.reader.depth("BTC") == nil)
        }
    }

    @Test("a field that is no quote, or is gone, is not known; the others are")
    func malformed() async throws {
        let site = try await Site(.plain)
        let good = quote(2_000, at: 1_000_000)
        try await site.reading {
            try await site.publisher.publish(["BTC": quote(50_000, at: 1_000_000), "ETH": good, "SOL": good])
            try await site.answers("SOL", good)
            _ = try await site.redis.send(RedisCommand("HSET", site.keys.quotes, "BTC", "50000")).checked()
            _ = try await site.redis.send(RedisCommand("HDEL", site.keys.quotes, "SOL")).checked()
            try await site.answers("BTC", nil)
            try await site.answers("SOL", nil)
            #expect(site.reader.quote("ETH") == good)
        }
    }
}
