import CopyTrading
import Testing

@testable import HyperSim

/// Every text of an order's refusal that the simulator produces, with the status it gives the order.
@Suite struct RefusalTableTests {
    struct Row: Sendable {
        var text: String
        var status: OrderStatus
        var order: @Sendable (Scenario) throws -> OrderAnswer
    }

    static let rows: [Row] = [
        Row(text: "Price must be divisible by tick size.", status: .tickRejected) { $0.order("BTC", .buy, "0.01", at: "50100.5") },
        Row(text: "Order has invalid size.", status: .rejected) { $0.order("BTC", .buy, "0.0100001", at: "50100") },
        Row(text: "Order must have minimum value of $10.", status: .minTradeNtlRejected) { $0.order("BTC", .buy, "0.0001", at: "50100") },
        Row(text: "Insufficient margin to place order.", status: .perpMarginRejected) { $0.order("BTC", .buy, "5", at: "50100") },
        Row(text: "Reduce only order would increase position.", status: .reduceOnlyRejected) {
            $0.order("BTC", .sell, "0.01", at: "49900", reduceOnly: true)
        },
        Row(text: "Post only order would have immediately matched, bbo was 49990@50010.", status: .badAloPxRejected) {
            $0.order("BTC", .buy, "0.01", at: "50010", .addLiquidityOnly)
        },
        Row(text: "Post only order would have immediately matched, bbo was 49990@50005.", status: .badAloPxRejected) {
            $0.order("BTC", .sell, "0.01", at: "50005", .addLiquidityOnly, by: try $0.open("c"))
            return $0.order("BTC", .buy, "0.01", at: "50005", .addLiquidityOnly)
        },
        Row(text: "Order could not immediately match against any resting orders.", status: .iocCancelRejected) {
            $0.order("BTC", .buy, "0.01", at: "50000")
        },
        Row(text: "Invalid TP/SL price.", status: .badTriggerPxRejected) {
            $0.order("BTC", .buy, "0.01", at: "50100")
            return $0.place([$0.trigger(.stopLoss, "BTC", .sell, "0.01", at: "50001")])[0]
        },
        Row(text: "No liquidity available for market order.", status: .marketOrderNoLiquidityRejected) {
            try $0.engine.apply(.book(BookChange(coin: "BTC", levels: .init(bids: [], asks: []))), at: $0.now)
            return $0.order("BTC", .buy, "0.01", at: "50100", .frontendMarket)
        },
        Row(text: "Order would increase open interest while open interest is capped", status: .positionIncreaseAtOpenInterestCapRejected) {
            try $0.fillCap()
            return $0.order("BTC", .buy, "0.01", at: "50100")
        },
        Row(text: "Order would increase open interest while open interest is capped", status: .positionFlipAtOpenInterestCapRejected) {
            try $0.fillCap()
            return $0.order("BTC", .sell, "0.03", at: "49900")
        },
        Row(
            text: "Order rejected due to price more aggressive than oracle while at open interest cap",
            status: .tooAggressiveAtOpenInterestCapRejected
        ) {
            try $0.fillCap()
            return $0.order("BTC", .sell, "0.01", at: "49400", .untilCancelled)
        },
        Row(text: "Order would increase open interest too quickly", status: .openInterestIncreaseRejected) {
            try $0.set("BTC") { $0.openInterestCap = Notional(1_000) }
            return $0.order("BTC", .buy, "0.03", at: "50100")
        },
        Row(text: "Order price too far from oracle", status: .oracleRejected) {
            try $0.set("BTC") { $0.oracleDistancePercent = 5 }
            return $0.order("BTC", .buy, "0.01", at: "47400", .untilCancelled)
        },
        Row(text: "Too many open orders", status: .tooManyOpenOrdersRejected) {
            for index in 0..<1_000 { $0.order("BTC", .buy, "0.001", at: "\(45_000 + index)", .untilCancelled) }
            return $0.order("BTC", .buy, "0.001", at: "44000", .untilCancelled)
        },
        Row(text: "Market order value too large. Max is $5000000.", status: .rejected) { $0.order("BTC", .buy, "101", at: "50100") },
        Row(text: "Asset is delisted.", status: .rejected) {
            try $0.set("BTC") { $0.isDelisted = true }
            return $0.order("BTC", .buy, "0.01", at: "50100")
        },
    ]

    @Test("each refusal has the exchange's text and status", arguments: rows.indices)
    func refusal(index: Int) throws {
        let row = Self.rows[index]
        let scenario = try Scenario(balance: Notional(row.text.hasPrefix("Too many") ? 1_000_000 : 10_000))
        #expect(try row.order(scenario).errorText == "\(row.text) asset=0")
        #expect(scenario.account.orders.kept.last?.status == row.status)
        guard case .order(let line)? = scenario.engine.takeEffects().ledger.last?.item else {
            Issue.record("the refusal has no line")
            return
        }
        #expect(line.status == row.status.rawValue)
    }

    @Test("from the thousandth open order on volume allows more, but no reduce-only and no trigger orders")
    func openOrders() throws {
        #expect(EngineParameters.openOrderLimit(volume: Notional(4_999_999)) == 1_000)
        #expect(EngineParameters.openOrderLimit(volume: Notional(5_000_000)) == 1_001)
        #expect(EngineParameters.openOrderLimit(volume: Notional(10_000_000_000)) == 3_000)
        #expect(EngineParameters.openOrderLimit(volume: Notional(40_000_000_000)) == 5_000)
        let scenario = try Scenario(balance: Notional(1_000_000), depth: Notional(10_000_000))
        for side in [Side.buy, .sell] { scenario.order("BTC", side, "90", at: side == .buy ? "50100" : "49900") }
        scenario.order("BTC", .buy, "1", at: "50100")
        #expect(scenario.account.tradedVolume > Notional(5_000_000))
        for index in 0..<1_000 { scenario.order("BTC", .buy, "0.001", at: "\(45_000 + index)", .untilCancelled) }
        let refusal = "Too many open orders asset=0"
        #expect(scenario.order("BTC", .sell, "1", at: "51000", reduceOnly: true, .untilCancelled).errorText == refusal)
        #expect(scenario.place([scenario.trigger(.stopLoss, "BTC", .sell, "1", at: "49000")])[0].errorText == refusal)
        #expect(scenario.order("BTC", .buy, "0.001", at: "44000", .untilCancelled).oid != nil)
        #expect(scenario.order("BTC", .buy, "0.001", at: "44001", .untilCancelled).errorText == refusal)
        // What does not rest is not counted.
        #expect(scenario.order("BTC", .sell, "0.5", at: "49900").filledSize != nil)
    }

    @Test("below the cap or closing, orders trade at a capped market")
    func underCap() throws {
        let scenario = try Scenario()
        try scenario.fillCap()
        #expect(scenario.order("BTC", .sell, "0.01", at: "50300", .untilCancelled).oid != nil)
        #expect(scenario.order("BTC", .sell, "0.01", at: "49000").filledSize == Size(e8: 1_000_000))
        #expect(scenario.order("BTC", .buy, "0.005", at: "50100").filledSize != nil)
    }
}

extension Scenario {
    /// A position of 0.02 BTC, which is all that may be open.
    fileprivate func fillCap() throws {
        order("BTC", .buy, "0.02", at: "50100")
        try set("BTC") { $0.openInterestCap = Notional(1_000) }
    }
}
