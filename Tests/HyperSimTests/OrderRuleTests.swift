import CopyTrading
import Testing

@testable import HyperSim

@Suite struct OrderRuleTests {
    @Test("a price off the tick is refused: five significant figures, 6 − szDecimals decimals, whole prices always", arguments: [
        ("BTC", "50100.5", false), ("BTC", "50101", true), ("kBONK", "0.003215", true), ("kBONK", "0.0032151", false), ("xyz:CL", "80.051", true),
        ("xyz:CL", "80.0005", false),
    ])
    func tick(coin: String, price: String, isValid: Bool) throws {
        let scenario = try Scenario()
        let size = coin == "kBONK" ? "10000" : "1"
        let answer = scenario.order(coin, .buy, coin == "BTC" ? "0.001" : size, at: price)
        let asset = scenario.market(coin).asset
        #expect((answer.errorText == "Price must be divisible by tick size. asset=\(asset)") == !isValid)
        #expect((answer.filledSize != nil) == isValid)
    }

    @Test("a size with more decimals than the market has is refused")
    func lot() throws {
        let scenario = try Scenario()
        #expect(scenario.order("BTC", .buy, "0.001001", at: "50100").errorText == "Order has invalid size. asset=0")
    }

    @Test("an order below $10 is refused unless it closes the whole position")
    func minimumValue() throws {
        let scenario = try Scenario()
        #expect(scenario.order("BTC", .buy, "0.00019", at: "50100").errorText == "Order must have minimum value of $10. asset=0")
        #expect(scenario.order("BTC", .buy, "0.0002", at: "50100").filledSize == Size(e8: 20_000))
        // A partial close below the minimum is refused, reduce-only or not.
        #expect(scenario.order("BTC", .sell, "0.0001", at: "49900", reduceOnly: true).errorText == "Order must have minimum value of $10. asset=0")
        try scenario.trade("BTC", .sell, "1", at: "40000")
        #expect(scenario.order("BTC", .sell, "0.0002", at: "39000").filledSize == Size(e8: 20_000))
        #expect(scenario.position("BTC").size.isZero)
    }

    @Test("reduce-only is refused on a flat position and on the wrong side, and capped to the position otherwise")
    func reduceOnly() throws {
        let scenario = try Scenario()
        let refusal = "Reduce only order would increase position. asset=0"
        #expect(scenario.order("BTC", .sell, "0.001", at: "49900", reduceOnly: true).errorText == refusal)
        scenario.order("BTC", .buy, "0.001", at: "50100")
        #expect(scenario.order("BTC", .buy, "0.001", at: "50100", reduceOnly: true).errorText == refusal)
        #expect(scenario.order("BTC", .sell, "0.005", at: "49900", reduceOnly: true).filledSize == Size(e8: 100_000))
        #expect(scenario.position("BTC").size.isZero)
        #expect(scenario.account.orders.kept.last?.status == .filled)
    }

    @Test("an order that needs more margin than the account has is refused, one that reduces is not")
    func margin() throws {
        let scenario = try Scenario(balance: Notional(100))
        // 100 USDC at 20x carry 2000; the fee of the first order leaves a little less.
        #expect(scenario.order("BTC", .buy, "0.041", at: "50100").errorText == "Insufficient margin to place order. asset=0")
        #expect(scenario.order("BTC", .buy, "0.039", at: "50100").filledSize != nil)
        try scenario.trade("BTC", .sell, "1", at: "49000")
        #expect(scenario.order("BTC", .buy, "0.001", at: "49100").errorText == "Insufficient margin to place order. asset=0")
        #expect(scenario.order("BTC", .sell, "0.02", at: "48900").filledSize == Size(e8: 2_000_000))
    }

    @Test("resting orders take margin too")
    func restingMargin() throws {
        let scenario = try Scenario(balance: Notional(100))
        #expect(scenario.order("BTC", .buy, "0.03", at: "45000", .untilCancelled).oid != nil)
        #expect(scenario.order("BTC", .buy, "0.02", at: "45000", .untilCancelled).errorText == "Insufficient margin to place order. asset=0")
        // The other side is not added to it: only one of them can fill.
        #expect(scenario.order("BTC", .sell, "0.03", at: "55000", .untilCancelled).oid != nil)
    }

    @Test("an unknown asset is refused")
    func unknownAsset() throws {
        let scenario = try Scenario()
        let ticket = OrderTicket(
            asset: 77, side: .buy, price: Price(1), size: Size(100), priceText: "1", sizeText: "100", reduceOnly: false,
            lifetime: .immediateOrCancel, cloid: nil)
        #expect(scenario.engine.order([ticket], scenario.context) == [.error("Order has invalid asset. asset=77")])
    }

    @Test("a zero size, a text that is no number or a price 80 % away refuses the whole batch with one error", arguments: [
        ("0", "50000", "Order has zero size."), ("x", "50000", "Order has invalid size."), ("0.001", "-1", "Order has invalid price."),
        ("0.001", "90001", "Order price cannot be more than 80% away from the reference price"),
    ])
    func batch(size: String, price: String, text: String) throws {
        let scenario = try Scenario()
        func ticket(_ size: String, _ price: String) -> OrderTicket {
            OrderTicket(
                asset: 0, side: .buy, price: try? Price(parsing: price), size: try? Size(parsing: size), priceText: price, sizeText: size,
                reduceOnly: false, lifetime: .immediateOrCancel, cloid: nil)
        }
        #expect(scenario.engine.order([ticket("0.001", "50100"), ticket(size, price)], scenario.context) == [.error(text)])
        #expect(scenario.account.fills.count == 0)
        #expect(scenario.engine.effects.ledger.count == 2)
    }

    @Test("a post-only order that would match is refused with the best prices")
    func postOnly() throws {
        let scenario = try Scenario()
        let text = "Post only order would have immediately matched, bbo was 49990@50010. asset=0"
        #expect(scenario.order("BTC", .buy, "0.001", at: "50010", .addLiquidityOnly).errorText == text)
        #expect(scenario.order("BTC", .buy, "0.001", at: "50005", .addLiquidityOnly).oid != nil)
    }

    @Test("a refused order is known by its cloid with the status of its refusal")
    func refusedStatus() throws {
        let scenario = try Scenario()
        let cloid = "0x" + String(repeating: "1", count: 32)
        scenario.order("BTC", .buy, "0.001", at: "49000", cloid: cloid)
        #expect(scenario.account.order(cloid: cloid)?.status == .iocCancelRejected)
    }

    @Test("leverage cannot leave its range, switch with a position open, or be lowered below what margin carries")
    func leverage() throws {
        let scenario = try Scenario(balance: Notional(100))
        let engine = scenario.engine
        #expect(engine.updateLeverage(asset: 0, isCross: true, leverage: 21, scenario.context) == "Invalid leverage value")
        #expect(engine.updateLeverage(asset: 0, isCross: true, leverage: 10, scenario.context) == nil)
        #expect(scenario.order("BTC", .buy, "0.021", at: "50100").errorText == "Insufficient margin to place order. asset=0")
        #expect(scenario.order("BTC", .buy, "0.019", at: "50100").filledSize != nil)
        #expect(engine.updateLeverage(asset: 0, isCross: false, leverage: 10, scenario.context) == "Cannot switch leverage type with open position.")
        #expect(engine.updateLeverage(asset: 0, isCross: true, leverage: 5, scenario.context)?.hasPrefix("Cross position does not have") == true)
        #expect(engine.updateLeverage(asset: 0, isCross: true, leverage: 20, scenario.context) == nil)
    }
}
