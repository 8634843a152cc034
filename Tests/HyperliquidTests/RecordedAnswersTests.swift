import CopyTrading
import Cryptography
import Foundation
import JSON
import Testing

@testable import Hyperliquid

/// Every recorded answer is decoded by the type of its request, and recordings that carry their request have ours.
@Suite("Recorded answers")
struct RecordedAnswersTests {
    typealias Check = @Sendable (Recorded.File) throws -> Void

    @Test("each is read by its type", arguments: Recorded.answers)
    func decodes(file: Recorded.File) throws {
        let check = try #require(Self.checks[file.name], "no check for this recording")
        try check(file)
    }

    @Test("every check has a recording, where the whole collection is at hand")
    func completeness() {
        let names = Set(Recorded.answers.map(\.name))
        #expect(names.count >= 44)
        if Recorded.collection != nil { #expect(Set(Self.checks.keys) == names) }
    }

    static let checks: [String: Check] = cassettes.merging(fixtures) { first, _ in first }.merging(mixed) { first, _ in first }

    // MARK: - Recordings with their request

    static let sampleUser = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
    static let trader = "0xb7b6f3cea3f66bf525f5d8f965f6dbf6d9b017b2"
    static let holder = "0x2ba553d9f990a3b66b03b2dc0d030dfc1c061036"
    static let maker = "0x5e9ee1089755c3435139848e47e6635505d5a13a"

    static let cassettes: [String: Check] = [
        "delegator_history.json": unread,
        "extra_agents.json": cassette(.extraAgents("0xd42f2bB0e06455eDB652e27b7374FC2bDa8448ee")) { agents throws in
            #expect(agents.map(\.name) == ["ok", "new"] && agents[0].validUntil == 1_767_776_120_478)
        },
        "get_all_mids.json": cassette(.allMids()) { mids throws in
            #expect(try mids["BTC"] == Price(30_135) && mids["kPEPE"] == Price(parsing: "0.001565"))
        },
        "get_candles_snapshot.json": cassette(.candleSnapshot("kPEPE", .oneHour, from: 1_684_702_007_000, to: 1_684_784_807_000)) { candles throws in
            #expect(candles.count == 24 && candles[0].interval == .oneHour && candles[0].trades == 709)
            #expect(try candles[0].high == Price(parsing: "0.001616") && candles[0].volume == WideDecimal(parsing: "520665683"))
        },
        "get_frontend_open_orders.json": cassette(.frontendOpenOrders("0xCB331197E84f135AB9Ed6FB51Cd9757c0bd29d0D")) { orders throws in
            #expect(orders.count == 3)
            #expect(try orders[0].detail?.trigger == .init(price: Price(parsing: "10.004"), condition: "Price above 10.004"))
            #expect(orders[0].reduceOnly && orders[0].detail?.orderType == "Take Profit Market" && orders[0].detail?.timeInForce == nil)
            #expect(orders[2].detail?.children.map(\.oid) == [3_184_595_906, 3_184_595_907] && orders[2].detail?.trigger == nil)
        },
        "get_funding_history_1684811870000.json": cassette(.fundingHistory("BTC", from: 1_681_923_833_000, to: 1_684_811_870_000)) { rates throws in
            #expect(try rates[0].rate == Ratio(exactly: "-0.00061334") && rates[0].time == 1_683_849_600_048)
        },
        // From before answers were limited to 500.
        "get_funding_history_None.json": cassette(.fundingHistory("BTC", from: 1_681_923_833_000)) { #expect($0.count == 1_038) },
        "get_l2_snapshot.json": cassette(.l2Book("DYDX")) { book throws in
            #expect(try book.bids[0].price == Price(parsing: "2.111") && book.bids.count == 20 && book.asks.count == 20)
        },
        "get_open_orders.json": cassette(.openOrders(maker)) { orders throws in
            #expect(orders.count == 196 && orders[0].side == .buy && orders[0].detail == nil && orders[0].originalSize == nil)
        },
        // Fills of 2023 have no `tid`. Without it a fill cannot be told from its repetition, so they are refused.
        "get_user_fills.json": refused(.userFills(trader), at: "[0].tid"),
        "get_user_fills_by_time.json": refused(
            .userFillsByTime(trader, from: 1_683_245_555_699, to: 1_683_245_884_863), at: "[0].tid"),
        // Nor had positions of 2023 their highest leverage and funding, or the state a time.
        "get_user_state.json": refused(.clearinghouseState(maker), at: "assetPositions[0].position.maxLeverage"),
        "historical_orders.json": cassette(.historicalOrders(sampleUser)) { orders throws in
            #expect(orders[0].status == "iocCancelRejected" && orders[0].isTerminal && orders[0].order.detail?.timeInForce == "Ioc")
        },
        "meta.json": cassette(.meta()) { markets throws in
            #expect(markets.instruments.count == 28 && markets.marginTables.isEmpty && markets.collateralToken == 0)
            #expect(markets.instruments[5] == Instrument(coin: "SOL", asset: 5, sizeDecimals: 2, maximumLeverage: 50))
        },
        "portfolio.json": cassette(.portfolio(sampleUser)) { portfolio throws in
            #expect(Set(portfolio.total.keys) == Set(Portfolio.Period.allCases) && Set(portfolio.perpetuals.keys) == Set(Portfolio.Period.allCases))
            // Four times what fixed-point money can hold.
            #expect(try portfolio.total[.allTime]?.volume == WideDecimal(parsing: "170043719297.20999145"))
            let first = try #require(portfolio.total[.day]?.accountValue.first)
            #expect(try first == .init(time: 1_755_772_320_063, value: Notional(parsing: "160794563.926181")))
        },
        "user_funding_history_with_end_time.json": cassette(.userFunding(trader, from: 1_681_923_833_000, to: 1_682_010_233_000)) { payments throws in
            #expect(try payments[0].amount == Notional(parsing: "0.145796") && payments[0].position == Size(parsing: "40.13333333"))
        },
        "user_funding_history_without_end_time.json": cassette(.userFunding(trader, from: 1_681_923_833_000)) { payments throws in
            #expect(payments.map(\.time) == payments.map(\.time).sorted() && payments.count > 100)
        },
        "user_non_funding_ledger_updates_with_end_time.json": cassette(
            .userNonFundingLedgerUpdates(holder, from: 1_681_923_833_000, to: 1_682_010_233_000)) { #expect($0.isEmpty) },
        "user_non_funding_ledger_updates_without_end_time.json": cassette(.userNonFundingLedgerUpdates(holder, from: 1_681_923_833_000)) { updates throws in
            #expect(updates.map(\.kind) == ["deposit", "accountClassTransfer", "spotTransfer", "accountClassTransfer", "deposit"])
        },
        "user_rate_limit.json": cassette(.userRateLimit(sampleUser)) { budget throws in
            #expect(budget.remaining == 170_043_731_737 - 36_589_831_368)
            #expect(try budget.cumulativeVolume == WideDecimal(parsing: "170043721737.45001220"))
        },
        "user_role.json": cassette(.userRole(sampleUser)) { #expect($0 == .vault) },
        "user_twap_slice_fills.json": cassette(.userTwapSliceFills(sampleUser)) { #expect($0.isEmpty) },
        "user_vault_equities.json": cassette(.userVaultEquities("0x2b804617c6f63c040377e95bb276811747006f4b")) { equities throws in
            #expect(try equities[0].equity == Notional(parsing: "688536.031488") && equities[0].lockedUntil == 1_737_697_731_869)
        },
    ]

    // MARK: - Recordings of the answer alone

    static let fixtures: [String: Check] = [
        "rest_Futures_Account_GetAccountInfo.json": answer(.clearinghouseState(sampleUser)) { state throws in
            let position = try #require(state.perpetuals.first)
            #expect(state.positions == ["HYPE": Size(2)])
            #expect(try position.leverage == Leverage(mode: .isolated, value: 10, isolatedCash: Notional(parsing: "-68.126246")))
            #expect(try position.liquidationPrice == Price(parsing: "35.85591895") && position.maximumLeverage == 10)
            #expect(try position.funding.allTime == Notional(parsing: "4.966798"))
            // The exchange's own identities hold to the last digit.
            #expect(try state.margin.accountValue == state.margin.cash + position.entryPrice.value(of: position.size) + position.unrealizedProfit)
            #expect(state.crossMargin.accountValue == state.margin.accountValue - position.marginUsed)
        },
        "rest_Futures_Account_GetFundingHistory.json": answer(.userFunding(sampleUser, from: 0)) { payments throws in
            #expect(try payments[0].rate == Ratio(exactly: "0.0000369155") && payments[0].coin == "HYPE")
        },
        "rest_Futures_ExchangeData_GetExchangeInfo.json": answer(.meta()) { markets throws in
            #expect(markets.instruments.map(\.onlyIsolated) == [false, false, true, true] && markets.instruments[3].isDelisted)
        },
        "rest_Futures_ExchangeData_GetExchangeInfoAndTickers.json": answer(.metaAndAssetCtxs()) { snapshot throws in
            #expect(snapshot.contexts.count == 3)
            #expect(try snapshot.contexts["ETH"]?.impactPrices == .init(bid: Price(parsing: "6.0386"), ask: Price(parsing: "6.0562")))
        },
        "rest_Futures_ExchangeData_GetFundingRateHistory.json": answer(.fundingHistory("ETH", from: 0)) { #expect($0.count == 1) },
        "rest_Futures_ExchangeData_GetSymbolsAtMaxOpenInterest.json": answer(.perpsAtOpenInterestCap()) { #expect($0 == ["1", "2"]) },
        "rest_Futures_Trading_SetLeverage.json": { try #expect(ExchangeAnswer(json: $0.json().field("response")) == .ok) },
        "rest_Spot_Account_GetAccountLedger.json": answer(.userNonFundingLedgerUpdates(sampleUser, from: 0)) { #expect($0.count == 9) },
        "rest_Spot_Account_GetApprovedBuilderFee.json": answer(.maxBuilderFee(sampleUser, builder: maker)) { #expect($0 == 1) },
        "rest_Spot_Account_GetBalances.json": answer(.spotClearinghouseState(sampleUser)) { state throws in
            #expect(try state.total(of: "USDC") == WideDecimal(parsing: "2.77363") && state.total(of: "NONE") == .zero)
            #expect(try state.balances[1].cost == WideDecimal(parsing: "0.214388") && !state.hasPortfolioMargin)
        },
        "rest_Spot_Account_GetExtraAgents.json": answer(.extraAgents(sampleUser)) { #expect($0.count == 1) },
        "rest_Spot_Account_GetRateLimits.json": answer(.userRateLimit(sampleUser)) { #expect($0.remaining == 10_126 && $0.surplus == 0) },
        "rest_Spot_Account_GetSubAccounts.json": answer(.subAccounts(sampleUser)) { accounts throws in
            #expect(accounts[0].name == "Test" && accounts[0].address == "0x035605fc2f24d65300227189025e90a0d947f16c")
            #expect(try accounts[0].spot.total(of: "USDC") == WideDecimal(parsing: "0.22"))
        },
        // A newer form of subAccounts, whose recording was cut to some members.
        "rest_Spot_Account_GetSubAccounts2.json": unread,
        // Of one token; nothing here asks for it.
        "rest_Spot_ExchangeData_GetAssetInfo.json": unread,
        "rest_Spot_ExchangeData_GetExchangeInfo.json": answer(.spotMeta()) { markets throws in
            #expect(markets.instrument(markets.pairs[0]) == Instrument(coin: "PURR/USDC", asset: 10_000, sizeDecimals: 0, maximumLeverage: 1))
        },
        "rest_Spot_ExchangeData_GetExchangeInfoAndTickers.json": answer(.spotMetaAndAssetCtxs()) { snapshot throws in
            #expect(try snapshot.contexts["PURR/USDC"]?.midPrice == Price(parsing: "0.2268"))
        },
        "rest_Spot_ExchangeData_GetKlines.json": answer(.candleSnapshot("@107", .oneDay, from: 0, to: 1)) { #expect($0.count == 2) },
        "rest_Spot_ExchangeData_GetOrderBook.json": answer(.l2Book("@107")) { #expect($0.bids.count == 20) },
        "rest_Spot_ExchangeData_GetPrices.json": answer(.allMids()) { #expect($0.count == 2) },
        "rest_Spot_Trading_GetOpenOrders.json": answer(.openOrders(sampleUser)) { #expect($0[0].side == .sell && $0[0].size.isZero) },
        "rest_Spot_Trading_GetOpenOrdersExtended.json": answer(.frontendOpenOrders(sampleUser)) { orders throws in
            #expect(orders[0].detail?.timeInForce == "Gtc" && orders[0].cloid == nil && orders[0].originalSize == Size(1))
        },
        "rest_Spot_Trading_GetUserTrades.json": answer(.userFills(sampleUser)) { fills throws in
            #expect(try fills[0].builderFee == Notional(parsing: "0.01") && fills[0].twapID == nil)
            #expect(try UserFill(json: fills[0].json) == fills[0])
        },
        "rest_Spot_Trading_PlaceOrder.json": {
            try #expect(ExchangeAnswer(json: $0.json().field("response")) == .orders([.resting(oid: 77_738_308)]))
        },
    ]

    // MARK: - Collections of several answers

    static let mixed: [String: Check] = [
        "mainnet_2026-09-03_metaAndAssetCtxs_prefix.json": { file in
            let json = try file.json()
            let snapshot = try InfoRequest.metaAndAssetCtxs().decode(json.field("response"))
            #expect(snapshot.contexts["MATIC"]?.midPrice == nil && snapshot.contexts["MATIC"]?.impactPrices == nil)
            let bitcoin = try #require(snapshot.contexts["BTC"])
            #expect(try bitcoin.funding == Ratio(exactly: "0.0000052764") && bitcoin.openInterest == WideDecimal(parsing: "36295.80812"))
            // On testnet a thin book has a mid, but no impact prices.
            let thin = try AssetContext(json: json.field("testnetSagaCtx"))
            #expect(thin.midPrice != nil && thin.premium == nil && thin.impactPrices == nil)
            let predicted = try InfoRequest.predictedFundings().decode(json.field("predictedFundings"))
            #expect(predicted.map(\.venue) == ["BinPerp", "HlPerp", "HlPerp"] && predicted[0].intervalHours == 8)
        },
        "mainnet_2026-09-25_bytex.json": { file in
            let json = try file.json()
            let markets = try InfoRequest.meta().decode(json.field("meta_first6_with_marginTables"))
            #expect(markets.marginTableIDs["BTC"] == 56)
            #expect(markets.marginTables[56]?.tiers.map(\.maximumLeverage) == [40, 20])
            #expect(markets.marginTables[56]?.tiers.map(\.lowerBound) == [.zero, Notional(150_000_000)])
            let hours = InfoRequest.candleSnapshot("BTC", .oneHour, from: 0, to: 1)
            let candles = try hours.decode(json.field("candleSnapshot_BTC_1h"))
            #expect(candles.allSatisfy { $0.closeTime == $0.openTime + 3_599_999 })
            let history: InfoRequest<[FundingRate]> = .fundingHistory("BTC", from: 0)
            #expect(try history.decode(json.field("fundingHistory_BTC")).count == 3)
            #expect(try Book(json: json.field("l2Book_BTC_top5")).bids.count == 5)
            let state = try AccountState(json: json.field("clearinghouseState"))
            #expect(state.perpetuals[0].leverage == Leverage(mode: .cross, value: 10) && state.margin == state.crossMargin)
        },
        "liquidation_fills_real.json": { file in
            // Only the first record is whole; of the others the source did not list every member.
            let missing = [nil, "startPosition", "startPosition", "side"]
            for (record, path) in zip(try file.json().asArray(), missing) {
                let fill = try record.field("fill")
                guard let path else {
                    #expect(try UserFill(json: fill).json.text() == fill.text())
                    continue
                }
                let error = #expect(throws: JSONError.self) { try UserFill(json: fill) }
                #expect(error == JSONError(path: path, problem: "missing"))
            }
        },
        "mixed_real.json": { file in for record in try file.json().asArray() { try classify(ExchangeAnswer(json: record.field("res"))) } },
        "testnet_signed_requests.json": { file in
            for record in try file.json().array("records") {
                try classify(ExchangeAnswer(json: record.field("response")))
                let signature = try record.field("signature")
                #expect(try RecoverableSignature(json: signature).json == signature)
            }
        },
        "testnet_behaviour_2026-09-07.json": { file in
            for step in try file.json().array("steps") {
                let result = try step.field("res")
                for answer in (try? result.asArray()) ?? [result] { try classify(ExchangeAnswer(json: answer)) }
                guard let then = step["then"] else { continue }
                if let agents = then["extraAgents"] { _ = try InfoRequest.extraAgents(sampleUser).decode(agents) }
                if let role = then["userRole(agent)"] {
                    #expect(try AddressRole(json: role) == .agent(account: "0xe7c2adb44064e705a2e955770440c527373967a1"))
                }
                if let orders = then["openOrders"] { _ = try InfoRequest.openOrders(sampleUser).decode(orders) }
                if let position = then["position"] { #expect(try PerpetualPosition(json: position).liquidationPrice == nil) }
                if let balances = then["spotBalances"] { _ = try SpotState(json: ["balances": balances]) }
            }
        },
        "node_fills_by_block_2026-06-28.jsonl": { file in
            for batch in try file.lines() {
                for event in try batch.array("events") {
                    let (user, json) = try event.pair({ user throws(JSONError) in try user.asString() }, { fill throws(JSONError) in fill })
                    #expect(user.hasPrefix("0x"))
                    let fill = try UserFill(json: json)
                    #expect(fill.json.text() == json.text())
                    #expect(try UserFill(json: fill.json) == fill)
                }
            }
        },
    ]

    // MARK: - Checks

    /// The recording's request is ours, and its answer is read.
    static func cassette<Answer>(_ request: InfoRequest<Answer>, _ expect: @escaping @Sendable (Answer) throws -> Void) -> Check {
        { file in
            let json = try file.json()
            #expect(try request.json == withoutNulls(json.field("request")))
            try expect(request.decode(json.field("response")))
        }
    }

    static func answer<Answer>(_ request: InfoRequest<Answer>, _ expect: @escaping @Sendable (Answer) throws -> Void) -> Check {
        { file in try expect(request.decode(file.json().field("response"))) }
    }

    /// An answer too old for today's types: what it lacks is named.
    static func refused<Answer>(_ request: InfoRequest<Answer>, at path: String) -> Check {
        { file in
            let json = try file.json()
            #expect(try request.json == withoutNulls(json.field("request")))
            let error = #expect(throws: JSONError.self) { _ = try request.decode(json.field("response")) }
            #expect(error == JSONError(path: path, problem: "missing"))
        }
    }

    /// Nothing here asks for this; it is JSON.
    static let unread: Check = { file in _ = try file.json().field("response") }

    /// Every refusal the venue was seen to give is recognised.
    static func classify(_ answer: ExchangeAnswer) throws {
        let texts: [String] =
            switch answer {
            case .refused(let text): [text]
            case .orders(let statuses): statuses.compactMap { if case .error(let text) = $0 { text } else { nil } }
            case .cancels(let errors): errors.compactMap { $0 }
            case .ok, .subAccount: []
            }
        for text in texts {
            if case .unclassified = ErrorText.classify(text) { Issue.record("unclassified: \(text)") }
        }
    }

    private static func withoutNulls(_ json: JSON) -> JSON {
        guard case .object(let members) = json else { return json }
        return .object(members.filter { $0.value != .null })
    }
}

extension Price {
    /// Signed value of a position.
    fileprivate func value(of size: Size) throws -> Notional {
        let value = try self * size
        return size.sign < 0 ? -value : value
    }
}
