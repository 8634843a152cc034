import CopyTrading
import Testing

@Suite("Market quotes")
struct MarketQuoteTests {
    @Test("a quote is read back as it was written, unknown prices included", arguments: [
        (
            MarketQuote(bestBid: Price(1999), bestAsk: money("2000.5"), mark: money("1999.75"), oracle: Price(2001), heardAt: 7),
            "1999 2000.5 1999.75 2001 7"
        ),
        (MarketQuote(bestAsk: Price(2000), heardAt: 1_795_240_482_390), "- 2000 - - 1795240482390"),
        (MarketQuote(heardAt: 1), "- - - - 1"),
    ])
    func text(quote: MarketQuote, text: String) throws {
        #expect(quote.text == text)
        #expect(try MarketQuote(text: text) == quote)
    }

    @Test("what is no quote is refused", arguments: [
        "", "1 2 3 4", "1 2 3 4 5 6", "1 2 3 4 x", "1 2 3 4 0", "1 2 3 4 -5",
        "0 2 3 4 5", "-1 2 3 4 5", "1 2 3 1e3 5", "1  3 4 5", "1 2 3 4 5 ",
    ])
    func malformed(text: String) {
        #expect(throws: MoneyError.self) { try MarketQuote(text: text) }
    }

    @Test("the middle of the book is the reference; with one side that side, with none nothing")
    func reference() {
        #expect(MarketQuote(bestBid: Price(1999), bestAsk: Price(2000), heardAt: 1).quote?.reference == money("1999.5"))
        #expect(MarketQuote(bestBid: Price(1999), heardAt: 1).quote == Quote(reference: Price(1999), bestBid: Price(1999)))
        #expect(MarketQuote(bestAsk: Price(2000), heardAt: 1).quote == Quote(reference: Price(2000), bestAsk: Price(2000)))
        #expect(MarketQuote(mark: Price(2000), heardAt: 1).quote == nil)
        let highest = Price(e8: Price.limit)
        #expect(Quote(bestBid: highest, bestAsk: highest)?.reference == highest)
    }

    @Test("R-83: the distance of mark and oracle counts in both directions, rounded up", arguments: [
        ("2000", "2000", 0), ("2030", "2000", 150), ("1970", "2000", 150), ("2000.01", "2000", 1),
    ])
    func markOracle(mark: String, oracle: String, basisPoints: Int) {
        #expect(MarketQuote(mark: money(mark), oracle: money(oracle), heardAt: 1).markOracleBasisPoints == basisPoints)
        #expect(MarketQuote(mark: money(mark), heardAt: 1).markOracleBasisPoints == nil)
    }
}
