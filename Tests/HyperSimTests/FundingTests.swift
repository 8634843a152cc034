import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct FundingTests {
    @Test("without a premium longs pay the baseline rate to shorts at the full hour")
    func baseline() throws {
        let rig = try Rig()
        try rig.order(Rig.btc, .buy, "0.1", at: "51000")
        try rig.order(Rig.btc, .sell, "0.1", at: "49000", as: Rig.other)
        let cash = [rig.account().cash, rig.account(Rig.other).cash]
        try rig.wait(2_699_999)
        #expect(rig.effects.fundings.isEmpty)
        try rig.wait(1)
        let paid = try Notional(parsing: "0.0625")  // 0.1 × 50000 × 0.0000125
        #expect(rig.account().cash == cash[0] - paid && rig.account(Rig.other).cash == cash[1] + paid)
        let payment = try #require(rig.account().fundings.kept.last)
        #expect(payment.amount == -paid && payment.time == rig.now && payment.rate.description == "0.0000125")
        #expect(rig.effects.fundings.count == 2)
        #expect(rig.account().fundingTotals[0] == FundingTotals(allTime: paid, sinceOpen: paid, sinceChange: paid))
    }

    @Test("the rate follows the premium's average over the hour, within its limits")
    func premium() throws {
        let rig = try Rig()
        try rig.wait(2_700_000)
        // The mid is 0.1 % above the oracle for a quarter of the hour.
        try rig.price("BTC", oracle: "50000")
        try rig.price("BTC", mid: "50050")
        try rig.wait(900_000)
        try rig.price("BTC", mid: "50000")
        try rig.wait(2_700_000)
        let quarter = try #require(rig.market("BTC").funding.history.kept.last)
        #expect(quarter.premium.description == "0.00025")
        // 0.00025 + clamp(0.0001 − 0.00025) = 0.0001, an eighth of it.
        #expect(quarter.rate.description == "0.0000125")
        try rig.price("BTC", mid: "51000")
        try rig.wait(3_600_000)
        let hour = try #require(rig.market("BTC").funding.history.kept.last)
        #expect(hour.premium.description == "0.02" && hour.rate.description == "0.0024375")
        try rig.price("BTC", mid: "75000")
        try rig.wait(3_600_000)
        #expect(rig.market("BTC").funding.history.kept.last?.rate.description == "0.04")
    }

    @Test("a fixed rate takes the premium's place, an isolated position pays from its own collateral, and every missed hour is settled")
    func fixedRate() throws {
        let rig = try Rig()
        try rig.act(["type": "updateLeverage", "asset": .integer(Rig.oil), "isCross": false, "leverage": 5])
        try rig.order(Rig.oil, .sell, "10", at: "79")
        try rig.price("xyz:CL", oracle: "81", funding: "-0.001")
        let cash = rig.account().cash
        let held = try #require(rig.account().position(in: rig.market("xyz:CL")).isolatedCash)
        try rig.wait(3 * 3_600_000)
        // −(−10) × 81 × −0.001 each hour
        #expect(rig.account().position(in: rig.market("xyz:CL")).isolatedCash == held - (try Notional(parsing: "2.43")))
        #expect(rig.account().cash == cash && rig.account().fundings.count == 3)
        #expect(rig.account().fundings.kept.map(\.time) == [0, 1, 2].map { 1_800_003_600_000 + $0 * 3_600_000 })
        try rig.order(Rig.oil, .sell, "5", at: "79")
        let totals = try #require(rig.account().fundingTotals[2])
        #expect(totals.sinceOpen == (try Notional(parsing: "2.43")) && totals.sinceChange.isZero)
        #expect(throws: JSONError.self) { try rig.price("xyz:CL", funding: "0.05") }
    }

    @Test("a day of volume lowers the fees of the next")
    func feeTiers() throws {
        let rig = try Rig(balance: Notional(1_000_000), depth: Notional(10_000_000))
        for step in 0..<12 { try rig.order(Rig.btc, step % 2 == 0 ? .buy : .sell, "10", at: step % 2 == 0 ? "51000" : "49000") }
        #expect(rig.engine.feeRates(of: rig.account(), now: rig.now) == FeeRates(taker: 450, maker: 150))
        rig.now += 86_400_000
        try rig.order(Rig.btc, .buy, "1", at: "51000")
        let fill = try #require(rig.account().fills.kept.last)
        #expect(fill.fee == Money.fee(on: Money.product(fill.price, fill.size), rateMillionths: 400))
        rig.now += 15 * 86_400_000
        #expect(rig.engine.feeRates(of: rig.account(), now: rig.now) == FeeRates(taker: 450, maker: 150))
        #expect(FeeSchedule(base: FeeRates(taker: 100, maker: 0)).rates(volume: Notional(30_000_000)) == FeeRates(taker: 100, maker: 0))
    }
}
