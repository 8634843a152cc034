import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct OrderBookTests {
    @Test("orders of users trade with each other: one trade id and hash, the maker's fee for the one that rested")
    func usersTrade() throws {
        let scenario = try Scenario()
        let maker = try scenario.open("c")
        let oid = scenario.order("BTC", .sell, "0.02", at: "50005", .addLiquidityOnly, by: maker).oid!
        _ = scenario.engine.takeEffects()
        let hash = "0x" + String(repeating: "5", count: 64)
        let answer = scenario.engine.order([scenario.ticket("BTC", .buy, "0.01", at: "50005")], scenario.context(of: scenario.account, hash: hash))
        #expect(answer[0].filledSize == Size(e8: 1_000_000))
        let (took, made) = (try #require(scenario.lastFill), try #require(maker.fills.kept.last))
        #expect(took.tid == made.tid && took.hash == hash && made.hash == hash)
        #expect(took.price == Price(50_005) && made.price == Price(50_005))
        #expect(took.crossed && !made.crossed && took.side == .buy && made.side == .sell)
        #expect(took.fee == Notional(e8: 22_502_200) && made.fee == Notional(e8: 7_500_700))  // 500.05 × 4.5 and 1.5 bp
        let effects = scenario.engine.takeEffects()
        #expect(effects.trades.count == 1)
        #expect(effects.trades[0].trade.buyer == scenario.account.address && effects.trades[0].trade.seller == maker.address)
        // What is left of the maker's order stays open, and everybody is told.
        let update = try #require(effects.orderUpdates.first { $0.account === maker }?.update)
        #expect(update.status == .open && update.remaining == Size(e8: 1_000_000))
        #expect(maker.open[oid]?.remaining == Size(e8: 1_000_000))
    }

    @Test("the best price trades first, at one price the order that came first, and users before the house")
    func priority() throws {
        let scenario = try Scenario()
        let (first, second, third) = (try scenario.open("c"), try scenario.open("d"), try scenario.open("e"))
        scenario.order("BTC", .sell, "0.01", at: "50010", .untilCancelled, by: first)
        scenario.order("BTC", .sell, "0.01", at: "50010", .untilCancelled, by: second)
        scenario.order("BTC", .sell, "0.01", at: "50007", .untilCancelled, by: third)
        #expect(scenario.order("BTC", .buy, "0.035", at: "50010").filledSize == Size(e8: 3_500_000))
        #expect(scenario.account.fills.kept.map(\.price) == [50_007, 50_010, 50_010, 50_010].map { Price($0) })
        #expect(scenario.account.fills.kept.map(\.size.e8) == [1_000_000, 1_000_000, 1_000_000, 500_000])
        #expect(first.fills.kept[0].tid == scenario.account.fills.kept[1].tid)
        #expect(second.fills.kept[0].tid == scenario.account.fills.kept[2].tid)
    }

    @Test("an order that meets one of its own account cancels that one and goes on")
    func selfTrade() throws {
        let scenario = try Scenario()
        let oid = scenario.order("BTC", .sell, "0.01", at: "50005", .untilCancelled).oid!
        #expect(scenario.order("BTC", .buy, "0.01", at: "50010").filledSize == Size(e8: 1_000_000))
        #expect(scenario.account.order(oid: oid)?.status == .selfTradeCanceled)
        #expect(scenario.account.fills.kept.map(\.price) == [Price(50_010)])
        #expect(scenario.engine.takeEffects().nonUserCancels.map(\.order.oid) == [oid])
    }

    @Test("everybody sees users' and the house's levels together, with their numbers of orders")
    func depth() throws {
        let scenario = try Scenario()
        let other = try scenario.open("c")
        let market = scenario.market("BTC")
        let before = market.depth(now: scenario.now)
        scenario.order("BTC", .buy, "0.01", at: "49995", .untilCancelled)
        scenario.order("BTC", .buy, "0.02", at: "49995", .untilCancelled, by: other)
        scenario.order("BTC", .buy, "0.01", at: "49990", .untilCancelled)
        let depth = market.depth(now: scenario.now)
        #expect(depth.asks == before.asks)
        #expect(depth.bids[0] == BookLevel(price: Price(49_995), size: Size(e8: 3_000_000), orders: 2))
        #expect(depth.bids[1].size == before.bids[0].size + Size(e8: 1_000_000) && depth.bids[1].orders == before.bids[0].orders + 1)
        #expect(Array(depth.bids.dropFirst(2)) == Array(before.bids.dropFirst()))
        #expect(market.bestBid(now: scenario.now) == depth.bids[0] && market.bestAsk(now: scenario.now) == depth.asks[0])
    }

    @Test("quotes that come back within reach of a resting order fill it at its own price")
    func refill() throws {
        let scenario = try Scenario(depth: Notional(1_000), refillMilliseconds: 1_000)
        let oid = scenario.order("BTC", .buy, "0.1", at: "50020", .untilCancelled).oid!
        let market = scenario.market("BTC")
        let rest = try #require(scenario.account.open[oid]?.remaining)
        #expect(market.bestAsk(now: scenario.now)!.price > Price(50_020))
        #expect(market.bestBid(now: scenario.now)!.price == Price(50_020))
        // The refill is due, but has not happened: the book does not look crossed.
        #expect(market.bestAsk(now: scenario.now + 1_000)!.price > Price(50_020))
        try scenario.pass(milliseconds: 1_000)
        #expect(scenario.lastFill?.price == Price(50_020) && scenario.lastFill?.size == rest)
        #expect(scenario.lastFill?.crossed == false)
        #expect(scenario.account.order(oid: oid)?.status == .filled)
        #expect(market.bestAsk(now: scenario.now)!.price == Price(50_010))
    }

    @Test("a leader's trade fills what it went through, at its own price only as much as was traded")
    func tradedThrough() throws {
        let scenario = try Scenario()
        let better = scenario.order("BTC", .buy, "0.01", at: "49800", .untilCancelled).oid!
        let at = scenario.order("BTC", .buy, "0.03", at: "49700", .untilCancelled).oid!
        try scenario.set("BTC") { $0.isFrozen = true }
        try scenario.trade("BTC", .sell, "0.01", at: "49700")
        #expect(scenario.account.order(oid: better)?.status == .filled)
        #expect(scenario.account.open[at]?.remaining == Size(e8: 2_000_000))
    }

    @Test("frozen quotes stay where they are though the mid moves, and follow again when released")
    func frozen() throws {
        let scenario = try Scenario()
        try scenario.set("BTC") { $0.isFrozen = true }
        try scenario.set("BTC", mid: "51000")
        #expect(scenario.market("BTC").bestAsk(now: scenario.now)?.price == Price(50_010))
        #expect(scenario.order("BTC", .buy, "0.01", at: "50010").filledSize == Size(e8: 1_000_000))
        try scenario.set("BTC") { $0.isFrozen = false }
        #expect(scenario.market("BTC").bestAsk(now: scenario.now)!.price > Price(51_000))
    }

    @Test("a market whose coin is delisted cancels its orders and takes no others")
    func delisted() throws {
        let scenario = try Scenario()
        let oid = scenario.order("BTC", .buy, "0.01", at: "49000", .untilCancelled).oid!
        scenario.order("BTC", .buy, "0.01", at: "50100")
        scenario.place([scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "48000")])
        try scenario.set("BTC") { $0.isDelisted = true }
        #expect(scenario.account.order(oid: oid)?.status == .delistedCanceled)
        #expect(scenario.account.openOrders.isEmpty && scenario.market("BTC").orders.isEmpty && scenario.market("BTC").triggers.isEmpty)
        #expect(scenario.order("BTC", .buy, "0.01", at: "50100").errorText == "Asset is delisted. asset=0")
    }

    @Test("a queue keeps price-time priority whatever is inserted and removed")
    func queue() throws {
        let scenario = try Scenario()
        var random = SeededRandom(seed: 11)
        for priority in [PriceTimeQueue.Priority.lowestFirst, .highestFirst] {
            var queue = PriceTimeQueue(priority)
            var expected: [(price: Price, number: Int, order: PlacedOrder)] = []
            for number in 0..<2_000 {
                if expected.isEmpty || random.below(5) < 3 {
                    let price = Price(100 + random.below(20))
                    let order = scenario.engine.create(scenario.ticket("BTC", .buy, "1", at: "\(price)"), in: scenario.market("BTC"), .none, scenario.context)
                    queue.insert(order, at: price)
                    expected.append((price, number, order))
                } else {
                    queue.remove(expected.remove(at: random.below(expected.count)).order)
                }
                expected.sort { $0.price == $1.price ? $0.number < $1.number : ($0.price < $1.price) == (priority == .lowestFirst) }
                #expect(queue.first === expected.first?.order)
            }
            #expect(Array(queue.orders).map(\.oid) == expected.map(\.order.oid))
        }
    }
}

/// SplitMix64, so that a seed repeats a test.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Mixer.finalised(state)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
