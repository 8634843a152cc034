import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct ModifyTests {
    private func modification(_ target: Engine.CancelTarget, _ ticket: OrderTicket) throws -> Modification {
        let oid: JSON =
            switch target {
            case .oid(let oid): .integer(oid)
            case .cloid(let cloid): .string(cloid)
            }
        return try Modification(json: ["oid": oid, "order": ticket.canonical])
    }

    @Test("a modified order is replaced by one with a new oid, under the same cloid if wanted")
    func replace() throws {
        let scenario = try Scenario()
        let cloid = "0x" + String(repeating: "3", count: 32)
        let old = scenario.order("BTC", .buy, "0.01", at: "49000", .untilCancelled, cloid: cloid).oid!
        _ = scenario.engine.takeEffects()
        let ticket = scenario.ticket("BTC", .buy, "0.02", at: "49100", .untilCancelled, cloid: cloid)
        #expect(scenario.engine.modify(try modification(.cloid(cloid), ticket), scenario.context) == nil)
        let new = scenario.account.openOrders[0]
        #expect(new.oid > old && new.limit == Price(49_100) && new.remaining == Size(e8: 2_000_000))
        #expect(scenario.account.order(cloid: cloid) === new && scenario.account.order(oid: old)?.status == .canceled)
        #expect(scenario.engine.takeEffects().orderUpdates.map { [$0.update.order.oid: $0.update.status] } == [[old: .canceled], [new.oid: .open]])
    }

    @Test("what is no longer open, or would become no order, is not modified")
    func refusals() throws {
        let scenario = try Scenario()
        let oid = scenario.order("BTC", .buy, "0.01", at: "49000", .untilCancelled).oid!
        let good = scenario.ticket("BTC", .buy, "0.02", at: "49100", .untilCancelled)
        #expect(scenario.engine.modify(try modification(.oid(oid + 1), good), scenario.context) == "Cannot modify canceled or filled order")
        let invalid = "Attempted to modify to invalid new order"
        for ticket in [
            scenario.ticket("BTC", .buy, "0.02", at: "49100.5", .untilCancelled), scenario.ticket("BTC", .sell, "0.02", at: "51000", .untilCancelled),
            scenario.ticket("kBONK", .buy, "20000", at: "0.003", .untilCancelled), scenario.ticket("BTC", .buy, "0", at: "49100", .untilCancelled),
            scenario.ticket("BTC", .buy, "0.02", at: "49100", reduceOnly: true, .untilCancelled),
        ] {
            #expect(scenario.engine.modify(try modification(.oid(oid), ticket), scenario.context) == invalid)
        }
        #expect(scenario.account.open[oid] != nil)
        // Refused only by the book or the margin: the old one is gone.
        let crossing = scenario.ticket("BTC", .buy, "0.02", at: "50010", .addLiquidityOnly)
        #expect(scenario.engine.modify(try modification(.oid(oid), crossing), scenario.context)?.hasPrefix("Post only") == true)
        #expect(scenario.account.openOrders.isEmpty)
    }

    @Test("a batch answers each order for itself; with a it places what there is nothing to replace for")
    func batch() throws {
        let scenario = try Scenario()
        let oid = scenario.order("BTC", .buy, "0.01", at: "49000", .untilCancelled).oid!
        func batch() throws -> [Modification] {
            [
                try modification(.oid(oid), scenario.ticket("BTC", .buy, "0.01", at: "50100", .untilCancelled)),
                try modification(.oid(77), scenario.ticket("BTC", .buy, "0.01", at: "49000", .untilCancelled)),
            ]
        }
        let answers = scenario.engine.modify(try batch(), placesAlways: false, scenario.context)
        #expect(answers[0].filledSize == Size(e8: 1_000_000) && answers[1] == .error("Cannot modify canceled or filled order"))
        let always = scenario.engine.modify(try batch(), placesAlways: true, scenario.context)
        #expect(always[0].filledSize != nil && always[1].oid != nil)
    }

    @Test("the triggers of a modified parent become its successor's, and a modified trigger keeps its sibling")
    func relatives() throws {
        let scenario = try Scenario()
        scenario.place(
            [
                scenario.ticket("BTC", .buy, "0.01", at: "49500", .untilCancelled), scenario.trigger(.takeProfit, "BTC", .sell, "0.01", at: "51000"),
                scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "49000"),
            ], grouping: .parentAndChildren)
        let parent = scenario.account.openOrders[0]
        let loss = parent.children[1]
        let ticket = scenario.ticket("BTC", .buy, "0.01", at: "49400", .untilCancelled)
        #expect(scenario.engine.modify(try modification(.oid(parent.oid), ticket), scenario.context) == nil)
        let successor = scenario.account.openOrders[0]
        #expect(successor !== parent && successor.children.count == 2)
        let tighter = scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "49200")
        #expect(scenario.engine.modify(try modification(.oid(loss.oid), tighter), scenario.context) == nil)
        #expect(loss.status == .canceled && successor.children.count == 2)
        // Filling the parent wakes both; the tighter stop fills and the profit goes.
        try scenario.set("BTC", mid: "49300")
        let orders = scenario.account.openOrders
        #expect(orders.count == 2)
        try scenario.set("BTC", mid: "49100")
        #expect(Set(orders.map(\.status)) == [.filled, .siblingFilledCanceled])
        #expect(scenario.position("BTC").size.isZero)
    }
}

@Suite struct ScheduledCancelTests {
    private let refusal = "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $500.1."

    @Test("a scheduled cancel needs volume, some seconds ahead, and ends everything at its time, at most ten times a day")
    func schedule() throws {
        let scenario = try Scenario(balance: Notional(1_000_000))
        scenario.order("BTC", .buy, "0.01", at: "50100")
        #expect(scenario.engine.scheduleCancel(at: nil, scenario.context) == refusal)
        scenario.order("BTC", .buy, "20", at: "50100")
        #expect(scenario.engine.scheduleCancel(at: scenario.now + 4_999, scenario.context)?.contains("5 seconds") == true)
        for round in 1...10 {
            let oid = scenario.order("BTC", .buy, "0.01", at: "49000", .untilCancelled).oid!
            scenario.place([scenario.trigger(.stopLoss, "BTC", .sell, "0.01", at: "48000")])
            #expect(scenario.engine.scheduleCancel(at: scenario.now + 5_000, scenario.context) == nil, "\(round)")
            try scenario.pass(milliseconds: 4_999)
            #expect(scenario.account.liveOrderCount == 2)
            try scenario.pass(milliseconds: 1)
            #expect(scenario.account.liveOrderCount == 0 && scenario.account.order(oid: oid)?.status == .scheduledCancel)
        }
        let tooMany = scenario.engine.scheduleCancel(at: scenario.now + 5_000, scenario.context)
        #expect(tooMany == "Too many scheduled cancels triggered for the day. Limit is 10")
        try scenario.pass(milliseconds: 86_400_000)
        #expect(scenario.engine.scheduleCancel(at: scenario.now + 5_000, scenario.context) == nil)
    }

    @Test("a scheduled cancel that is called off does not happen")
    func unset() throws {
        let scenario = try Scenario(balance: Notional(1_000_000))
        scenario.order("BTC", .buy, "20.1", at: "50100")
        scenario.order("BTC", .buy, "0.01", at: "49000", .untilCancelled)
        #expect(scenario.engine.scheduleCancel(at: scenario.now + 5_000, scenario.context) == nil)
        #expect(scenario.engine.scheduleCancel(at: nil, scenario.context) == nil)
        try scenario.pass(milliseconds: 6_000)
        #expect(scenario.account.liveOrderCount == 1)
    }
}
