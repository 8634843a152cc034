import CopyTrading
import Hyperliquid
import JSON
import Testing

@testable import Ingestion

/// what is known of the markets, and how recent it is.
@Suite struct MarketPictureTests {
    private func offers(_ coin: Coin, _ bid: Int?, _ ask: Int?) -> FeedMessage {
        func level(_ price: Int?) -> Book.Level? { price.map { Book.Level(price: Price($0), size: Size(1)) } }
        return .bestOffers(BestOffers(coin: coin, time: 0, bid: level(bid), ask: level(ask)))
    }

    private func context(_ coin: Coin, mark: String, oracle: String) throws -> FeedMessage {
        .assetContext(
            coin,
            try AssetContext(
                json: [
                    "funding": "0", "openInterest": "1", "prevDayPx": "1", "dayNtlVlm": "1", "premium": .null, "oraclePx": .string(oracle),
                    "markPx": .string(mark), "midPx": .null, "impactPxs": .null, "dayBaseVlm": "1",
                ]))
    }

    private let pulse = FeedMessage.book(Book(coin: "BTC", time: 0, bids: [], asks: []))

    @Test("book and context of a coin make one quote; only what changed is due, with the time of the last frame")
    func changes() throws {
        var picture = MarketPicture()
        #expect(picture.takeDue().isEmpty)
        picture.receive(offers("BTC", 50_000, 50_001), at: 10_000)
        picture.receive(try context("BTC", mark: "50000.5", oracle: "49999"), at: 10_001)
        picture.receive(offers("ETH", 2_000, nil), at: 10_002)
        let btc = MarketQuote(
            bestBid: Price(50_000), bestAsk: Price(50_001), mark: try Price(parsing: "50000.5"), oracle: Price(49_999), heardAt: 10_002)
        #expect(picture.takeDue() == ["BTC": btc, "ETH": MarketQuote(bestBid: Price(2_000), heardAt: 10_002)])
        #expect(picture.takeDue().isEmpty)
        picture.receive(offers("BTC", 50_000, 50_001), at: 10_100)
        #expect(picture.takeDue().isEmpty, "the same prices again are no change")
        picture.receive(offers("ETH", 2_000, 2_001), at: 10_200)
        #expect(picture.takeDue() == ["ETH": MarketQuote(bestBid: Price(2_000), bestAsk: Price(2_001), heardAt: 10_200)])
    }

    @Test("while frames come unchanged quotes are published again as recent; without frames nothing is")
    func restamping() {
        var picture = MarketPicture()
        picture.receive(offers("BTC", 50_000, 50_001), at: 10_000)
        #expect(picture.takeDue().count == 1)
        picture.receive(pulse, at: 10_000 + MarketPicture.restampAfter - 1)
        #expect(picture.takeDue().isEmpty)
        picture.receive(pulse, at: 10_000 + MarketPicture.restampAfter)
        #expect(picture.takeDue()["BTC"]?.heardAt == 10_000 + MarketPicture.restampAfter)
        #expect(picture.takeDue().isEmpty)
    }

    @Test("what is no longer subscribed is published once more as not known, and then no more")
    func ended() throws {
        var picture = MarketPicture()
        picture.receive(offers("BTC", 50_000, 50_001), at: 10_000)
        picture.receive(try context("BTC", mark: "50000", oracle: "50000"), at: 10_000)
        _ = picture.takeDue()
        picture.end(.activeAssetCtx(coin: "BTC"))
        #expect(picture.takeDue() == ["BTC": MarketQuote(bestBid: Price(50_000), bestAsk: Price(50_001), heardAt: 10_000)])
        picture.end(.bbo(coin: "BTC"))
        #expect(picture.takeDue() == ["BTC": MarketQuote(heardAt: 10_000)])
        picture.receive(pulse, at: 20_000)
        #expect(picture.takeDue().isEmpty)
    }

