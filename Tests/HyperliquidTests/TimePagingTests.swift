import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Paging through time", .timeLimit(.minutes(1)))
struct TimePagingTests {
    private func fill(_ time: Int64, tid: Int64) -> UserFill {
        UserFill(
            coin: "BTC", price: Price(1), size: Size(1), side: .buy, time: time, startPosition: .zero, dir: "Open Long", hash: "0x0", oid: 1,
            crossed: true, fee: .zero, closedPnl: .zero, tid: tid)
    }

    private func paging(from: Int64, pageSize: Int = 2000) -> TimePaging<UserFill, UserFill.Key> {
        TimePaging(from: from, pageSize: pageSize, time: { (fill: UserFill) in fill.time }, key: UserFill.Key.init)
    }

    @Test("pages overlap at their ends, and each item is kept once")
    func pages() throws {
        var paging = paging(from: 100)
        #expect(paging.cursor == 100)
        try paging.receive((0..<2000).map { fill(100 + $0 / 2, tid: $0) })
        #expect(paging.cursor == 1099)
        try paging.receive([fill(1099, tid: 1998), fill(1099, tid: 1999), fill(1099, tid: 2000), fill(1100, tid: 2001)])
        #expect(paging.cursor == nil)
        #expect(paging.items.map(\.tid) == Array(0...2001))
    }

    @Test("a page that does not advance is an error, not a loop")
    func stuck() throws {
        var paging = paging(from: 100)
        #expect(throws: JSONError.self) { try paging.receive((0..<2000).map { fill(100, tid: $0) }) }
    }

    @Test("paging that never ends is an error")
    func endless() throws {
        var paging = paging(from: 0, pageSize: 1)
        let error = #expect(throws: JSONError.self) { for time in 1...200 { try paging.receive([fill(Int64(time), tid: Int64(time))]) } }
        #expect(error == JSONError(problem: "more than 100 pages") && paging.items.count == 100)
    }

    @Test("fills are ordered by time; those of one millisecond keep their order")
    func order() {
        let fills = [fill(2, tid: 9), fill(2, tid: 3), fill(1, tid: 7), fill(1, tid: 8)]
        #expect(UserFill.inOrderOfExecution(fills).map(\.tid) == [7, 8, 9, 3])
    }

    /// An exchange with one item each millisecond from 1 to `last`, in pages of `size`.
    private func withPages(
        last: Int64, size: Int64, item: @escaping @Sendable (Int64) -> JSON, _ body: (ExchangeClient, ScriptedHTTPServer) async throws -> Void
    ) async throws {
        let server = try await ScriptedHTTPServer { request in
            guard let json = try? JSON.parse(Array(request.body.utf8)), let start = try? json.integer("startTime") else { return .respond(422, "") }
            let end = min((try? json.integer("endTime")) ?? last, last)
            let page = start > end ? [] : (start...min(end, start + size - 1)).map(item)
            return .respond(200, JSON.array(page).text())
        }
        let client = ExchangeClient(
            endpoint: ExchangeEndpoint(base: server.base, network: .mainnet), timeout: .seconds(5), maximumConnections: 1)
        do { try await body(client, server) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        try await server.stop()
    }

    @Test("a funding history is read to its end")
    func fundingHistory() async throws {
        let rate: @Sendable (Int64) -> JSON = {
            ["coin": "BTC", "fundingRate": "0.0000125", "premium": "-0.0001", "time": .integer($0)]
        }
        try await withPages(last: 1_200, size: 500, item: rate) { client, server throws in
            #expect(try await client.fundingHistory("BTC", from: 1).map(\.time) == Array(1...1_200))
            // Each page begins with the last one's end: 1, 500, 999.
            #expect(server.requests.count == 3)
            #expect(server.requests.last?.body == #"{"type":"fundingHistory","coin":"BTC","startTime":999}"#)
            #expect(try await client.fundingHistory("BTC", from: 5, to: 9).map(\.time) == Array(5...9))
            #expect(server.requests.last?.body == #"{"type":"fundingHistory","coin":"BTC","startTime":5,"endTime":9}"#)
        }
    }

    @Test("fills, slices, funding and ledger updates are read to their ends")
    func accountHistories() async throws {
        let template = fill(0, tid: 0)
        let fill: @Sendable (Int64) -> JSON = { time in
            var fill = template
            (fill.time, fill.tid) = (time, time)
            return fill.json
        }
        try await withPages(last: 4_500, size: 2_000, item: fill) { client, server throws in
            #expect(try await client.fills("0x1", from: 1, aggregated: true).map(\.tid) == Array(1...4_500))
            #expect(server.requests.last?.body == #"{"type":"userFillsByTime","user":"0x1","startTime":3999,"aggregateByTime":true}"#)
        }
        try await withPages(last: 2_100, size: 2_000, item: { ["fill": fill($0), "twapId": 7] }) { client, server throws in
            let slices = try await client.twapSliceFills("0x1", from: 1)
            #expect(slices.map(\.fill.tid) == Array(1...2_100) && slices[0].twapID == 7)
            #expect(server.requests.map { $0.body.contains("userTwapSliceFillsByTime") } == [true, true])
        }
        let payment: @Sendable (Int64) -> JSON = { time in
            [
                "time": .integer(time), "hash": "0x0",
                "delta": ["type": "funding", "coin": "ETH", "usdc": "-3.625312", "szi": "49.1477", "fundingRate": "0.0000417", "nSamples": nil],
            ]
        }
        try await withPages(last: 700, size: 500, item: payment) { client, _ throws in
            #expect(try await client.fundingPayments("0x1", from: 1).map(\.time) == Array(1...700))
        }
        let update: @Sendable (Int64) -> JSON = { ["time": .integer($0), "hash": "0x1", "delta": ["type": "deposit", "usdc": "1.0"]] }
        try await withPages(last: 700, size: 500, item: update) { client, _ throws in
            #expect(try await client.ledgerUpdates("0x1", from: 1).map(\.time) == Array(1...700))
        }
    }
}
