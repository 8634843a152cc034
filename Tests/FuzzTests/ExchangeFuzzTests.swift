import CopyTrading
import Foundation
import JSON
import Testing

@testable import HyperSim
@testable import Hyperliquid

/// What the exchange says, and what a client says to the simulated one.
@Suite("Broken answers and requests of the exchange")
struct ExchangeFuzzTests {
    @Test("a frame is read, or refused with its channel and place; a fill that is read is written and read back the same")
    func frames() throws {
        try Fuzz.run("frames", corpus: try Corpus.frames(), cases: 600) { input in
            guard let json = try? JSON.parse(input) else { return }
            var leftOut: [FeedFault] = []
            let message: FeedMessage
            do throws(FeedFault) { message = try FeedMessage(json: json, leftOut: &leftOut) } catch {
                guard !error.description.isEmpty else { throw Fuzz.Broken("no words") }
                return
            }
            guard case .userFills(_, let fills, _) = message else { return }
            for fill in fills {
                guard try UserFill(json: JSON.parse(fill.json.bytes())) == fill else { throw Fuzz.Broken("\(fill)") }
                // microseconds are computed of it
                _ = (fill.time * 1_000, fill.endPosition)
            }
        }
    }

    @Test("whatever fills a leader makes, building signals of them comes to an end, and each signal can be read")
    func signals() throws {
        let fills = try Corpus.fills()
        try Fuzz.run("fills", corpus: fills.map { $0.bytes() }, cases: 900) { input in
            guard let fill = try? JSON.parse(input), let broken = try? UserFill(json: fill) else { return }
            var builder = SignalBuilder(influencer: "leader-1", network: "mainnet", cursor: LeaderCursor())
            var received: Int64 = 1_784_500_000_000_000
            for fill in [broken, broken] + fills.prefix(6).compactMap({ try? UserFill(json: $0) }) + [broken] {
                received += 1_000
                for case .signal(let signal) in builder.receive(message: [Self.leaderFill(fill)], at: received) {
                    guard try Signal(json: JSON.parse(signal.json.bytes())) == signal else { throw Fuzz.Broken("\(signal)") }
                }
            }
            _ = builder.finish(at: received + 10_000_000)
        }
    }

    private static func leaderFill(_ fill: UserFill) -> LeaderFill {
        LeaderFill(
            coin: fill.coin, price: fill.price, size: fill.size, side: fill.side, time: fill.time, startPosition: fill.startPosition,
            dir: fill.dir, oid: fill.oid, crossed: fill.crossed, tid: fill.tid, twapID: fill.twapID)
    }

    @Test("every answer to a read is read or refused with its place")
    func answers() throws {
        let answers = try Corpus.answers()
        for (name, read) in Self.reads {
            // from what it can read, where there is such a recording
            let own = answers.filter { (try? read($0)) != nil }.prefix(12)
            try Fuzz.run("answer-\(name)", corpus: (own.isEmpty ? answers.prefix(12) : own).map { $0.bytes() }, cases: 40) { input in
                guard let json = try? JSON.parse(input) else { return }
                do { try read(json) } catch {
                    guard error is JSONError else { throw error }
                }
            }
        }
    }

    private static func reading<Answer>(_ request: InfoRequest<Answer>) -> (name: String, read: @Sendable (JSON) throws -> Void) {
        (request.type, { _ = try request.decode($0) })
    }

    private static let reads: [(name: String, read: @Sendable (JSON) throws -> Void)] = [
        reading(.meta()), reading(.metaAndAssetCtxs()), reading(.spotMeta()), reading(.spotMetaAndAssetCtxs()), reading(.allMids()),
        reading(.perpDexs()), reading(.l2Book("BTC")), reading(.recentTrades("BTC")), reading(.candleSnapshot("BTC", .oneDay, from: 0, to: 1)),
        reading(.fundingHistory("BTC", from: 0)), reading(.predictedFundings()), reading(.exchangeStatus()), reading(.userFills("0x1")),
        reading(.userTwapSliceFills("0x1")), reading(.userFunding("0x1", from: 0)), reading(.userNonFundingLedgerUpdates("0x1", from: 0)),
        reading(.clearinghouseState("0x1")), reading(.spotClearinghouseState("0x1")), reading(.openOrders("0x1")),
        reading(.frontendOpenOrders("0x1")), reading(.historicalOrders("0x1")), reading(.portfolio("0x1")), reading(.userFees("0x1")),
        reading(.userRole("0x1")), reading(.userAbstraction("0x1")), reading(.subAccounts("0x1")), reading(.extraAgents("0x1")),
        reading(.userRateLimit("0x1")), reading(.userVaultEquities("0x1")), reading(.activeAssetData("0x1", "BTC")),
    ]

