import CopyTrading
import Testing

@testable import HyperSim

@Suite struct CandleTests {
    /// 2026-11-26 00:00 UTC.
    static let midnight: Int64 = 1_795_651_200_000

    private func history(_ trades: [(minute: Int64, price: Int, size: Int)]) -> CandleHistory {
        var history = CandleHistory()
        for trade in trades { history.add(Price(trade.price), Size(trade.size), at: Self.midnight + trade.minute * 60_000 + 1) }
        return history
    }

    @Test("minutes join into longer candles, and what did not trade stands at the close before")
    func join() {
        let history = history([(0, 100, 1), (0, 110, 2), (1, 90, 1), (4, 95, 1), (7, 120, 3)])
        let now = Self.midnight + 9 * 60_000
        let minutes = history.candles(.minute, from: Self.midnight, to: now, now: now)
        #expect(minutes.count == 10)
        #expect(minutes[0].open == Price(100) && minutes[0].high == Price(110) && minutes[0].volume == Size(3) && minutes[0].trades == 2)
        #expect(minutes[2] == Candle(start: Self.midnight + 120_000, price: Price(90)))
        #expect(minutes.last?.close == Price(120) && minutes.last?.trades == 0)
        let five = history.candles(.minutes5, from: 0, to: now, now: now)
        #expect(five.map(\.start) == [Self.midnight, Self.midnight + 300_000])
        #expect([five[0].open, five[0].high, five[0].low, five[0].close] == [Price(100), Price(110), Price(90), Price(95)])
        #expect(five[0].volume == Size(5) && five[0].trades == 4 && five[1].open == Price(120))
        #expect(history.current(.minutes5, now: now)?.volume == Size(3))
        #expect(history.current(.hour, now: now)?.trades == 5)
    }

    @Test("a window takes the candles that overlap it")
    func window() {
        let history = history([(0, 100, 1), (10, 100, 1)])
        let now = Self.midnight + 10 * 60_000
        let found = history.candles(.minute, from: Self.midnight + 90_000, to: Self.midnight + 180_000, now: now)
        #expect(found.map { ($0.start - Self.midnight) / 60_000 } == [1, 2, 3])
        #expect(history.candles(.minute, from: 0, to: Self.midnight - 1, now: now).isEmpty)
    }

    @Test("the newest five thousand candles exist, however long ago the first trade was")
    func bound() {
        let history = history([(0, 100, 1), (100_000, 200, 1)])
        let now = Self.midnight + 100_000 * 60_000
        let found = history.candles(.minute, from: 0, to: now, now: now)
        #expect(found.count == CandleHistory.maximumCandles && found.last?.close == Price(200) && found[0].close == Price(100))
    }

    @Test("months begin with their first day, weeks and days at multiples of their length")
    func calendar() {
        #expect(Calendar.text(Self.midnight) == "2026-11-26")
        #expect(Calendar.text(CandleInterval.month.start(of: Self.midnight)) == "2026-11-01")
        #expect(Calendar.text(CandleInterval.month.end(of: CandleInterval.month.start(of: Self.midnight))) == "2026-12-01")
        #expect(Calendar.text(1_709_164_800_000) == "2024-02-29")
        #expect(CandleInterval.day.start(of: Self.midnight + 5) == Self.midnight)
        #expect(CandleInterval.week.start(of: Self.midnight) % (7 * CandleInterval.dayLength) == 0)
    }

    @Test("the last day is that of 24 hours, and knows the price before it")
    func lastDay() {
        let history = history([(0, 100, 1), (60, 110, 1), (60 * 24, 120, 2)])
        let day = history.lastDay(now: Self.midnight + 24 * 3_600_000 + 60_000)
        #expect(day.previousClose == Price(100) && day.volume == Size(3) && day.value == Notional(350))
    }
}