    @Test("R-74: a book is due once, as it came; the fast channel's few levels are none, and one that has ended is not known")
    func books() {
        func book(_ coin: Coin, _ ask: Int, isFast: Bool = false) -> FeedMessage {
            .book(Book(coin: coin, time: 0, bids: [], asks: [Book.Level(price: Price(ask), size: Size(2))], isFast: isFast))
        }
        func depth(_ ask: Int, at moment: Int64) -> MarketDepth {
            MarketDepth(bids: [], asks: [.init(price: Price(ask), size: Size(2))], heardAt: moment)
        }
        var picture = MarketPicture()
        #expect(picture.takeDepths().isEmpty)
        picture.receive(book("BTC", 50_001), at: 10_000)
        picture.receive(book("BTC", 50_002), at: 10_100)
        picture.receive(book("BTC", 50_003, isFast: true), at: 10_200)
        picture.receive(book("ETH", 2_001), at: 10_300)
        #expect(picture.takeDepths() == ["BTC": depth(50_002, at: 10_100), "ETH": depth(2_001, at: 10_300)])
        #expect(picture.takeDepths().isEmpty)
        #expect(picture.takeDue().isEmpty, "a book is no quote")
        picture.receive(book("BTC", 50_004), at: 10_400)
        picture.end(.l2Book(coin: "BTC", fast: true))
        picture.receive(book("ETH", 2_002), at: 10_500)
        picture.end(.l2Book(coin: "ETH"))
        #expect(picture.takeDepths() == ["BTC": depth(50_004, at: 10_400)])
    }

    @Test("R-74: the books of what leaders hold come first, then the most traded, up to a number")
    func booksInOrder() {
        let markets = (0..<200).map { Coin("C\($0)") }
        let held: Set<Coin> = [markets[150], markets[3], "gone"]
        let books = MarketWatcher.books(markets, held: held)
        #expect(Array(books.prefix(4)) == [markets[3], markets[150], markets[0], markets[1]])
        #expect(books.count == MarketWatcher.books && Set(books).count == books.count)
        #expect(MarketWatcher.books(markets, held: Set(markets)) == markets)
    }

    @Test("R-71, R-74: a book's depth and a mark take turns in what best prices leave of the room, and what is left out is told")
    func roomForBooks() {
        let few = MarketWatcher.channels(["BTC", "ETH"], books: ["ETH", "BTC"], room: 5)
        #expect(
            few.wanted == [
                .l2Book(coin: "BTC", fast: true), .bbo(coin: "BTC"), .bbo(coin: "ETH"), .l2Book(coin: "ETH"), .activeAssetCtx(coin: "BTC"),
            ])
        #expect(few.leftOut == [.l2Book(coin: "BTC"), .activeAssetCtx(coin: "ETH")])
    }

    @Test("R-71: within the room every market's best prices come before any mark, the most traded markets first")
    func room() {
        let all = MarketWatcher.channels(["BTC", "ETH"], room: 600)
        #expect(
            all.wanted == [
                .l2Book(coin: "BTC", fast: true), .bbo(coin: "BTC"), .bbo(coin: "ETH"), .activeAssetCtx(coin: "BTC"),
                .activeAssetCtx(coin: "ETH"),
            ])
        #expect(all.leftOut.isEmpty)
        let few = MarketWatcher.channels(["BTC", "ETH"], room: 3)
        #expect(few.wanted == [.l2Book(coin: "BTC", fast: true), .bbo(coin: "BTC"), .bbo(coin: "ETH")])
        #expect(few.leftOut == [.activeAssetCtx(coin: "BTC"), .activeAssetCtx(coin: "ETH")])
        #expect(MarketWatcher.channels(["BTC"], room: 0).wanted.isEmpty)
        #expect(MarketWatcher.channels(["BTC"], books: ["BTC"], room: 0).wanted.isEmpty)
        #expect(MarketWatcher.channels([], room: 600).wanted.isEmpty)
    }
}
