import CopyTrading
import JSON
import Testing

@testable import HyperSim

@Suite struct TransferTests {
    @Test("usdSend moves margin to another account, opens a new one, and leaves what positions need")
    func usdSend() throws {
        let rig = try Rig()
        let fresh = "0x" + String(repeating: "9", count: 40)
        #expect(try rig.act(["type": "usdSend", "destination": .string(fresh), "amount": "1.5"], as: Rig.owner) == .done)
        #expect(rig.account(fresh).cash == (try Notional(parsing: "1.5")))
        #expect(rig.account().cash == (try Notional(parsing: "9998.5")))
        #expect(rig.effects.ledgerUpdates.map(\.account.address) == [Rig.owner, fresh])
        #expect(rig.effects.ledgerUpdates[0].update.delta["type"] == "internalTransfer")
        #expect(try rig.act(["type": "noop"], as: fresh) == .done)

        try rig.order(Rig.btc, .buy, "1", at: "51000")
        let movable = rig.account().movableCash(rig.engine.universe)
        let tooMuch = movable + Notional(e8: 1)
        let send = { (amount: Notional) -> JSON in ["type": "usdSend", "destination": .string(Rig.other), "amount": .string(amount.description)] }
        #expect(try rig.act(send(tooMuch), as: Rig.owner).refusal == "Insufficient balance for withdrawal")
        #expect(try rig.act(send(movable), as: Rig.owner) == .done)
        #expect(try rig.act(send(Notional(1)), as: Rig.owner).refusal == "Insufficient balance for withdrawal")
        #expect(rig.account(Rig.other).cash == Notional(10_000) + movable)
    }

    @Test("a withdrawal costs a dollar and leaves the exchange")
    func withdrawal() throws {
        let rig = try Rig()
        let withdraw = { (amount: String) -> JSON in ["type": "withdraw3", "destination": .string(Rig.owner), "amount": .string(amount)] }
        #expect(try rig.act(withdraw("100"), as: Rig.owner) == .done)
        #expect(rig.account().cash == Notional(9_900) && rig.engine.treasury.fees == Int128(Notional.scale))
        #expect(rig.engine.treasury.deposits == Int128(Notional(30_000 - 99).e8))
        #expect(try rig.act(withdraw("1"), as: Rig.owner).refusal == "Insufficient balance for withdrawal")
        #expect(try rig.act(withdraw("9900.01"), as: Rig.owner).refusal == "Insufficient balance for withdrawal")
    }

    @Test("money moves between spot and perpetuals and between the spot accounts of two")
    func classes() throws {
        let rig = try Rig()
        #expect(try rig.act(["type": "usdClassTransfer", "amount": "400", "toPerp": false], as: Rig.owner) == .done)
        #expect(rig.account().spot == Notional(400) && rig.account().cash == Notional(9_600))
        #expect(try rig.act(["type": "usdClassTransfer", "amount": "400.5", "toPerp": true], as: Rig.owner).refusal == Engine.insufficientForWithdrawal)
        let send: JSON = ["type": "spotSend", "destination": .string(Rig.other), "token": "USDC:0x6d1e7cde53ba9467b783cb7c530ce054", "amount": "150"]
        #expect(try rig.act(send, as: Rig.owner) == .done)
        #expect(rig.account(Rig.other).spot == Notional(150))
        #expect(try rig.act(send, as: Rig.third).refusal == "Insufficient balance for token transfer")
        let asset: JSON = [
            "type": "sendAsset", "destination": .string(Rig.third), "sourceDex": "spot", "destinationDex": "xyz", "token": "USDC", "amount": "50",
            "fromSubAccount": "",
        ]
        #expect(try rig.act(asset, as: Rig.owner) == .done)
        #expect(rig.account().spot == Notional(200) && rig.account(Rig.third).cash == Notional(10_050))
    }

    @Test("sub-accounts need $100,000 of volume, then get addresses, money and their master's agents")
    func subAccounts() throws {
        let rig = try Rig(balance: Notional(100_000))
        try rig.order(Rig.btc, .buy, "0.5", at: "51000")
        let refusal = try rig.act(["type": "createSubAccount", "name": "one"]).refusal
        let traded = rig.account().tradedVolume.truncated(decimals: 2)
        #expect(refusal == "Cannot create sub-accounts until enough volume traded. Required: $100000. Traded: $\(traded).")
        try rig.order(Rig.btc, .sell, "1.6", at: "49000")
        guard case .data("createSubAccount", .string(let sub)) = try rig.act(["type": "createSubAccount", "name": "one"]) else {
            Issue.record("no sub-account")
            return
        }
        #expect(rig.account().subAccounts.map(\.address) == [sub] && rig.account(sub).name == "one")
        let transfer: JSON = ["type": "subAccountTransfer", "subAccountUser": .string(sub), "isDeposit": true, "usd": 250_000_000]
        #expect(try rig.act(transfer) == .done)
        #expect(rig.account(sub).cash == Notional(250))
        #expect(try rig.act(Signing.action(Signing.order(Rig.btc, buy: true, "51000", "0.01")), vault: sub).isFilled)
        let stranger: JSON = ["type": "subAccountTransfer", "subAccountUser": .string(Rig.third), "isDeposit": true, "usd": 1_000_000]
        #expect(try rig.act(stranger).refusal == "Invalid sub-account transfer from \(Rig.owner) to \(Rig.third)")
        let vault: JSON = ["type": "vaultTransfer", "vaultAddress": .string(Rig.third), "isDeposit": true, "usd": 1_000_000]
        #expect(try rig.act(vault).refusal == "Vault not registered: \(Rig.third)")
        #expect(try rig.act(["type": "setReferrer", "code": "X"]).refusal == "Referral code not registered")
    }

