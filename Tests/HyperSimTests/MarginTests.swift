import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct MarginTests {
    private func decimal(_ text: String) throws -> Notional { try Notional(parsing: text) }

    /// An account with one position and no other state.
    private func account(cash: String, _ coin: Listing, size: String, entry: String, isolatedCash: String? = nil, leverage: Int, isCross: Bool) throws
        -> (Account, Universe)
    {
        let shape = BookShape(
            halfSpreadBasisPoints: 2, levelSpacingBasisPoints: 2, levelCount: 5, levelDepth: Notional(1_000), refillMilliseconds: 0, seed: 1)
        let universe = try Universe(listings: [coin], book: shape)
        let account = Account(address: Rig.owner, kind: .follower, balance: try decimal(cash), historyLimit: 10)
        let position = Position(
            size: try Size(parsing: size), price: try Price(parsing: entry), isolatedCash: try isolatedCash.map { try decimal($0) })
        account.set(position, in: universe.markets[0])
        account.set(Leverage(value: leverage, isCross: isCross), in: universe.markets[0])
        return (account, universe)
    }

    @Test("a real isolated state comes out to the last digit")
    func recordedIsolated() throws {
        let listing = Listing(coin: "HYPE", price: try Price(parsing: "37.826"), sizeDecimals: 2, maximumLeverage: 10)
        let (account, universe) = try account(
            cash: "75.781884", listing, size: "2", entry: "37.829", isolatedCash: "-68.126246", leverage: 10, isCross: false)
        let state = account.state(onDex: 0, universe: universe)
        #expect(state.all.accountValue == (try decimal("83.307638")))
        #expect(state.all.totalPosition == (try decimal("75.652")))
        #expect(state.all.totalCash == (try decimal("7.655638")))
        #expect(state.all.marginUsed == (try decimal("7.525754")))
        #expect(state.cross.accountValue == (try decimal("75.781884")) && state.cross.totalPosition.isZero)
        #expect(state.withdrawable == (try decimal("75.781884")))
        // 35.8559189474, of which eight decimals are kept here.
        #expect((state.rows[0].liquidationPrice! - (try Price(parsing: "35.85591894"))).magnitude <= Price(e8: 1))
        var writer = WireWriter()
        state.write(now: 1, to: &writer)
        let row = try JSON.parse(writer.bytes)[path: "assetPositions", 0, "position"]
        #expect(row["unrealizedPnl"] == "-0.006" && row["returnOnEquity"] == "-0.00079304")
        #expect(row[path: "leverage", "rawUsd"] == "-68.126246" && row["maxLeverage"] == 10)
    }

    @Test("a real cross state comes out to the last digit, and spot explains its liquidation price")
    func recordedCross() throws {
        let tiers = try MarginTable(tiers: [(.zero, 40), (Notional(150_000_000), 20)])
        let listing = Listing(coin: "BTC", price: Price(83_926), sizeDecimals: 5, maximumLeverage: 40, marginTable: tiers)
        let (account, universe) = try account(cash: "-339414.3", listing, size: "4.5", entry: "81285", leverage: 10, isCross: true)
        let state = account.state(onDex: 0, universe: universe)
        #expect(try state.all.accountValue == decimal("38252.7") && state.all.totalPosition == decimal("377667"))
        #expect(try state.all.marginUsed == decimal("37766.7") && state.maintenanceUsed == decimal("4720.8375"))
        #expect(state.withdrawable == Notional(486))
        // Perpetuals alone would be liquidated here; what was recorded is lower, by spot collateral.
        #expect(state.rows[0].liquidationPrice!.truncated(decimals: 1) == (try Price(parsing: "76380.1")))
        account.mode = .unified
        account.spot = try decimal("8346.913850")
        let unified = account.state(onDex: 0, universe: universe)
        #expect(unified.rows[0].liquidationPrice!.truncated(decimals: 3) == (try Price(parsing: "74501.802")))
        #expect(unified.all.accountValue == state.all.accountValue && unified.withdrawable == state.withdrawable)
    }

    @Test("many cross positions add up as on a recorded account")
    func recordedPortfolio() throws {
        let rows: [(size: String, value: String, margin: String)] = [
            ("-0.00785", "211.64542", "10.582271"), ("0.1334", "227.675114", "11.383755"), ("-0.45", "4.86", "0.243"),
            ("76.6", "79.3576", "3.96788"), ("-121.2", "287.244", "14.3622"), ("7.39", "145.5091", "7.275455"), ("28.3", "464.12", "23.206"),
            ("1.916", "588.0204", "29.40102"), ("-131.8", "509.5388", "25.47694"), ("-76.4", "156.238", "7.8119"),
            ("5.33", "469.7862", "23.48931"), ("246.5", "290.8207", "14.541035"),
        ]
        var listings: [Listing] = []
        for (index, row) in rows.enumerated() {
            let price = try decimal(row.value) / Size(parsing: row.size)
            listings.append(Listing(coin: "C\(index + 10)", price: price, sizeDecimals: 5, maximumLeverage: 20))
        }
        let shape = BookShape(
            halfSpreadBasisPoints: 2, levelSpacingBasisPoints: 2, levelCount: 5, levelDepth: Notional(1_000), refillMilliseconds: 0, seed: 1)
        let universe = try Universe(listings: listings, book: shape)
        let account = Account(address: Rig.owner, kind: .follower, balance: try decimal("86.549602"), historyLimit: 10)
        for (index, row) in rows.enumerated() {
            let market = universe.markets[index]
            account.set(Position(size: try Size(parsing: row.size), price: market.mid), in: market)
        }
        let state = account.state(onDex: 0, universe: universe)
        // The marks were divided out of values with six decimals.
        let tolerance = Notional(e8: 1_000)
        for (expected, found) in [
            ("1182.312496", state.all.accountValue), ("171.740766", state.all.marginUsed), ("3434.815334", state.all.totalPosition),
        ] {
            #expect((found - (try decimal(expected))).magnitude < tolerance, "\(expected)")
        }
    }

    @Test("maintenance margin follows the tiers without a jump, and an order past its leverage's tier is refused")
    func tiers() throws {
        let table = try MarginTable(tiers: [(.zero, 40), (Notional(1_000_000), 20), (Notional(3_000_000), 10)])
        #expect(table.maintenance(Notional(1_000_000)) == Notional(12_500))
        #expect(table.maintenance(Notional(2_000_000)) == Notional(12_500 + 25_000))
        #expect(table.maintenance(Notional(4_000_000)) == Notional(12_500 + 50_000 + 50_000))
        #expect(throws: HyperSimError.self) { try MarginTable(tiers: [(Notional(1), 40)]) }
        #expect(throws: HyperSimError.self) { try MarginTable(tiers: [(.zero, 20), (Notional(5), 20)]) }

        let rig = try Rig(balance: Notional(1_000_000), depth: Notional(10_000_000))
        #expect(try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 40]) == .done)
        #expect(try rig.order(Rig.btc, .buy, "21", at: "51000").errors == ["Order would cause position to exceed margin tier limit at current leverage asset=0"])
        #expect(try rig.order(Rig.btc, .buy, "19", at: "51000").isFilled)
        #expect(try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 20]) == .done)
        #expect(try rig.order(Rig.btc, .buy, "2", at: "51000").isFilled)
        #expect(try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 21]).refusal == "Invalid leverage value")
    }

    @Test("at the liquidation price the account has exactly its maintenance margin, across tiers too")
    func liquidationPrice() throws {
        let rig = try Rig(balance: Notional(200_000), depth: Notional(10_000_000))
        try rig.act(["type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 10])
        for side in [Side.sell, .buy] {
            // As a short it is liquidated in the tier above the one it is in.
            try rig.order(Rig.btc, side, side == .sell ? "19" : "38", at: side == .sell ? "49000" : "51000")
            let universe = rig.engine.universe
            let price = try #require(rig.account().state(onDex: 0, universe: universe).rows[0].liquidationPrice)
            let position = rig.account().position(in: rig.market("BTC"))
            let value = rig.account().cash + position.signedValue(mark: price)
            let maintenance = rig.market("BTC").marginTable.maintenance(position.value(mark: price))
            #expect((value - maintenance).magnitude < Notional(e8: 10_000), "\(side)")
        }
    }

    @Test("isolated margin is added and taken away within the exchange's limits")
    func isolatedMargin() throws {
        let rig = try Rig(balance: Notional(1_000))
        func update(_ asset: Int, _ millionths: Int64) throws -> ActionResult {
            try rig.act(["type": "updateIsolatedMargin", "asset": .integer(asset), "isBuy": true, "ntli": .integer(millionths)])
        }
        #expect(try update(Rig.oil, 0).refusal == "Update to isolated margin cannot be zero.")
        #expect(try update(Rig.oil, 1).refusal == "Cannot update margin for empty position.")
        try rig.order(Rig.btc, .buy, "0.001", at: "51000")
        #expect(try update(Rig.btc, 1_000_000).refusal == "Position does not use isolated margin.")
        try rig.act(["type": "updateLeverage", "asset": .integer(Rig.oil), "isCross": false, "leverage": 5])
        try rig.order(Rig.oil, .buy, "10", at: "81")
        let held = { try #require(rig.account().position(in: rig.market("xyz:CL")).isolatedCash) }
        let before = try held()
        #expect(try update(Rig.oil, 50_000_000) == .done)
        #expect(try held() == before + Notional(50))
        #expect(try update(Rig.oil, 1_000_000_000).refusal == "Account does not have sufficient margin available for increase.")
        #expect(try update(Rig.oil, -60_000_000).refusal == "Position does not have sufficient margin for reduction.")
        #expect(try update(Rig.oil, -49_000_000) == .done)
        #expect(try rig.act(["type": "topUpIsolatedOnlyMargin", "asset": .integer(Rig.oil), "leverage": "2"]).refusal == "Asset not strict isolated")

        #expect(try rig.act(["type": "updateLeverage", "asset": 1, "isCross": true, "leverage": 5]).refusal == "Cross margin is not allowed for this asset.")
        try rig.order(Rig.sol, .sell, "2", at: "99")
        #expect(rig.account().position(in: rig.market("SOL")).isolatedCash != nil)
        #expect(try update(Rig.sol, -1).refusal == "Cannot remove isolated margin for this asset. To remove margin, reduce the position.")
        #expect(try rig.act(["type": "topUpIsolatedOnlyMargin", "asset": 1, "leverage": "4"]) == .done)
        let state = rig.account().state(onDex: 0, universe: rig.engine.universe)
        #expect(state.rows.first { $0.market.coin == "SOL" }?.marginUsed == Notional(50))
    }

    @Test("what activeAssetData says can be traded can be, and a lot more cannot")
    func available() throws {
        let rig = try Rig(depth: Notional(100_000_000))
        for side in [Side.buy, .sell] {
            let size = rig.account().maximumTradeSize(side, in: rig.market("BTC"), rig.engine.universe)
            let more = size + Size(e8: rig.market("BTC").grid.lotE8)
            #expect(try rig.order(Rig.btc, side, more.description, at: side == .buy ? "50100" : "49900", "Alo").errors.count == 1)
            let price = side == .buy ? "49900" : "50100"
            #expect(try rig.order(Rig.btc, side, more.description, at: price, "Alo").errors == ["Insufficient margin to place order. asset=0"])
            #expect(try rig.order(Rig.btc, side, size.description, at: price, "Alo").errors.isEmpty)
            for order in rig.account().openOrders { try rig.act(["type": "cancel", "cancels": [["a": 0, "o": .integer(order.oid)]]]) }
        }
    }
}
