import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct AccountingTests {
    let grid = PriceGrid(sizeDecimals: 2)

    @Test("a fee is truncated to six decimals, never rounded")
    func fee() throws {
        let value = Money.product(try Price(parsing: "60.883"), try Size(parsing: "1.77"))
        #expect(value == (try Notional(parsing: "107.76291")))
        // 107.76291 × 0.00045 = 0.0484933095
        #expect(Money.fee(on: value, rateMillionths: 450) == (try Notional(parsing: "0.048493")))
    }

    @Test("closed PnL uses the truncated entry, the cost basis the exact one")
    func entry() throws {
        var position = Position.flat
        _ = position.apply(.buy, size: Size(1), price: try Price(parsing: "10.0001"), grid: grid)
        _ = position.apply(.buy, size: Size(2), price: try Price(parsing: "10.0002"), grid: grid)
        // (10.0001 + 2 × 10.0002) / 3 = 10.00016666…
        #expect(position.entryPrice(grid) == (try Price(parsing: "10.0001")))
        let change = position.apply(.sell, size: Size(1), price: Price(11), grid: grid)
        #expect(change.closedPnl == (try Notional(parsing: "0.9999")))
        #expect(change.direction == "Close Long")
        // Two thirds of 30.0005 stay.
        #expect(position.costE16 == 200_003_333_333_333_334)
    }

    @Test("a flip realises the closed part only and opens the rest at the fill price")
    func flip() throws {
        var position = Position.flat
        _ = position.apply(.buy, size: Size(2), price: Price(10), grid: grid)
        let change = position.apply(.sell, size: Size(5), price: Price(12), grid: grid)
        #expect(change.closedPnl == Notional(4))
        #expect(change.direction == "Long > Short")
        #expect(position.size == Size(-3))
        #expect(position.entryPrice(grid) == Price(12))
        let back = position.apply(.buy, size: Size(4), price: Price(11), grid: grid)
        #expect(back.closedPnl == Notional(3))
        #expect(back.direction == "Short > Long")
        #expect(position.size == Size(1) && position.entryPrice(grid) == Price(11))
    }

    @Test("cash, fees and positions of an account add up to its value after any sequence of trades")
    func identity() throws {
        let scenario = try Scenario(balance: Notional(50_000))
        var fees = Notional.zero
        var closed = Notional.zero
        for step in 0..<40 {
            let side: Side = step % 3 == 0 ? .sell : .buy
            try scenario.trade("BTC", .buy, "1", at: "\(50_000 + (step * 37) % 400)")
            scenario.order("BTC", side, "0.0\(1 + step % 7)", at: side == .buy ? "52000" : "48000")
        }
        for fill in scenario.account.fills.kept {
            fees += fill.fee
            closed += fill.closedPnl
        }
        let market = scenario.market("BTC")
        let state = scenario.account.state(onDex: 0, universe: scenario.engine.universe)
        let row = state.rows[0]
        let signed = row.position.size.e8 > 0 ? row.value : -row.value
        #expect(state.all.accountValue == state.all.totalCash + signed)
        #expect(state.all.marginUsed == Margin.initial(row.position.size, market: market, leverage: 20))
        #expect(state.all.accountValue == scenario.account.crossValue(scenario.engine.universe))
        // Truncated entries make the sum of closed PnL differ by less than a tick per fill.
        let expected = Notional(50_000) + closed - fees + row.position.unrealizedPnl(mark: market.mid)
        #expect((state.all.accountValue - expected).magnitude < Notional(1))
    }

    @Test("a position on a builder dex holds exactly its margin there, and the dexes add up to the equity")
    func builderDex() throws {
        let scenario = try Scenario()
        scenario.order("xyz:CL", .buy, "10", at: "81")
        scenario.order("BTC", .sell, "0.01", at: "49000")
        let universe = scenario.engine.universe
        let main = scenario.account.state(onDex: 0, universe: universe)
        let builder = scenario.account.state(onDex: 1, universe: universe)
        #expect(main.rows.map(\.market.coin) == ["BTC"] && builder.rows.map(\.market.coin) == ["xyz:CL"])
        #expect(builder.all.accountValue == builder.all.marginUsed && builder.all.marginUsed == Notional(80))
        #expect(main.all.accountValue + builder.all.accountValue == scenario.account.crossValue(universe))
        #expect(builder.all.totalCash == builder.all.accountValue - builder.rows[0].value)
    }

    @Test("an isolated position carries its own collateral and gives it back in proportion")
    func isolated() throws {
        let scenario = try Scenario(balance: Notional(1_000))
        #expect(scenario.engine.updateLeverage(asset: 110_000, isCross: false, leverage: 5, scenario.context) == nil)
        scenario.order("xyz:CL", .buy, "10", at: "81")
        let universe = scenario.engine.universe
        let opened = scenario.account.state(onDex: 1, universe: universe)
        let entry = scenario.position("xyz:CL").entryPrice(scenario.market("xyz:CL").grid)
        // marginUsed = rawUsd + szi × mark; rawUsd = collateral − entry × szi.
        let collateral = Notional(e8: Money.product(entry, Size(10)).e8 / 5)
        #expect(opened.rows[0].position.isolatedCash == collateral - Money.product(entry, Size(10)))
        #expect(opened.all.accountValue == opened.rows[0].marginUsed && opened.cross.accountValue.isZero)
        let before = scenario.account.state(onDex: 0, universe: universe).all.accountValue
        scenario.order("xyz:CL", .sell, "4", at: "79")
        let halfway = scenario.account.state(onDex: 1, universe: universe)
        #expect(halfway.rows[0].marginUsed < opened.rows[0].marginUsed)
        scenario.order("xyz:CL", .sell, "6", at: "79")
        #expect(scenario.account.state(onDex: 1, universe: universe).all.accountValue.isZero)
        let after = scenario.account.state(onDex: 0, universe: universe).all.accountValue
        #expect(after > before)
        let fees = scenario.account.fills.kept.reduce(Notional.zero) { $0 + $1.fee }
        let closed = scenario.account.fills.kept.reduce(Notional.zero) { $0 + $1.closedPnl }
        #expect((after - (Notional(1_000) + closed - fees)).magnitude < Notional(e8: 100))
    }

    @Test("a leader's position follows its fills and its equity stays at the configured figure")
    func leader() throws {
        let scenario = try Scenario()
        try scenario.trade("BTC", .buy, "2", at: "50500", start: "-5")
        #expect(scenario.leader.position(in: scenario.market("BTC")).size == Size(-3))
        #expect(scenario.leader.fills.kept.last?.direction == "Close Short")
        try scenario.trade("xyz:CL", .buy, "100", at: "81")
        let universe = scenario.engine.universe
        let values = [0, 1].map { scenario.leader.state(onDex: $0, universe: universe).all.accountValue }
        let total = values[0] + values[1]
        #expect(total == Notional(200_000))
        #expect(scenario.market("BTC").mid == Price(50_500))
    }

    @Test("amounts at the edge of the range neither overflow nor crash")
    func extremes() throws {
        let scenario = try Scenario()
        let most = "45000000000"
        for (side, start) in [(Side.buy, most), (.buy, nil), (.sell, nil), (.sell, "-" + most)] as [(Side, String?)] {
            try scenario.trade("BTC", side, "44999999999", at: most, start: start)
        }
        #expect(scenario.order("BTC", .buy, most, at: most, .untilCancelled).errorText == "Insufficient margin to place order. asset=0")
        let state = scenario.leader.state(onDex: 0, universe: scenario.engine.universe)
        #expect(state.rows.count == 1)
    }
}