    @Test("an answer to an action is read or refused, and every refusal's text has a meaning")
    func actions() throws {
        let corpus: [JSON] = [
            ["status": "ok", "response": ["type": "order", "data": ["statuses": [["filled": ["totalSz": "0.02", "avgPx": "1891.4", "oid": 77_747_314]]]]]],
            ["status": "ok", "response": ["type": "order", "data": ["statuses": [["resting": ["oid": 77_738_308]], ["error": "Order has zero size."]]]]],
            ["status": "ok", "response": ["type": "cancel", "data": ["statuses": ["success", ["error": "Order was never placed"]]]]],
            ["status": "err", "response": "User or API Wallet 0x0123456789012345678901234567890123456789 does not exist."],
            ["channel": "error", "data": "Invalid subscription {\"type\":\"trades\"}"],
        ]
        try Fuzz.run("actions", corpus: corpus.map { $0.bytes() }, cases: 900) { input in
            let text = String(decoding: input, as: UTF8.self)
            _ = (ErrorText.classify(text, counting: UnclassifiedErrors()), FeedErrorText(text))
            guard let json = try? JSON.parse(input) else { return }
            do throws(JSONError) { _ = try ExchangeAnswer(json: json) } catch { _ = error.description }
        }
    }

    @Test("the leaderboard's rows are cut out of any bytes within the bounds of a row")
    func leaderboard() throws {
        let row = #"{"ethAddress":"0x1","accountValue":"1.5","windowPerformances":[["day",{"pnl":"1","roi":"0.1","vlm":"2"}]],"prize":0,"displayName":"a\"}{"}"#
        let whole = Array(#"{"leaderboardRows":["#.utf8) + Array((row + "," + row + "]}").utf8)
        try Fuzz.run("leaderboard", corpus: [whole], cases: 900) { input in
            var splitter = RowSplitter()
            do throws(LeaderboardError) {
                let rows: Result<[[UInt8]], LeaderboardError> = input.withUnsafeBytes { bytes in
                    do throws(LeaderboardError) { return .success(try splitter.receive(bytes)) } catch { return .failure(error) }
                }
                for row in try rows.get() {
                    guard row.count <= RowSplitter.maximumRowBytes else { throw LeaderboardError.malformed("too long") }
                    _ = try? LeaderboardRow(json: JSON.parse(row))
                }
            } catch { _ = error.description }
        }
    }

    @Test("the simulated exchange reads a client's request, or refuses it")
    func requests() throws {
        let action: JSON = [
            "type": "order", "grouping": "na",
            "orders": [["a": 0, "b": true, "p": "50100", "s": "0.01", "r": false, "t": ["limit": ["tif": "Ioc"]], "c": "0x00000000000000000000000000000001"]],
        ]
        let signature: JSON = ["r": .string("0x" + String(repeating: "1", count: 64)), "s": .string("0x" + String(repeating: "2", count: 64)), "v": 27]
        let recorded = try JSON.parse(Corpus.text("recorded/testnet_signed_requests.json"))
        var corpus: [JSON] = [
            ["action": action, "nonce": 1_784_500_000_000, "signature": signature, "vaultAddress": nil, "expiresAfter": 1_784_500_001_000],
            ["method": "post", "id": 7, "request": ["type": "info", "payload": ["type": "l2Book", "coin": "BTC", "nSigFigs": 5, "mantissa": 2]]],
            ["method": "subscribe", "subscription": ["type": "l2Book", "coin": "BTC", "nSigFigs": 5, "mantissa": 2]],
            ["fault": "latency", "milliseconds": 5, "every": 3, "path": "/info", "times": 2], ["fault": "priceJump", "coin": "BTC", "percent": "-5"],
        ]
        for name in Operations.table.keys.sorted() { corpus.append(["action": ["type": .string(name), "time": 1, "nonce": 1], "nonce": 1, "signature": signature]) }
        if case .array(let elements) = recorded { corpus += elements }
        try Fuzz.run("requests", corpus: corpus.map { $0.bytes() }, cases: 900) { input in
            if let text = String(validating: input, as: UTF8.self) { _ = try? FaultRule(parsing: text) }
            guard let json = try? JSON.parse(input) else { return }
            _ = (try? ExchangeRequest(json: json))?.recover(network: .testnet)
            _ = (try? SocketRequest(json: json), try? BookAggregation(json: json), try? FaultRule(json: json), try? WorldFault(json: json))
        }
    }
}
