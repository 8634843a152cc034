import CopyTrading
import Testing

@testable import HyperSim

@Suite struct TriggerTests {
    @Test("a trigger order waits for the mark and then trades as the exchange's own: no hash, status triggered before filled")
    func stopMarket() throws {
        let scenario = try Scenario()
        scenario.order("BTC", .buy, "0.01", at: "50100")
        #expect(scenario.place([scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "49000")]) == [.waitingForTrigger])
        let order = try #require(scenario.account.openOrders.first)
        #expect(order.trigger?.condition(order.side) == "Price below 49000" && order.trigger?.orderType == "Stop Market")
        try scenario.set("BTC", mid: "49001")
        #expect(order.status == .open)
        _ = scenario.engine.takeEffects()
        try scenario.set("BTC", mid: "48900")
        #expect(order.status == .filled && scenario.position("BTC").size.isZero)
        #expect(scenario.lastFill?.hash == Fill.zeroHash && scenario.lastFill?.crossed == true && scenario.lastFill?.oid == order.oid)
        let effects = scenario.engine.takeEffects()
        #expect(effects.orderUpdates.map(\.update.status) == [.triggered, .filled])
        #expect(effects.ledger.count == 1)
        guard case .trigger(let line) = effects.ledger[0].item else {
            Issue.record("no line of a trigger")
            return
        }
        #expect(line.status == "filled" && line.totalSize == Size(e8: 1_000_000))
    }

    @Test("what sets a trigger off depends on its kind and side", arguments: [
        (OrderTrigger.Kind.takeProfit, Side.sell, "Price above 51000", "51000"), (.stopLoss, .buy, "Price above 51000", "51000"),
        (.stopLoss, .sell, "Price below 49000", "49000"), (.takeProfit, .buy, "Price below 49000", "49000"),
    ])
    func direction(kind: OrderTrigger.Kind, side: Side, condition: String, price: String) throws {
        let scenario = try Scenario()
        scenario.order("BTC", side.opposite, "0.01", at: side == .sell ? "50100" : "49900")
        #expect(scenario.place([scenario.trigger(kind, "BTC", side, "0.01", at: price)]) == [.waitingForTrigger])
        #expect(scenario.account.openOrders[0].trigger?.condition(side) == condition)
        // The same price on the other side of the mark has been reached already.
        try scenario.set("BTC", mark: price == "51000" ? "51500" : "48500")
        #expect(scenario.account.openOrders.isEmpty)
        scenario.order("BTC", side.opposite, "0.01", at: side == .sell ? "50100" : "49900")
        #expect(scenario.place([scenario.trigger(kind, "BTC", side, "0.01", at: price)])[0].errorText == "Invalid TP/SL price. asset=0")
        #expect(scenario.account.orders.kept.last?.status == .badTriggerPxRejected)
    }

