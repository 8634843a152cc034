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
        #expect(MarketWatcher.channels([], room: 600).wanted.isEmpty)
    }
}