    @Test("spot backs perpetuals in a unified account, and stays as long as it is needed")
    func unified() throws {
        let rig = try Rig(balance: Notional(100))
        try rig.apply(.accounts([AccountEntry(
            account: "0x" + String(repeating: "7", count: 40), agent: "0x" + String(repeating: "8", count: 40), master: nil, balance: .zero,
            spotBalance: Notional(1_000), mode: nil)]))
        let user = "0x" + String(repeating: "7", count: 40)
        let insufficient = "Insufficient margin to place order. asset=0"
        #expect(try rig.order(Rig.btc, .buy, "0.02", at: "51000", as: user).errors == [insufficient])
        #expect(try rig.act(["type": "userSetAbstraction", "user": .string(user), "abstraction": "unifiedAccount"], as: user) == .done)
        #expect(try rig.order(Rig.btc, .buy, "0.02", at: "51000", as: user).isFilled)
        let universe = rig.engine.universe
        let state = rig.account(user).state(onDex: 0, universe: universe)
        #expect(state.all.accountValue.e8 < 0)
        #expect(state.rows[0].liquidationPrice!.e8 < Price(5_000).e8)
        let movable = rig.account(user).movableSpot(universe)
        // A tenth of the position stays.
        #expect(movable < Notional(900) && movable > Notional(895))
        let back: JSON = ["type": "userSetAbstraction", "user": .string(user), "abstraction": "disabled"]
        #expect(try rig.act(back, as: user).refusal != nil && rig.account(user).mode == .unified)
    }

    @Test("a builder is paid on top of the fee, as far as the user approved")
    func builder() throws {
        let rig = try Rig()
        let code: JSON = ["b": .string(Rig.other), "f": 10]
        #expect(try rig.order(Rig.btc, .buy, "0.1", at: "51000", builder: code).refusal == "Builder fee has not been approved")
        let approve = { (rate: String) -> JSON in ["type": "approveBuilderFee", "builder": .string(Rig.other), "maxFeeRate": .string(rate)] }
        #expect(try rig.act(approve("0.005%"), as: Rig.owner) == .done)
        #expect(rig.account().builderApprovals == [Rig.other: 5])
        #expect(try rig.order(Rig.btc, .buy, "0.1", at: "51000", builder: code).refusal == "Builder fee has not been approved")
        #expect(try rig.act(approve("0.01%"), as: Rig.owner) == .done)
        #expect(try rig.order(Rig.btc, .buy, "0.1", at: "51000", builder: code).isFilled)
        let fill = try #require(rig.account().fills.kept.last)
        let value = Money.product(fill.price, fill.size)
        let part = Money.fee(on: value, rateMillionths: 100)
        #expect(fill.fee == Money.fee(on: value, rateMillionths: 450) + part)
        #expect(fill.extras == [JSON.Member("builderFee", .money(part))])
        #expect(rig.account(Rig.other).cash == Notional(10_000) + part)
        #expect(try rig.act(approve("0%"), as: Rig.owner) == .done && rig.account().builderApprovals.isEmpty)
        #expect(try rig.act(approve("2%"), as: Rig.owner).refusal != nil)
    }

    @Test("an exhausted address has one request in ten seconds, and trading, buying and cancelling go on from there")
    func budget() throws {
        let rig = try Rig { $0.initialRequests = 5 }
        for _ in 0..<5 { #expect(try rig.act(["type": "noop"]) == .done) }
        let refusal = "Too many cumulative requests sent (7 > 5) for cumulative volume traded $0. "
            + "Place taker orders to free up 1 request per USDC traded."
        #expect(try rig.act(["type": "noop"]) == .done)
        #expect(try rig.act(["type": "noop"]).refusal == refusal)
        rig.now += 9_999
        #expect(try rig.act(["type": "noop"]).refusal == refusal)
        // cancels have twice the limit
        #expect(try rig.act(["type": "cancel", "cancels": [["a": 0, "o": 1]]]) != .refused(refusal))
        rig.now += 1
        #expect(try rig.order(Rig.btc, .buy, "0.001", at: "51000").isFilled)
        for _ in 0..<45 { #expect(try rig.act(["type": "noop"]) == .done) }
        let used = rig.account().requestsUsed
        #expect(try rig.act(["type": "noop"], expiresAfter: UInt64(rig.now - 1)).refusal == "Action already expired")
        #expect(rig.account().requestsUsed == used + 5)
        #expect(try rig.act(["type": "noop"]).refusal != nil)
        rig.now += 10_000
        #expect(try rig.act(["type": "reserveRequestWeight", "weight": 1_000]) == .done)
        #expect(rig.account().budget.reserved == 1_000)
        #expect(try rig.act(["type": "noop"]) == .done)
    }
}
