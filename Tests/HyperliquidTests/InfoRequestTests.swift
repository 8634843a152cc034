import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Reads")
struct InfoRequestTests {
    static let requests: [(JSON, String)] = [
        (InfoRequest.meta().json, #"{"type":"meta"}"#),
        (InfoRequest.meta(dex: PerpetualDex(name: "xyz", index: 1)).json, #"{"type":"meta","dex":"xyz"}"#),
        (InfoRequest.metaAndAssetCtxs().json, #"{"type":"metaAndAssetCtxs"}"#),
        (InfoRequest.allMids(dex: "xyz").json, #"{"type":"allMids","dex":"xyz"}"#),
        (InfoRequest.clearinghouseState("0x1", dex: "xyz").json, #"{"type":"clearinghouseState","user":"0x1","dex":"xyz"}"#),
        (InfoRequest.spotClearinghouseState("0x1").json, #"{"type":"spotClearinghouseState","user":"0x1"}"#),
        (InfoRequest.openOrders("0x1").json, #"{"type":"openOrders","user":"0x1"}"#),
        (InfoRequest.frontendOpenOrders("0x1", dex: "xyz").json, #"{"type":"frontendOpenOrders","user":"0x1","dex":"xyz"}"#),
        (InfoRequest.userFills("0x1").json, #"{"type":"userFills","user":"0x1"}"#),
        (InfoRequest.userFills("0x1", aggregated: true).json, #"{"type":"userFills","user":"0x1","aggregateByTime":true}"#),
        (
            InfoRequest.userFillsByTime("0x1", from: 1, to: 2, aggregated: true).json,
            #"{"type":"userFillsByTime","user":"0x1","startTime":1,"endTime":2,"aggregateByTime":true}"#
        ),
        (InfoRequest.userTwapSliceFills("0x1").json, #"{"type":"userTwapSliceFills","user":"0x1"}"#),
        (
            InfoRequest.userTwapSliceFillsByTime("0x1", from: 1).json,
            #"{"type":"userTwapSliceFillsByTime","user":"0x1","startTime":1}"#
        ),
        (InfoRequest.orderStatus("0x1", .oid(7)).json, #"{"type":"orderStatus","user":"0x1","oid":7}"#),
        (InfoRequest.orderStatus("0x1", .cloid("0x2")).json, #"{"type":"orderStatus","user":"0x1","oid":"0x2"}"#),
        (InfoRequest.historicalOrders("0x1").json, #"{"type":"historicalOrders","user":"0x1"}"#),
        (InfoRequest.l2Book("BTC").json, #"{"type":"l2Book","coin":"BTC"}"#),
        (InfoRequest.l2Book("BTC", aggregation: .significantFigures(3)).json, #"{"type":"l2Book","coin":"BTC","nSigFigs":3}"#),
        (InfoRequest.l2Book("BTC", aggregation: .fifthFigure(step: 1)).json, #"{"type":"l2Book","coin":"BTC","nSigFigs":5}"#),
        (
            InfoRequest.l2Book("BTC", aggregation: .fifthFigure(step: 5)).json,
            #"{"type":"l2Book","coin":"BTC","nSigFigs":5,"mantissa":5}"#
        ),
        (
            InfoRequest.candleSnapshot("BTC", .oneMonth, from: 1, to: 2).json,
            #"{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1M","startTime":1,"endTime":2}}"#
        ),
        (InfoRequest.recentTrades("BTC").json, #"{"type":"recentTrades","coin":"BTC"}"#),
        (InfoRequest.fundingHistory("BTC", from: 1).json, #"{"type":"fundingHistory","coin":"BTC","startTime":1}"#),
        (InfoRequest.userFunding("0x1", from: 1, to: 2).json, #"{"type":"userFunding","user":"0x1","startTime":1,"endTime":2}"#),
        (
            InfoRequest.userNonFundingLedgerUpdates("0x1", from: 1).json,
            #"{"type":"userNonFundingLedgerUpdates","user":"0x1","startTime":1}"#
        ),
        (InfoRequest.userRateLimit("0x1").json, #"{"type":"userRateLimit","user":"0x1"}"#),
        (InfoRequest.userFees("0x1").json, #"{"type":"userFees","user":"0x1"}"#),
        (InfoRequest.userRole("0x1").json, #"{"type":"userRole","user":"0x1"}"#),
        (InfoRequest.userAbstraction("0x1").json, #"{"type":"userAbstraction","user":"0x1"}"#),
        (InfoRequest.extraAgents("0x1").json, #"{"type":"extraAgents","user":"0x1"}"#),
        (InfoRequest.vaultLeader("0x1").json, #"{"type":"vaultDetails","vaultAddress":"0x1"}"#),
        (InfoRequest.maxBuilderFee("0x1", builder: "0x2").json, #"{"type":"maxBuilderFee","user":"0x1","builder":"0x2"}"#),
        (InfoRequest.approvedBuilders("0x1").json, #"{"type":"approvedBuilders","user":"0x1"}"#),
        (InfoRequest.perpDexs().json, #"{"type":"perpDexs"}"#),
        (InfoRequest.portfolio("0x1").json, #"{"type":"portfolio","user":"0x1"}"#),
        (InfoRequest.activeAssetData("0x1", "BTC").json, #"{"type":"activeAssetData","user":"0x1","coin":"BTC"}"#),
        (InfoRequest.spotMeta().json, #"{"type":"spotMeta"}"#),
        (InfoRequest.subAccounts("0x1").json, #"{"type":"subAccounts","user":"0x1"}"#),
        (InfoRequest.exchangeStatus().json, #"{"type":"exchangeStatus"}"#),
    ]

    @Test("a read is sent as the exchange expects it", arguments: requests)
    func request(json: JSON, expected: String) {
        #expect(json.text() == expected)
    }

    private func decode<Answer>(_ request: InfoRequest<Answer>, _ text: String) throws -> Answer { try request.decode(JSON.parse(text)) }

    // MARK: - Answers of which no recording is at hand, in the documented form

    @Test("the fees of an account, with the schedule behind them")
    func fees() throws {
        let fees = try decode(
            .userFees("0x1"),
            #"""
            {"dailyUserVlm":[{"date":"2025-05-23","userCross":"0.0","userAdd":"12.5","exchange":"28523670770000.077"}],"feeSchedule":{"cross":"0.00045","add":"0.00015","spotCross":"0.0007","spotAdd":"0.0004","tiers":{"vip":[{"ntlCutoff":"5000000.0","cross":"0.0004","add":"0.00012","spotCross":"0.0006","spotAdd":"0.0003"}],"mm":[{"makerFractionCutoff":"0.005","add":"-0.00001"}]},"referralDiscount":"0.04","stakingDiscountTiers":[{"bpsOfMaxSupply":"0.0","discount":"0.0"}]},"userCrossRate":"0.0003888","userAddRate":"0.00015","userSpotCrossRate":"0.0007","userSpotAddRate":"0.0004","activeReferralDiscount":"0.04","trial":null,"feeTrialEscrow":"0.0","nextTrialAvailableTimestamp":null,"stakingLink":null,"activeStakingDiscount":{"bpsOfMaxSupply":"0.0","discount":"0.1"}}
            """#)
        #expect(try fees.perpetual == .init(taker: Ratio(exactly: "0.0003888"), maker: Ratio(exactly: "0.00015")))
        #expect(try fees.schedule.spot.taker == Ratio(exactly: "0.0007") && fees.stakingDiscount == Ratio(exactly: "0.1"))
        #expect(try fees.schedule.volumeTiers[0].volume == WideDecimal(parsing: "5000000") && fees.referralDiscount == Ratio(exactly: "0.04"))
        #expect(try fees.schedule.makerTiers[0].maker == Ratio(exactly: "-0.00001"))
        #expect(try fees.dailyVolumes[0].exchange == WideDecimal(parsing: "28523670770000.077"))
        let error = #expect(throws: JSONError.self) { try decode(.userFees("0x1"), #"{"userCrossRate":"x"}"#) }
        #expect(error?.path == "userCrossRate")
    }

    @Test(
        "the role of an address",
        arguments: [
            (#"{"role":"missing"}"#, AddressRole.missing), (#"{"role":"user"}"#, .user), (#"{"role":"vault"}"#, .vault),
            (#"{"role":"agent","data":{"user":"0xAB"}}"#, .agent(account: "0xab")),
            (#"{"role":"subAccount","data":{"master":"0xCD"}}"#, .subAccount(master: "0xcd")), (#"{"role":"king"}"#, .other("king")),
        ])
    func role(text: String, expected: AddressRole) throws {
        #expect(try decode(.userRole("0x1"), text) == expected)
    }

    @Test("R-92: an account's named agents and when each ends, and who leads a vault")
    func agents() throws {
        let agents = try decode(.extraAgents("0x1"), #"[{"name":"shield-probe","address":"0xAB","validUntil":1788787057807}]"#)
        #expect(agents.map(\.address) == ["0xab"] && agents[0].name == "shield-probe" && agents[0].validUntil == 1_788_787_057_807)
        #expect(throws: JSONError.self) { try decode(.extraAgents("0x1"), #"[{"name":"shield-probe","address":"0xAB"}]"#) }
        #expect(try decode(.vaultLeader("0x1"), #"{"name":"HLP","leader":"0xEF","followers":[]}"#) == "0xef")
        #expect(try decode(.vaultLeader("0x1"), "null") == nil)
    }

    @Test(
        "what backs an account's perpetuals",
        arguments: [
            ("unifiedAccount", AccountAbstraction.unifiedAccount), ("portfolioMargin", .portfolioMargin), ("disabled", .disabled),
            ("default", .default), ("dexAbstraction", .other("dexAbstraction")),
        ])
    func abstraction(text: String, expected: AccountAbstraction) throws {
        #expect(try decode(.userAbstraction("0x1"), "\"\(text)\"") == expected)
    }

    @Test("the leverage of a market without a position")
    func activeAssetData() throws {
        let allowance = try decode(
            .activeAssetData("0x1", "BTC"),
            #"{"user":"0x1","coin":"BTC","leverage":{"type":"isolated","value":10,"rawUsd":"-4999.5"},"maxTradeSzs":["683.30131","684.41969"],"availableToTrade":["2937170.6810349999","2941978.0374650001"],"markPx":"85970.0"}"#)
        #expect(try allowance.leverage == Leverage(mode: .isolated, value: 10, isolatedCash: Notional(parsing: "-4999.5")))
        #expect(try allowance.maximumSize.sell == WideDecimal(parsing: "684.41969") && allowance.markPrice == Price(85_970))
        let error = #expect(throws: JSONError.self) {
            try decode(.activeAssetData("0x1", "BTC"), #"{"coin":"BTC","leverage":{"type":"portfolio","value":1}}"#)
        }
        #expect(error?.path == "leverage.type")
    }

    @Test("builder dexs keep their place in the list, which the asset ids count by")
    func perpDexs() throws {
        let dexs = try decode(.perpDexs(), #"[null,{"name":"xyz","fullName":"XYZ","deployer":"0x88","extra":[]},{"name":"flx"}]"#)
        #expect(dexs.map(\.name) == ["xyz", "flx"] && dexs.map(\.firstAsset) == [110_000, 120_000] && dexs[0].deployer == "0x88")
    }

    @Test("builders, sub-accounts and the exchange's clock")
    func small() throws {
        #expect(try decode(.approvedBuilders("0x1"), #"["0xAB"]"#) == ["0xab"])
        #expect(try decode(.subAccounts("0x1"), "null").isEmpty)
        let status = try decode(.exchangeStatus(), #"{"time":1790358575700,"specialStatuses":null}"#)
        #expect(status.time == 1_790_358_575_700 && status.specialStatuses == nil)
        #expect(try decode(.maxBuilderFee("0x1", builder: "0x2"), "0") == 0)
    }

    @Test("trades of a market tell who bought and who sold")
    func recentTrades() throws {
        let trades = try decode(
            .recentTrades("BTC"),
            #"[{"coin":"BTC","side":"A","px":"80639.0","sz":"0.00022","time":1788490042052,"hash":"0x0","tid":1095884267920331,"users":["0xa62b","0x8A54"]}]"#)
        #expect(trades[0].side == .sell && trades[0].buyer == "0xa62b" && trades[0].seller == "0x8a54" && trades[0].tid == 1_095_884_267_920_331)
    }

    @Test("contexts that do not fit the markets are refused")
    func unfitContexts() throws {
        let error = #expect(throws: JSONError.self) {
            try decode(.metaAndAssetCtxs(), #"[{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40}]},[]]"#)
        }
        #expect(error == JSONError(path: "[1]", problem: "expected 1 contexts, found 0"))
    }

    @Test("a position that is listed twice is refused")
    func positionTwice() throws {
        let position =
            #"{"type":"oneWay","position":{"coin":"BTC","szi":"1.0","leverage":{"type":"cross","value":1},"entryPx":"1.0","positionValue":"1.0","unrealizedPnl":"0.0","liquidationPx":null,"marginUsed":"1.0","maxLeverage":40,"cumFunding":{"allTime":"0.0","sinceOpen":"0.0","sinceChange":"0.0"}}}"#
        let summary = #"{"accountValue":"1.0","totalNtlPos":"0.0","totalRawUsd":"1.0","totalMarginUsed":"0.0"}"#
        let error = #expect(throws: JSONError.self) {
            try decode(
                .clearinghouseState("0x1"),
                #"{"marginSummary":\#(summary),"crossMarginSummary":\#(summary),"crossMaintenanceMarginUsed":"0.0","withdrawable":"1.0","assetPositions":[\#(position),\#(position)],"time":1}"#)
        }
        #expect(error == JSONError(path: "assetPositions", problem: "BTC is listed twice"))
    }
}
