import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct LiquidationTests {
    private func lines(_ rig: Rig, _ action: JSON) -> [JSON] { rig.ledger.filter { $0["action"] == action } }

    @Test("an account below maintenance is sold to the book, its orders are cancelled, and it keeps what is left")
    func market() throws {
        let rig = try Rig(balance: Notional(1_000))
        try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 40])
        try rig.order(Rig.btc, .buy, "0.5", at: "51000")
        try rig.order(Rig.btc, .buy, "0.001", at: "40000", "Gtc")
        let open = rig.account().open.count
        #expect(open == 1)
        // maintenance is 1/80 of the value; the account is worth about 980 at 50000
        try rig.price("BTC", mid: "48690")
        #expect(rig.size("BTC").e8 > 0 && rig.effects.liquidations.isEmpty)
        try rig.price("BTC", mid: "48640")
        #expect(rig.size("BTC").isZero)
        #expect(rig.effects.nonUserCancels.map(\.order.status) == [.liquidatedCanceled])
        #expect(rig.account().open.isEmpty)
        let fill = try #require(rig.account().fills.kept.last)
        #expect(fill.direction == "Close Long" && fill.hash == Fill.zeroHash && fill.fee.e8 > 0)
        #expect(fill.extras == [JSON.Member("liquidation", ["liquidatedUser": .string(Rig.owner), "markPx": "48640.0", "method": "market"])])
        #expect(rig.effects.liquidations.count == 1)
        let update = try #require(rig.effects.ledgerUpdates.last?.update.delta)
        #expect(update["type"] == "liquidation" && update["leverageType"] == "Cross")
        #expect(update["liquidatedPositions"] == [["coin": "BTC", "szi": "0.5"]])
        #expect(rig.account().cash.e8 > 0 && rig.account().cash < Notional(600))
        #expect(lines(rig, "liquidation").count == 1)
        #expect(try rig.replayedLedger() == rig.ledgerText)
    }

    @Test("a position above $100,000 is reduced by a fifth, and after 30 seconds closed")
    func largePosition() throws {
        let rig = try Rig(balance: Notional(5_000))
        try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 40])
        try rig.order(Rig.btc, .buy, "2.5", at: "51000")
        try rig.price("BTC", mid: "48590")
        #expect(rig.size("BTC") == Size(2))
        try rig.price("BTC", mid: "48580")
        #expect(rig.size("BTC") == Size(2), "nothing more in the pause")
        try rig.wait(29_999)
        #expect(rig.size("BTC") == Size(2))
        try rig.price("BTC", mid: "48400")
        try rig.wait(1)
        #expect(rig.size("BTC").isZero)
        #expect(try rig.replayedLedger() == rig.ledgerText)
    }

    @Test("below two thirds of maintenance the liquidator takes over positions and margin, without a fee")
    func backstop() throws {
        let rig = try Rig(balance: Notional(1_000))
        try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 40])
        try rig.order(Rig.btc, .sell, "0.5", at: "49000")
        try rig.order(Rig.oil, .buy, "1", at: "81")
        try rig.price("BTC", mid: "51600")
        #expect(rig.account().positions.isEmpty && rig.account().cash.isZero)
        let fills = rig.account().fills.kept.suffix(2)
        #expect(fills.map(\.direction) == ["Liquidated Cross Short", "Liquidated Cross Long"] && fills.allSatisfy { $0.fee.isZero })
        #expect(fills.first?.price == Price(51_600) && fills.first?.side == .buy)
        let liquidator = rig.engine.liquidator
        #expect(liquidator.position(in: rig.market("BTC")).size == (try Size(parsing: "-0.5")))
        #expect(liquidator.fills.kept.map(\.tid) == fills.map(\.tid))
        #expect(liquidator.equity(rig.engine.universe).e8 > 0)
        #expect(rig.effects.trades.count == 2)
        // It needs no margin itself.
        try rig.price("BTC", mid: "90000")
        #expect(liquidator.position(in: rig.market("BTC")).size == (try Size(parsing: "-0.5")))
        #expect(try rig.replayedLedger() == rig.ledgerText)
    }

    @Test("only an isolated position's own collateral is lost, and where no liquidator steps in the other side is deleveraged")
    func deleveraging() throws {
        let rig = try Rig(balance: Notional(10_000), depth: Notional(1_000))
        try rig.act(["type": "updateLeverage", "asset": 1, "isCross": false, "leverage": 20])
        try rig.order(Rig.sol, .buy, "10", at: "101")
        try rig.act(["type": "updateLeverage", "asset": 1, "isCross": false, "leverage": 20], as: Rig.other)
        try rig.act(["type": "updateLeverage", "asset": 1, "isCross": false, "leverage": 2], as: Rig.third)
        try rig.order(Rig.sol, .sell, "4", at: "99", as: Rig.other)
        try rig.order(Rig.sol, .sell, "4", at: "99", as: Rig.third)
        let cash = rig.account().cash
        // From 100 to 90 at once: the collateral of about 50 is gone, and no bid is high enough.
        try rig.price("SOL", mid: "90")
        #expect(rig.size("SOL").isZero && (rig.account().cash - cash).magnitude < Notional(e8: 100))
        #expect(rig.size("SOL", Rig.other).isZero && rig.size("SOL", Rig.third).isZero)
        let methods = lines(rig, "liquidation").map { $0["method"] }
        #expect(methods == ["deleveraging", "deleveraging", "deleveraging"])
        // The higher leverage went first.
        #expect(lines(rig, "takeover").map { $0["account"] } == [.string(Rig.other), .string(Rig.third)])
        let fill = try #require(rig.account(Rig.other).fills.kept.last)
        #expect(fill.direction == "Close Short" && fill.fee.isZero && fill.price > Price(94))
        #expect(try rig.replayedLedger() == rig.ledgerText)
    }

    @Test("funding alone can bring an account down")
    func byFunding() throws {
        let rig = try Rig(balance: Notional(1_000))
        try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 40])
        try rig.order(Rig.btc, .buy, "0.5", at: "51000")
        try rig.price("BTC", funding: "0.02")
        try rig.wait(3_600_000)
        #expect(rig.size("BTC", Rig.owner).e8 > 0)
        try rig.wait(3_600_000)
        #expect(rig.size("BTC").isZero)
    }

    @Test("whoever is not looked at is solvent: at every price nobody stays below maintenance while the book can take it", arguments: [1, 2, 3])
    func watch(seed: UInt64) throws {
        let rig = try Rig(balance: Notional(2_000), depth: Notional(100_000_000))
        var random = SeededNumbers(seed: seed)
        for user in [Rig.owner, Rig.other, Rig.third] {
            try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 40], as: user)
            try rig.act(["type": "updateLeverage", "asset": .integer(Rig.oil), "isCross": true, "leverage": 10], as: user)
        }
        var price = 50_000
        var liquidated = 0
        for step in 0..<400 {
            rig.now += 1_000
            if step % 5 == 0 {
                let user = [Rig.owner, Rig.other, Rig.third][random.below(3)]
                let side: Side = random.below(2) == 0 ? .buy : .sell
                let size = "0.\(30 + random.below(50))"
                try rig.order(Rig.btc, side, size, at: side == .buy ? "\(price + price / 10)" : "\(price - price / 10)", as: user)
                try rig.order(Rig.oil, side, "\(1 + random.below(20))", at: side == .buy ? "90" : "70", as: user)
            }
            price += (random.below(201) - 100) * price / 12_000
            try rig.price("BTC", mid: "\(price)")
            liquidated += rig.effects.liquidations.count
            for user in [Rig.owner, Rig.other, Rig.third] {
                let account = rig.account(user)
                guard !account.liquidation.isUnchecked, now(rig, account) else { continue }
                #expect(account.crossValue(rig.engine.universe) >= account.crossMaintenance(rig.engine.universe), "\(user) at \(price)")
            }
        }
        #expect(liquidated > 0)
        #expect(try rig.replayedLedger() == rig.ledgerText)
    }

    private func now(_ rig: Rig, _ account: Account) -> Bool { rig.now >= account.liquidation.pausedUntil }
}

/// Reproducible random numbers.
struct SeededNumbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state = Mixer.hash(state, 0, 0, 1)
        return Int(state % UInt64(bound))
    }
}