    @Test("a trigger with a limit rests when the limit is not there, one at the market does not trade 10 % away from the mark")
    func limits() throws {
        let scenario = try Scenario()
        scenario.order("BTC", .buy, "0.02", at: "50100")
        scenario.place([
            scenario.trigger(.takeProfit, "BTC", .sell, "0.01", at: "51000", limit: "52000"), scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "49000"),
        ])
        let (limited, market) = (scenario.account.openOrders[0], scenario.account.openOrders[1])
        try scenario.set("BTC", mark: "51000")
        #expect(limited.status == .open && scenario.account.open[limited.oid] != nil && scenario.market("BTC").orders.best(.sell) === limited)
        try scenario.set("BTC", mid: "43000", mark: "48900")
        #expect(market.status == .iocCancelRejected)
        #expect(scenario.position("BTC").size == Size(e8: 2_000_000))
    }

    @Test("a triggered reduce-only order is cut to the position, and cancelled without one")
    func reduceOnly() throws {
        let scenario = try Scenario()
        scenario.order("BTC", .buy, "0.02", at: "50100")
        scenario.place([
            scenario.trigger(.stopLoss, "BTC", .sell, "0.02", at: "49000"), scenario.trigger(.stopLoss, "BTC", .sell, "0.02", at: "48500"),
        ])
        let orders = scenario.account.openOrders
        scenario.order("BTC", .sell, "0.015", at: "49900")
        try scenario.set("BTC", mid: "48000")
        #expect(orders[0].status == .filled && scenario.account.fills.kept.last?.size == Size(e8: 500_000))
        #expect(orders[1].status == .reduceOnlyCanceled)
        #expect(scenario.position("BTC").size.isZero)
    }

    @Test("children of a resting parent wait until it is filled, then watch the mark; the first to fill cancels the other")
    func family() throws {
        let scenario = try Scenario()
        let answers = scenario.place(
            [
                scenario.ticket("BTC", .buy, "0.01", at: "49500", .untilCancelled),
                scenario.trigger(.takeProfit, "BTC", .sell, "0.01", at: "49800"),
                scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "49000"),
            ], grouping: .parentAndChildren)
        #expect(answers[1...] == [.waitingForFill, .waitingForFill])
        let parent = try #require(scenario.account.openOrders.first)
        // Children are shown with their parent, not beside it.
        #expect(scenario.account.openOrders.count == 1 && parent.children.count == 2)
        let (profit, loss) = (parent.children[0], parent.children[1])
        try scenario.set("BTC", mid: "49400")
        #expect(parent.status == .filled && scenario.account.openOrders.map(\.oid) == [profit.oid, loss.oid])
        try scenario.set("BTC", mid: "49900")
        #expect(profit.status == .filled && loss.status == .siblingFilledCanceled)
        #expect(scenario.position("BTC").size.isZero && scenario.account.openOrders.isEmpty)
    }

    @Test("a parent that fills at once leaves its children waiting for the mark, as recorded from the exchange")
    func filledParent() throws {
        let scenario = try Scenario()
        let answers = scenario.place(
            [
                scenario.ticket("BTC", .buy, "0.01", at: "50100"), scenario.trigger(.takeProfit, "BTC", .sell, "0.01", at: "51000"),
                scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "49000"),
            ], grouping: .parentAndChildren)
        #expect(answers[0].filledSize == Size(e8: 1_000_000) && answers[1...] == [.waitingForTrigger, .waitingForTrigger])
        // The position is closed by hand: both stay until the mark finds nothing to reduce.
        scenario.order("BTC", .sell, "0.01", at: "49900")
        let orders = scenario.account.openOrders
        try scenario.set("BTC", mid: "48000")
        #expect(orders.map(\.status) == [.open, .reduceOnlyCanceled])
    }

    @Test("children end with a parent that is cancelled, refused, or filled only in part")
    func lostParent() throws {
        let scenario = try Scenario(depth: Notional(1_000), refillMilliseconds: 1_000)
        func family(_ price: String, _ lifetime: OrderLifetime, size: String = "0.5") -> [OrderAnswer] {
            scenario.place(
                [scenario.ticket("BTC", .buy, size, at: price, lifetime), scenario.trigger(.stopLoss, "BTC", .sell, size, at: "45000")],
                grouping: .parentAndChildren)
        }
        let oid = family("49500", .untilCancelled)[0].oid!
        let child = scenario.account.order(oid: oid)!.children[0]
        #expect(scenario.engine.cancel([.init(asset: 0, target: .oid(oid))], scenario.context) == [nil])
        #expect(child.status == .canceled && scenario.account.liveOrderCount == 0)
        let partly = family("50010", .immediateOrCancel)
        #expect(partly[0].filledSize != nil && partly[1] == .waitingForFill)
        #expect(scenario.account.liveOrderCount == 0 && scenario.account.orders.kept.last?.status == .canceled)
        let refused = family("49000", .immediateOrCancel)
        #expect(refused[0] == refused[1] && refused[0].errorText != nil)
        #expect(scenario.account.liveOrderCount == 0)
    }

    @Test("a child can be cancelled by itself, and its parent goes on")
    func cancelledChild() throws {
        let scenario = try Scenario()
        scenario.place(
            [
                scenario.ticket("BTC", .buy, "0.01", at: "49500", .untilCancelled), scenario.trigger(.takeProfit, "BTC", .sell, "0.01", at: "52000"),
                scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "49000"),
            ], grouping: .parentAndChildren)
        let parent = scenario.account.openOrders[0]
        let loss = parent.children[1]
        #expect(scenario.engine.cancel([.init(asset: 0, target: .oid(loss.oid))], scenario.context) == [nil])
        #expect(parent.status == .open && parent.children.count == 1 && loss.status == .canceled)
    }

    @Test("triggers for the whole position follow its size and end with it")
    func positionTriggers() throws {
        let scenario = try Scenario()
        let flat = scenario.place([scenario.trigger(.stopLoss, "BTC", .sell, "0", at: "49000")], grouping: .position)
        #expect(flat[0].errorText == "Reduce only order would increase position. asset=0")
        scenario.order("BTC", .buy, "0.01", at: "50100")
        let both = [scenario.trigger(.takeProfit, "BTC", .sell, "0", at: "51000"), scenario.trigger(.stopLoss, "BTC", .sell, "0", at: "49000")]
        #expect(scenario.place(both, grouping: .position) == [.waitingForTrigger, .waitingForTrigger])
        scenario.order("BTC", .buy, "0.02", at: "50100")
        let orders = scenario.account.openOrders
        try scenario.set("BTC", mid: "51100")
        #expect(scenario.position("BTC").size.isZero && scenario.lastFill?.size == Size(e8: 3_000_000))
        #expect(orders.map(\.status) == [.filled, .siblingFilledCanceled])
        scenario.order("BTC", .buy, "0.01", at: "51500")
        scenario.place([scenario.trigger(.stopLoss, "BTC", .sell, "0", at: "49000")], grouping: .position)
        let last = scenario.account.openOrders[0]
        scenario.order("BTC", .sell, "0.01", at: "51000")
        #expect(last.status == .reduceOnlyCanceled && scenario.account.liveOrderCount == 0)
    }

    @Test("a batch that is no family, no set of triggers or has no common priority is refused as a whole", arguments: [
        OrderGrouping.parentAndChildren, .position, .priority(5),
    ])
    func groupingFaults(grouping: OrderGrouping) throws {
        let scenario = try Scenario()
        let tickets = [
            scenario.ticket("BTC", .buy, "0.01", at: "49500", .untilCancelled), scenario.ticket("BTC", .sell, "0.01", at: "50500"),
        ]
        let answers = scenario.place(tickets, grouping: grouping)
        #expect(answers.count == 1 && answers[0].errorText != nil && scenario.account.orders.count == 0)
    }

    @Test("priority is accepted for orders that all take or all make")
    func priority() throws {
        let scenario = try Scenario()
        #expect(scenario.place([scenario.ticket("BTC", .buy, "0.01", at: "50100")], grouping: .priority(100))[0].filledSize != nil)
        let makers = (0..<2).map { scenario.ticket("BTC", .buy, "0.01", at: "\(49_000 + $0)", .addLiquidityOnly) }
        #expect(scenario.place(makers, grouping: .priority(100)).allSatisfy { $0.oid != nil })
    }
}
