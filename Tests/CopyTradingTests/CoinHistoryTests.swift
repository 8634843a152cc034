import Testing

@testable import CopyTrading

@Suite("A coin's completed days")
struct CoinHistoryTests {
    private static let today: Int64 = 20_000
    private static let midnight = today * CoinHistory.dayMilliseconds

    /// - Parameter days: with the price at the end of each; before today.
    private func days(_ days: Range<Int64>, _ close: (Int64) -> Int = { $0.isMultiple(of: 2) ? 100 : 125 }) -> [(time: Int64, close: Price)] {
        days.map { ((Self.today - $0) * CoinHistory.dayMilliseconds, Price(close($0))) }
    }

    @Test("R-20: the volatility is the same from midnight to midnight, whenever it is read and whatever the day under way does")
    func completedDays() throws {
        let past = days(1..<41)
        let read = try #require(CoinHistory(past, day: Self.today, span: 40))
        let calm = try #require(CoinHistory(past + days(0..<1) { _ in 100 }, day: Self.today, span: 40))
        let wild = try #require(CoinHistory((days(0..<1) { _ in 9_000 } + past).shuffled(), day: Self.today, span: 40))
        #expect(read.dailyVolatility != nil && read == calm && read == wild)
    }

    @Test("R-20: the volatility is that of the last thirty days; older ones are read for the listing alone")
    func window() throws {
        // Thirty days that stand still, and wild ones before.
        let closes = days(1..<32) { _ in 100 } + days(32..<100)
        let history = try #require(CoinHistory(closes, day: Self.today, span: 99))
        #expect(history.dailyVolatility == .zero)
        #expect(history.listedAt == (Self.today - 99) * CoinHistory.dayMilliseconds)
        #expect(try #require(CoinHistory(closes, day: Self.today - 2, span: 99)).dailyVolatility != .zero)
    }

    @Test("R-20: a coin of a few days is listed since the first, and has no volatility")
    func young() throws {
        let history = try #require(CoinHistory(days(0..<5), day: Self.today, span: 31))
        #expect(history.listedAt == (Self.today - 4) * CoinHistory.dayMilliseconds)
        #expect(history.dailyVolatility == nil)
        #expect(CoinHistory([], day: Self.today, span: 31) == nil)
    }

    @Test("a day counts as completed a moment after midnight")
    func settling() {
        #expect(CoinHistory.day(at: Self.midnight) == Self.today - 1)
        #expect(CoinHistory.day(at: Self.midnight + CoinHistory.settling) == Self.today)
        #expect(CoinHistory.day(at: Self.midnight + CoinHistory.dayMilliseconds - 1) == Self.today)
    }

    @Test("days are needed only by settings that look at them, as many as they look at")
    func needs() {
        let base = SizingMode.fixedNotional(Notional(1_000))
        var subscription = Sample.subscription(base)
        #expect(subscription.historyDays == 0)
        subscription.filters.newListingDays = 7
        #expect(subscription.historyDays == 7)
        subscription.sizing = .volatilityScaled(base, target: .one, maximumWeight: .one)
        #expect(subscription.historyDays == CoinHistory.volatilityDays + 1)
        subscription.filters.newListingDays = 400
        #expect(subscription.historyDays == 400)
    }
}
