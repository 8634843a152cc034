import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct ConservationTests {
    @Test("over random trades, transfers, funding and liquidations no money appears or is lost, and the ledger alone gives every balance",
        arguments: 1...6)
    func random(seed: UInt64) throws {
        let rig = try Rig(balance: Notional(5_000), depth: Notional(20_000))
        let users = [Rig.owner, Rig.other, Rig.third]
        var random = SeededNumbers(seed: seed)
        try rig.act(["type": "approveBuilderFee", "builder": .string(Rig.third), "maxFeeRate": "0.05%"], as: Rig.owner)
        for step in 0..<500 {
            rig.now += Int64(random.below(240_000))
            let user = users[random.below(3)]
            switch random.below(12) {
            case 0: try transfer(rig, user, users[random.below(3)], &random)
            case 1:
                let leverage = JSON.integer(1 + random.below(20))
                let asset = [Rig.btc, Rig.sol, Rig.oil][random.below(3)]
                try rig.act(["type": "updateLeverage", "asset": .integer(asset), "isCross": .bool(random.below(2) == 0), "leverage": leverage], as: user)
            case 2, 3, 4:
                let coin = ["BTC", "SOL", "xyz:CL"][random.below(3)]
                let mid = rig.market(coin).mid
                let moved = Price(e8: mid.e8 + mid.e8 / 1_000 * Int64(random.below(121) - 60)).truncated(decimals: 2)
                try rig.price(coin, mid: moved.description)
            case 5:
                let asset = [Rig.sol, Rig.oil][random.below(2)]
                let amount = JSON.integer((random.below(400) - 200) * 1_000_000)
                try rig.act(["type": "updateIsolatedMargin", "asset": .integer(asset), "isBuy": true, "ntli": amount], as: user)
            case 6: try rig.act(["type": "reserveRequestWeight", "weight": 100], as: user)
            case 7: try rest(rig, user, &random)
            default: try trade(rig, user, step, &random)
            }
            try expectConserved(rig, "step \(step)")
            for user in users { expectRestingSizes(rig.account(user)) }
        }
        let kinds = Set(rig.ledger.compactMap { line in try? line.string("action") })
        #expect(kinds.isSuperset(of: ["order", "fill", "trigger", "funding", "transfer", "liquidation", "builderFee"]), "\(kinds)")
        try expectLedgerGivesBalances(rig)
        #expect(try rig.replayedLedger() == rig.ledgerText)
    }

    private func trade(_ rig: Rig, _ user: String, _ step: Int, _ random: inout SeededNumbers) throws {
        let (asset, coin, decimals) = [(Rig.btc, "BTC", 3), (Rig.sol, "SOL", 0), (Rig.oil, "xyz:CL", 0)][random.below(3)]
        let side: Side = random.below(2) == 0 ? .buy : .sell
        let mid = rig.market(coin).mid
        let worse = Price(e8: mid.e8 + side.sign * mid.e8 / 100)
        let price = side == .buy ? rig.market(coin).grid.roundedUp(worse) : rig.market(coin).grid.roundedDown(worse)
        let size = Size(e8: Int64(1 + random.below(coin == "BTC" ? 900 : 300)) * PowerOfTen[8 - decimals])
        let builder: JSON? = user == Rig.owner && step % 2 == 0 ? ["b": .string(Rig.third), "f": 50] : nil
        try rig.order(asset, side, size.description, at: price.description, as: user, builder: builder)
    }

    /// Between the quotes of the house, so that users meet each other there; or a trigger that may bring the account down.
    private func rest(_ rig: Rig, _ user: String, _ random: inout SeededNumbers) throws {
        let side: Side = random.below(2) == 0 ? .buy : .sell
        let market = rig.market("BTC")
        let price = market.grid.roundedDown(Price(e8: market.mid.e8 + market.mid.e8 / 100_000 * Int64(random.below(31) - 15)))
        if random.below(3) == 0 {
            let trigger = market.grid.roundedDown(Price(e8: market.mid.e8 - market.mid.e8 / 100)).description
            let order: JSON = [
                "a": 0, "b": false, "p": .string(trigger), "s": "0.01", "r": .bool(random.below(2) == 0),
                "t": ["trigger": ["isMarket": true, "triggerPx": .string(trigger), "tpsl": "sl"]],
            ]
            try rig.act(Signing.action(order), as: user)
        } else {
            try rig.order(Rig.btc, side, "0.0\(1 + random.below(9))", at: price.description, "Gtc", as: user)
        }
    }

    private func expectRestingSizes(_ account: Account) {
        var sizes: [Int: RestingSizes] = [:]
        for order in account.open.values where !order.reduceOnly { sizes[order.market.index, default: RestingSizes()].add(order.remaining, order.side) }
        #expect(account.restingSizes == sizes)
    }

    private func transfer(_ rig: Rig, _ user: String, _ other: String, _ random: inout SeededNumbers) throws {
        let amount = JSON.string("\(1 + random.below(900)).25")
        let action: JSON =
            switch random.below(5) {
            case 0: ["type": "usdSend", "destination": .string(other), "amount": amount]
            case 1: ["type": "withdraw3", "destination": .string(user), "amount": amount]
            case 2: ["type": "usdClassTransfer", "amount": amount, "toPerp": .bool(random.below(2) == 0)]
            case 3: ["type": "spotSend", "destination": .string(other), "token": "USDC", "amount": amount]
            default: ["type": "userSetAbstraction", "user": .string(user), "abstraction": random.below(2) == 0 ? "unifiedAccount" : "disabled"]
            }
        try rig.act(action, as: user)
    }

    private func expectConserved(_ rig: Rig, _ step: String) throws {
        let treasury = rig.engine.treasury
        let accounts = rig.engine.accounts.values.filter { !$0.isLeader }.reduce(Int128(0)) { $0 + Int128(($1.cash + $1.spot + $1.isolated).e8) }
        #expect(accounts + treasury.house + treasury.fees == treasury.deposits, "\(step)")
    }

    /// Adds up every line and compares with the engine.
    private func expectLedgerGivesBalances(_ rig: Rig) throws {
        var perpetuals: [String: Notional] = [:]
        var spot: [String: Notional] = [:]
        var positions: [String: Size] = [:]
        for line in rig.ledger {
            let account = try line.string("account")
            switch try line.string("action") {
            case "order", "fill", "trigger", "liquidation", "takeover":
                for fill in try line["fills"]?.asArray() ?? [] {
                    let (price, size, fee): (Price, Size, Notional) = (try fill.decimal("px"), try fill.decimal("sz"), try fill.decimal("fee"))
                    let value = Money.product(price, size)
                    let buys = try line.string("side") == "B"
                    perpetuals[account, default: .zero] += (buys ? -value : value) - fee
                    positions["\(account) \(try line.string("coin"))", default: .zero] += buys ? size : -size
                }
            case "funding", "builderFee": perpetuals[account, default: .zero] += try line.decimal("usdc")
            case "transfer":
                let (amount, fee): (Notional, Notional) = (try line.decimal("usdc"), try line.decimal("fee"))
                for (end, change) in [("from", -amount), ("to", amount - fee)] {
                    guard let purse = line[end] else { continue }
                    let owner = try purse.string("account")
                    if purse["purse"] == "spot" { spot[owner, default: .zero] += change } else { perpetuals[owner, default: .zero] += change }
                }
            default: break
            }
        }
        for account in rig.engine.accounts.values where !account.isLeader {
            #expect(perpetuals[account.address] ?? .zero == account.cash + account.isolated, "\(account.address)")
            #expect(spot[account.address] ?? .zero == account.spot, "\(account.address)")
            for market in rig.engine.universe.markets {
                #expect(positions["\(account.address) \(market.coin)"] ?? .zero == account.position(in: market).size, "\(account.address) \(market.coin)")
            }
        }
    }
}

extension Account {
    /// What its isolated positions hold, cash legs only.
    fileprivate var isolated: Notional { positions.values.reduce(.zero) { $0 + ($1.isolatedCash ?? .zero) } }
}
