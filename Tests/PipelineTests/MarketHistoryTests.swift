import CopyTrading
import Foundation
import HyperSim
import Testing

@testable import Pipeline

/// Since when coins are listed and how much they move in a day: which are read when, and what the running fleet makes of it.
@Suite struct MarketHistoryTests {
    private static let day = CoinHistory.dayMilliseconds
    /// Noon of a day.
    private static let noon = 20_000 * day + day / 2

    private func book(_ coins: Coin..., span: Int = 31) -> HistoryBook {
        var book = HistoryBook()
        book.span = span
        book.listed = Set(coins)
        return book
    }

    private func history(at moment: Int64, span: Int = 31) throws -> CoinHistory {
        let today = CoinHistory.day(at: moment)
        return try #require(CoinHistory([((today - 3) * Self.day, Price(100))], day: today, span: span))
    }

    // MARK: - What is read next

    @Test("R-20: nothing is read before a setting needs it, and nothing of what the exchange does not list")
    func unneeded() {
        var book = book("BTC", span: 0)
        #expect(book.next(at: Self.noon, isTurn: true).coins.isEmpty)
        #expect(book.history(of: "GONE") == nil)
        book.span = 31
        let next = book.next(at: Self.noon, isTurn: true)
        #expect(next.coins == ["BTC"] && !next.isUrgent)
        #expect(book.next(at: Self.noon, isTurn: false).coins.isEmpty)
    }

    @Test("R-20: a coin that was asked for and is not known comes first, then those of leaders, a few together; the others take turns")
    func order() throws {
        var book = book("A", "B", "C", "D", "E", "F", "Z")
        book.held = ["B", "C", "D", "E"]
        #expect(book.history(of: "Z") == nil)
        let first = book.next(at: Self.noon, isTurn: false)
        #expect(first.coins == ["Z", "B", "C", "D"] && first.isUrgent)
        for coin in first.coins { book.took(try history(at: Self.noon), of: coin) }
        #expect(book.history(of: "Z") != nil)
        #expect(book.next(at: Self.noon, isTurn: true).coins == ["E"])
        book.took(try history(at: Self.noon), of: "E")
        let rest = book.next(at: Self.noon, isTurn: true)
        #expect(rest.coins == ["A"] && !rest.isUrgent)
    }

    @Test("R-20: what is known is read again after midnight, in turns, and stays until then; more days are read when settings ask for them")
    func refreshed() throws {
        var book = book("BTC")
        book.took(try history(at: Self.noon), of: "BTC")
        #expect(book.next(at: Self.noon + Self.day / 2 - 1, isTurn: true).coins.isEmpty)
        let morning = Self.noon + Self.day / 2 + CoinHistory.settling
        #expect(book.next(at: morning, isTurn: false).coins.isEmpty)
        let next = book.next(at: morning, isTurn: true)
        #expect(next.coins == ["BTC"] && !next.isUrgent)
        book.failed("BTC", at: morning)
        let kept = book.history(of: "BTC")
        #expect(try kept == history(at: Self.noon))
        book.took(try history(at: morning), of: "BTC")
        #expect(book.next(at: morning, isTurn: true).coins.isEmpty)
        book.span = 100
        #expect(book.next(at: morning, isTurn: true).coins == ["BTC"])
    }

    @Test("a coin that cannot be read waits twice as long each time, up to a limit, and keeps nobody else")
    func failures() {
        var book = book("A", "B")
        #expect(book.history(of: "A") == nil && book.history(of: "B") == nil)
        book.failed("A", at: Self.noon)
        #expect(book.next(at: Self.noon, isTurn: false).coins == ["B"])
        #expect(book.next(at: Self.noon + HistoryBook.firstPause, isTurn: false).coins == ["A", "B"])
        for _ in 1...20 { book.failed("A", at: Self.noon) }
        #expect(book.next(at: Self.noon + HistoryBook.longestPause - 1, isTurn: false).coins == ["B"])
        #expect(book.next(at: Self.noon + HistoryBook.longestPause, isTurn: false).coins == ["A", "B"])
    }

    // MARK: - In the fleet

    /// What the exchange has of days before the test: one trade a day, the last one yesterday.
    private func past(_ closes: [String: [String]], _ configuration: inout HyperSimConfiguration) {
        let today = WallClock.milliseconds / Self.day
        let trades = closes.flatMap { coin, prices in
            prices.enumerated().map { (at: (today - Int64(prices.count - $0.offset)) * Self.day + Self.day / 2, coin: coin, price: $0.element) }
        }
        let lines = trades.sorted { ($0.at, $0.coin) < ($1.at, $1.coin) }.map {
            #"{"timeMs":\#($0.at),"input":"publicTrade","trade":{"coin":"\#($0.coin)","side":"B","px":"\#($0.price)","sz":"1"}}"# + "\n"
        }
        let path = configuration.ledgerDirectory + "/inputs.jsonl"
        precondition(FileManager.default.createFile(atPath: path, contents: Data(lines.joined().utf8)))
    }

    @Test("R-20: the running fleet sizes by the coin's volatility, refuses a new listing, and refuses while neither is known")
    func fleet() async throws {
        let scaled = #"""
            sizing: {mode: vol_scaled, target_daily_volatility: "0.125", base: {mode: fixed_notional, notional: "1000"}}, limits: {entry_expiry_ms: 60000}
            """#
        let careful = #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}, filters: {new_listing_days: 7}"#
        let cast = Cast([.init("scaled", of: "leader", settings: scaled), .init("careful", of: "leader", settings: careful)])
        // A quarter more each day.
        let rising = ["10485.76", "13107.2", "16384", "20480", "25600", "32000", "40000", "50000"]
        try await Fleet.run(cast, simulator: { past(["BTC": rising, "ETH": ["2000", "2000", "2000"]], &$0) }) { fleet in
            try await fleet.startAll()
            // Nobody holds or asks for anything yet: the first in turn.
            try await fleet.eventually("BTC is known") { fleet.log.count("history.read") >= 1 }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            try await fleet.settled(signals: 2)
            try await fleet.eventually("ETH, asked for, is known") { fleet.log.count("history.read") >= 2 }
            try await fleet.exchange.trade("leader", "ETH", .sell, "10")
            try await fleet.exchange.trade("leader", "ETH", .buy, "10")
            // Has no day at the exchange.
            try await fleet.exchange.trade("leader", "SOL", .buy, "100")
            try await fleet.settled(signals: 5)
            let truth = try await fleet.verify()
            func opened(_ subscriber: String, _ coin: Coin) -> ExecutionResult? {
                truth.results(of: "\(subscriber):leader").last { $0.coin == coin && $0.action == .open }
            }
            let half = try Size(parsing: "0.01")
            #expect(opened("scaled", "BTC")?.outcome == .filled && opened("scaled", "BTC")?.filledSize == half)
            #expect(opened("scaled", "ETH")?.outcome == .unsupported && opened("scaled", "SOL")?.outcome == .unsupported)
            #expect(opened("careful", "BTC")?.outcome == .filled && opened("careful", "BTC")?.filledSize == half + half)
            #expect(opened("careful", "ETH")?.outcome == .filterCoin)
            #expect(opened("careful", "ETH")?.detail?.contains("ETH is listed for 3 days, at least 7 are asked") == true, "\(truth.results)")
            #expect(opened("careful", "SOL")?.outcome == .filterCoin)
        }
    }
}
