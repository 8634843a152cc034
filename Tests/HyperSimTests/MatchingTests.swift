import CopyTrading
import Testing

@testable import HyperSim

@Suite struct MatchingTests {
    @Test("an order that reaches no level is refused and fills nothing")
    func noMatch() throws {
        let scenario = try Scenario()
        let text = "Order could not immediately match against any resting orders. asset=0"
        #expect(scenario.order("BTC", .buy, "0.001", at: "50009").errorText == text)
        #expect(scenario.account.orders.kept.last?.status == .iocCancelRejected)
        #expect(scenario.account.fills.count == 0)
    }

    @Test("an order walks the levels up to its limit and the rest is cancelled")
    func partial() throws {
        let scenario = try Scenario(depth: Notional(1_000), refillMilliseconds: 1_000)
        scenario.market("BTC").house.refresh(mid: Price(50_000), now: scenario.now)
        let asks = Array(scenario.market("BTC").house.asks)
        #expect(asks.map(\.price) == [50_010, 50_020, 50_030, 50_040, 50_050].map { Price($0) })
        let reachable = asks[0].size + asks[1].size
        let answer = scenario.order("BTC", .buy, "0.5", at: "50020")
        #expect(answer.filledSize == reachable)
        #expect(scenario.account.fills.kept.map(\.price) == [Price(50_010), Price(50_020)])
        let order = scenario.account.orders.kept.last!
        #expect(order.status == .canceled)
        #expect(order.remainingAtStatus == Size(e8: 50_000_000) - reachable)
        // What was taken is gone until the book is refilled.
        #expect(scenario.order("BTC", .buy, "0.001", at: "50020").errorText != nil)
        scenario.now += 1_000
        #expect(scenario.order("BTC", .buy, "0.001", at: "50020").filledSize == Size(e8: 100_000))
    }

    @Test("the average price is weighted by size and cut to the price decimals")
    func averagePrice() throws {
        let scenario = try Scenario(depth: Notional(1_000), refillMilliseconds: 1_000)
        scenario.market("BTC").house.refresh(mid: Price(50_000), now: scenario.now)
        let levels = Array(scenario.market("BTC").house.asks.prefix(2))
        guard case .filled(let size, let average, _, _) = scenario.order("BTC", .buy, "0.5", at: "50020") else {
            Issue.record("not filled")
            return
        }
        let cost = levels.reduce(Int128(0)) { $0 + Int128($1.price.e8) * Int128($1.size.e8) }
        #expect(average == Price(e8: Int64(cost / Int128(size.e8))).truncated(decimals: 1))
    }

    @Test("equal seeds give equal books, and every level lies on the tick and beyond the one before")
    func deterministicBook() throws {
        let shape = BookShape(
            halfSpreadBasisPoints: 2, levelSpacingBasisPoints: 2, levelCount: 20, levelDepth: Notional(20_000), refillMilliseconds: 0, seed: 3)
        for (price, decimals) in [("0.003202", 0), ("63908", 5), ("0.05944", 0), ("1235.7", 3), ("9.9999", 2)] {
            let grid = PriceGrid(sizeDecimals: decimals)
            var first = HouseBook(shape: shape, market: 1, grid: grid)
            var second = HouseBook(shape: shape, market: 1, grid: grid)
            let mid = try Price(parsing: price)
            first.refresh(mid: mid, now: 0)
            second.refresh(mid: mid, now: 99)
            #expect(first.bids == second.bids && first.asks == second.asks)
            #expect(first.asks.count == 20 && first.bids.count == 20)
            #expect((first.asks + first.bids).allSatisfy { grid.isOnTick($0.price) && grid.isLot($0.size) && !$0.size.isZero })
            #expect(zip(first.asks, first.asks.dropFirst()).allSatisfy { $0.price < $1.price })
            #expect(zip(first.bids, first.bids.dropFirst()).allSatisfy { $0.price > $1.price })
            #expect(first.bids.first!.price < mid && mid < first.asks.first!.price)
        }
    }

    @Test("a resting order fills at its own price as a maker when the mid reaches it")
    func resting() throws {
        let scenario = try Scenario()
        guard case .resting(let oid, _) = scenario.order("BTC", .buy, "0.01", at: "49500", .untilCancelled) else {
            Issue.record("does not rest")
            return
        }
        try scenario.trade("BTC", .sell, "1", at: "49501")
        #expect(scenario.account.fills.count == 0)
        try scenario.trade("BTC", .sell, "1", at: "49400")
        #expect(scenario.lastFill?.price == Price(49_500))
        #expect(scenario.lastFill?.crossed == false)
        #expect(scenario.lastFill?.fee == Notional(e8: 7_425_000))  // 495 × 1.5 bp = 0.07425
        #expect(scenario.account.order(oid: oid)?.status == .filled)
        #expect(scenario.account.openOrders.isEmpty && scenario.market("BTC").orders.isEmpty)
    }

    @Test("an order that matches in part and may rest keeps the rest in the book")
    func partialRest() throws {
        let scenario = try Scenario(depth: Notional(1_000), refillMilliseconds: 1_000)
        guard case .resting = scenario.order("BTC", .buy, "0.1", at: "50010", .untilCancelled) else {
            Issue.record("does not rest")
            return
        }
        #expect(scenario.account.fills.count == 1)
        #expect(scenario.account.openOrders[0].remaining == Size(e8: 10_000_000) - scenario.position("BTC").size)
    }

    @Test("resting reduce-only orders shrink with the position and end with it; of two that exceed it the older goes")
    func restingReduceOnly() throws {
        let scenario = try Scenario()
        scenario.order("BTC", .buy, "0.01", at: "50100")
        let older = scenario.order("BTC", .sell, "0.01", at: "55000", reduceOnly: true, .untilCancelled).oid!
        let newer = scenario.order("BTC", .sell, "0.01", at: "56000", reduceOnly: true, .untilCancelled).oid!
        #expect(scenario.account.order(oid: older)?.status == .reduceOnlyCanceled)
        scenario.order("BTC", .sell, "0.004", at: "49900")
        #expect(scenario.account.order(oid: newer)?.remaining == Size(e8: 600_000))
        scenario.order("BTC", .sell, "0.006", at: "49900")
        #expect(scenario.account.order(oid: newer)?.status == .reduceOnlyCanceled)
        #expect(scenario.account.openOrders.isEmpty)
    }

    @Test("a cancel ends a resting order once, by oid or by cloid")
    func cancel() throws {
        let scenario = try Scenario()
        let cloid = "0x" + String(repeating: "2", count: 32)
        let oid = scenario.order("BTC", .buy, "0.01", at: "49500", .untilCancelled, cloid: cloid).oid!
        scenario.order("BTC", .buy, "0.01", at: "49400", .untilCancelled)
        let missing = "Order was never placed, already canceled, or filled. asset=0"
        #expect(scenario.engine.cancel([.init(asset: 0, target: .cloid(cloid))], scenario.context) == [nil])
        let both: [Engine.CancelTicket] = [.init(asset: 0, target: .oid(oid)), .init(asset: 0, target: .oid(oid + 1))]
        #expect(scenario.engine.cancel(both, scenario.context) == [missing, nil])
        #expect(scenario.account.order(cloid: cloid)?.status == .canceled)
    }

    @Test("trade ids are unique and within 50 bits")
    func tradeIDs() throws {
        let scenario = try Scenario()
        let ids = (0..<100_000).map { _ in scenario.engine.nextTid() }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0 >= 0 && $0 < 1 << 50 })
    }
}
