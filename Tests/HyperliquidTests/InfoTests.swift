import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Reading the exchange", .timeLimit(.minutes(1)))
struct InfoTests {
    /// Answers by the request's JSON; a request that is not listed gets what the exchange gives for an unknown type.
    private func withAnswers(_ answers: [String: String], _ body: (ExchangeClient, ScriptedHTTPServer) async throws -> Void) async throws {
        let server = try await ScriptedHTTPServer { request in
            answers[request.body].map { .respond(200, $0) } ?? .respond(422, "Failed to deserialize the JSON body into the target type")
        }
        let client = ExchangeClient(
            endpoint: ExchangeEndpoint(base: server.base, network: .mainnet), timeout: .seconds(5), maximumConnections: 2)
        do { try await body(client, server) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        try await server.stop()
    }

    @Test("asset ids count delisted markets and the place of a builder's dex")
    func instruments() async throws {
        let main = #"""
            {"universe":[{"szDecimals":5,"name":"BTC","maxLeverage":40,"marginTableId":56},{"szDecimals":1,"name":"MATIC","maxLeverage":20,"isDelisted":true},{"szDecimals":2,"name":"SOL","maxLeverage":20,"onlyIsolated":true}],"marginTables":[],"collateralToken":0}
            """#
        let dex = #"""
            {"universe":[{"szDecimals":4,"name":"abc:XYZ100","maxLeverage":20,"growthMode":"enabled"},{"szDecimals":3,"name":"abc:TSLA","maxLeverage":10,"marginMode":"strictIsolated"}],"collateralToken":0}
            """#
        try await withAnswers([
            #"{"type":"meta"}"#: main, #"{"type":"meta","dex":"abc"}"#: dex, #"{"type":"meta","dex":"one"}"#: #"{"universe":[]}"#,
            #"{"type":"perpDexs"}"#: #"[null,{"name":"one","fullName":"One"},{"name":"abc","deployer":"0x0"}]"#,
        ]) { client, _ in
            let instruments = try await client.instruments()
            #expect(
                instruments == [
                    Instrument(coin: "BTC", asset: 0, sizeDecimals: 5, maximumLeverage: 40),
                    Instrument(coin: "MATIC", asset: 1, sizeDecimals: 1, maximumLeverage: 20, isDelisted: true),
                    Instrument(coin: "SOL", asset: 2, sizeDecimals: 2, maximumLeverage: 20, onlyIsolated: true),
                    Instrument(coin: "abc:XYZ100", asset: 120_000, sizeDecimals: 4, maximumLeverage: 20),
                    Instrument(coin: "abc:TSLA", asset: 120_001, sizeDecimals: 3, maximumLeverage: 10, onlyIsolated: true),
                ])
        }
    }

    @Test("a recorded book and account state are read")
    func recorded() async throws {
        let file = try Fixture.json("recorded/mainnet_2026-09-25_bytex.json")
        let user = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
        try await withAnswers([
            #"{"type":"l2Book","coin":"BTC"}"#: try file.field("l2Book_BTC_top5").text(),
            #"{"type":"clearinghouseState","user":"\#(user)"}"#: try file.field("clearinghouseState").text(),
        ]) { client, _ in
            let book = try await client.book("BTC")
            #expect(book.coin == "BTC" && book.time == 1_790_358_575_700 && book.bids.count == 5 && book.asks.count == 5)
            #expect(try book.bids[0] == .init(price: Price(parsing: "83767"), size: Size(parsing: "6.87634")))
            #expect(try book.asks[0] == .init(price: Price(parsing: "83768"), size: Size(parsing: "0.30543")))
            let state = try await client.accountState(user)
            let margin = try AccountState.MarginSummary(
                accountValue: Notional(parsing: "38252.7"), positionValue: Notional(377_667), cash: Notional(parsing: "-339414.3"),
                marginUsed: Notional(parsing: "37766.7"))
            let paid = try Notional(parsing: "982.43637")
            let position = try PerpetualPosition(
                coin: "BTC", size: Size(parsing: "4.5"), leverage: Leverage(mode: .cross, value: 10), entryPrice: Price(81_285),
                value: Notional(377_667), unrealizedProfit: Notional(parsing: "11884.306507"),
                liquidationPrice: Price(parsing: "74501.80279044"), marginUsed: Notional(parsing: "37766.7"), maximumLeverage: 40,
                funding: .init(allTime: paid, sinceOpen: paid, sinceChange: .zero))
            #expect(
                try state
                    == AccountState(
                        margin: margin, crossMargin: margin, crossMaintenanceMargin: Notional(parsing: "4720.8375"),
                        withdrawable: Notional(486), perpetuals: [position], time: 1_790_360_864_964))
            #expect(try state.positions == ["BTC": Size(parsing: "4.5")] && state.accountValue == margin.accountValue)
        }
    }

    @Test("an unknown coin's book is an error that says so")
    func unknownCoin() async throws {
        try await withAnswers([#"{"type":"l2Book","coin":"NOPE"}"#: "null"]) { client, _ in
            await #expect(
                throws: InfoError.undecodable(
                    JSONError(problem: "the exchange knows no such coin"), request: #"{"type":"l2Book","coin":"NOPE"}"#)
            ) { try await client.book("NOPE") }
        }
    }

    @Test("mids of spot pairs never spoil those of perpetuals")
    func mids() async throws {
        let answer = ##"{"BTC":"85801.5","@107":"92.9315000001","PURR/USDC":"x","#14880":7,"xyz:CL":"61.2"}"##
        try await withAnswers([#"{"type":"allMids"}"#: answer, #"{"type":"allMids","dex":"xyz"}"#: #"{"xyz:CL":"?"}"#]) { client, _ in
            let mids = try await client.allMids()
            #expect(
                try mids == [
                    "BTC": Price(parsing: "85801.5"), "@107": Price(parsing: "92.9315"), "xyz:CL": Price(parsing: "61.2"),
                ])
            let error = await #expect(throws: InfoError.self) { try await client.allMids(dex: "xyz") }
            guard case .undecodable(let json, _) = error else { Issue.record("\(String(describing: error))"); return }
            #expect(json.path == "xyz:CL")
        }
    }

    @Test("an order is known or not")
    func orderStatus() async throws {
        let user = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
        let known = #"""
            {"status":"order","order":{"order":{"coin":"BTC","side":"A","limitPx":"96161.0","sz":"0.0","oid":59534923953,"timestamp":1788780014874,"triggerCondition":"N/A","isTrigger":false,"triggerPx":"0.0","children":[],"isPositionTpsl":false,"reduceOnly":false,"orderType":"Limit","origSz":"0.00015","tif":"Ioc","cloid":"0x1"},"status":"filled","statusTimestamp":1788780014880}}
            """#
        try await withAnswers([
            #"{"type":"orderStatus","user":"\#(user)","oid":"0x1"}"#: known,
            #"{"type":"orderStatus","user":"\#(user)","oid":"0x2"}"#: #"{"status":"unknownOid"}"#,
        ]) { client, _ in
            guard case .known(let record) = try await client.orderStatus(user, cloid: "0x1") else { Issue.record("not known"); return }
            #expect(record.oid == 59_534_923_953 && record.status == "filled" && record.isTerminal && record.coin == "BTC")
            #expect(try record.order.size.isZero && record.order.originalSize == Size(parsing: "0.00015"))
            #expect(try await client.orderStatus(user, cloid: "0x2") == .unknown)
        }
    }

    @Test("an answer that lacks something names it, with the request")
    func undecodable() async throws {
        let request = #"{"type":"clearinghouseState","user":"0x1"}"#
        let summary = #"{"accountValue":"1.0","totalNtlPos":"0.0","totalRawUsd":"1.0","totalMarginUsed":"0.0"}"#
        try await withAnswers([request: #"{"marginSummary":\#(summary),"crossMarginSummary":\#(summary),"crossMaintenanceMarginUsed":"0.0","withdrawable":"1.0","assetPositions":[{"position":{"coin":"BTC"}}],"time":1}"#]) { client, _ in
            let error = await #expect(throws: InfoError.self) { try await client.accountState("0x1") }
            #expect(error == .undecodable(JSONError(path: "assetPositions[0].position.szi", problem: "missing"), request: request))
        }
    }

    @Test("a fill that cannot be read is left out of another's history and told; of our own it is an error")
    func unreadableFill() async throws {
        let user = "0x" + String(repeating: "a", count: 40)
        func fill(_ tid: Int, _ size: String) -> String {
            #"{"coin":"BTC","px":"50000","sz":"\#(size)","side":"B","time":\#(1_000 + tid),"startPosition":"0","dir":"Open Long","closedPnl":"0","hash":"0x0","oid":1,"crossed":true,"fee":"0","tid":\#(tid),"feeToken":"USDC"}"#
        }
        let request = #"{"type":"userFillsByTime","user":"\#(user)","startTime":7}"#
        try await withAnswers([request: "[\(fill(1, "1")),\(fill(2, "99999999999999")),\(fill(3, "2"))]"]) { client, _ in
            let (fills, leftOut) = try await client.readableFills(user, from: 7)
            #expect(fills.map(\.tid) == [1, 3] && leftOut.count == 1)
            #expect(leftOut.first?.path == "sz")
            await #expect(throws: InfoError.self) { try await client.fills(user, from: 7) }
        }
    }
}
