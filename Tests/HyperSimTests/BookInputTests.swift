import CopyTrading
import Foundation
import JSON
import Testing

@testable import HyperSim

@Suite struct BookInputTests {
    private func book(_ text: String) throws -> EngineInput { .book(try BookChange(json: try JSON.parse(text))) }

    private func trade(_ side: String, _ price: String, _ size: String) throws -> EngineInput {
        .publicTrade(try PublicTrade(json: ["coin": "BTC", "side": .string(side), "px": .string(price), "sz": .string(size)]))
    }

    @Test("a book from outside takes the place of the house's quotes; what is taken is gone until the next")
    func givenBook() throws {
        let scenario = try Scenario()
        let text = #"{"coin":"BTC","time":1,"levels":[[{"px":"60000","sz":"1","n":4}],[{"px":"60010","sz":"0.01","n":2},{"px":"60020","sz":"1","n":1}]]}"#
        try scenario.engine.apply(book(text), at: scenario.now)
        #expect(scenario.market("BTC").mid == Price(60_005) && scenario.market("BTC").mark == Price(60_005))
        #expect(scenario.market("BTC").bestBid(now: scenario.now)?.orders == 4)
        #expect(scenario.order("BTC", .buy, "0.05", at: "60010").filledSize == Size(e8: 1_000_000))
        scenario.now += 3_600_000
        #expect(scenario.market("BTC").bestAsk(now: scenario.now)?.price == Price(60_020))
        // Trades do not move a mid that books move.
        try scenario.engine.apply(trade("A", "59000", "1"), at: scenario.now)
        #expect(scenario.market("BTC").mid == Price(60_005))
        try scenario.engine.apply(book(text), at: scenario.now)
        #expect(scenario.order("BTC", .buy, "0.01", at: "60010").filledSize == Size(e8: 1_000_000))
        try scenario.engine.apply(book(#"{"coin":"BTC"}"#), at: scenario.now)
        #expect(scenario.market("BTC").depth(now: scenario.now).asks.count == 5)
    }

    @Test("an empty book has no liquidity, and a market order says so")
    func emptyBook() throws {
        let scenario = try Scenario()
        try scenario.engine.apply(book(#"{"coin":"BTC","levels":[[],[]]}"#), at: scenario.now)
        #expect(scenario.order("BTC", .buy, "0.01", at: "50100").errorText == "No liquidity available for market order. asset=0")
        #expect(scenario.market("BTC").mid == Price(50_000))
    }

    @Test("a book from outside that reaches resting orders fills them")
    func reaching() throws {
        let scenario = try Scenario()
        let oid = scenario.order("BTC", .buy, "0.01", at: "49500", .untilCancelled).oid!
        try scenario.engine.apply(book(#"{"coin":"BTC","levels":[[{"px":"49400","sz":"1"}],[{"px":"49450","sz":"1"}]]}"#), at: scenario.now)
        #expect(scenario.account.order(oid: oid)?.status == .filled && scenario.lastFill?.price == Price(49_500))
    }

    @Test("a book that is crossed or out of order is refused", arguments: [
        #"{"coin":"BTC","levels":[[{"px":"2","sz":"1"}],[{"px":"2","sz":"1"}]]}"#, #"{"coin":"BTC","levels":[[{"px":"1","sz":"1"},{"px":"2","sz":"1"}],[]]}"#,
        #"{"coin":"BTC","levels":[[]]}"#, #"{"coin":"BTC","levels":[[{"px":"1","sz":"0"}],[]]}"#,
    ])
    func malformed(text: String) throws {
        #expect(throws: JSONError.self) { try BookChange(json: try JSON.parse(text)) }
    }

    @Test("a public trade is published as it was, moves the mid and fills what it went through")
    func publicTrade() throws {
        let scenario = try Scenario()
        let through = scenario.order("BTC", .sell, "0.01", at: "50200", .untilCancelled).oid!
        let at = scenario.order("BTC", .sell, "0.03", at: "50300", .untilCancelled).oid!
        let users: JSON = [.string("0x" + String(repeating: "7", count: 40)), .string("0x" + String(repeating: "8", count: 40))]
        let hash = "0x" + String(repeating: "9", count: 64)
        let trade = try PublicTrade(json: [
            "coin": "BTC", "side": "B", "px": "50300", "sz": "0.01", "hash": .string(hash), "tid": 42, "users": users, "time": 5,
        ])
        try scenario.set("BTC") { $0.isFrozen = true }
        _ = scenario.engine.takeEffects()
        try scenario.engine.apply(.publicTrade(trade), at: scenario.now)
        #expect(scenario.account.order(oid: through)?.status == .filled && scenario.account.open[at]?.remaining == Size(e8: 2_000_000))
        #expect(scenario.market("BTC").mid == Price(50_300))
        let published = try #require(scenario.engine.takeEffects().trades.first?.trade)
        #expect(published.tid == 42 && published.hash == hash && published.time == scenario.now && published.seller.hasSuffix("8"))
    }

    @Test("recorded books give coins, prices, decimals and the first levels; the house's own follow when the mid moves")
    func booksFile() throws {
        let path = Fixture.directory() + ".json"
        try #"{"books":[{"coin":"ABC","time":9,"levels":[[{"px":"2.0","sz":"10.25","n":3}],[{"px":"2.02","sz":"7.5","n":1}]]}]}"#
            .write(toFile: path, atomically: true, encoding: .utf8)
        defer { Fixture.remove(path) }
        var configuration = HyperSimConfiguration(ledgerDirectory: "unused")
        configuration.booksFile = path
        configuration.syntheticCoins = [SyntheticCoin(name: "BTC", price: Price(50_000), sizeDecimals: 5)]
        let engine = try EngineSetup(configuration: configuration, recorded: nil).engine()
        let market = try #require(engine.universe.market(coin: "ABC"))
        #expect(market.mid == (try Price(parsing: "2.01")) && market.grid.sizeDecimals == 2)
        let depth = market.depth(now: 1)
        #expect(depth.asks == [BookLevel(price: try Price(parsing: "2.02"), size: try Size(parsing: "7.5"), orders: 1)] && depth.bids.count == 1)
        market.move(to: Price(3))
        #expect(market.depth(now: 2).asks.count == 20)
    }
}
