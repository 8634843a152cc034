import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("The feed's messages")
struct FeedMessageTests {
    private func message(_ text: String) throws -> FeedMessage {
        var leftOut: [FeedFault] = []
        let message = try FeedMessage(json: JSON.parse(text), leftOut: &leftOut)
        #expect(leftOut == [])
        return message
    }

    @Test("every recorded frame of a channel read here is read completely", arguments: RecordedFrames.files)
    func recorded(_ file: RecordedFrames.File) throws {
        let unread: Set = ["webData3", "twapStates"]
        var count = 0
        for text in try file.frames() {
            let json = try JSON.parse(text)
            let channel = try json.string("channel")
            if ["subscriptionResponse", "error", "pong"].contains(channel) { continue }
            count += 1
            let data = try json.field("data")
            if channel == "candle", data["o"] == nil {
                // Made up by its source: the exchange's candles have prices.
                #expect(throws: FeedFault(channel: "candle", error: JSONError(path: "data.o", problem: "missing"))) { try message(text) }
                continue
            }
            let decoded = try message(text)
            #expect((decoded == .other(channel: channel)) == unread.contains(channel), "\(channel)")
            if case .trades(let trades) = decoded { #expect(try json.array("data").count == trades.count) }
        }
        #expect(count > 0)
    }

    @Test("a book says whether it is the fast channel's, which shows fewer levels")
    func books() throws {
        for (mark, isFast) in [("", false), (#","fast":true"#, true), (#","fast":false"#, false), (#","fast":null"#, false)] {
            let data = #"{"coin":"BTC","time":1,"levels":[[{"px":"99","sz":"2","n":1}],[]]\#(mark)}"#
            let book = Book(coin: "BTC", time: 1, bids: [Book.Level(price: Price(99), size: Size(2))], asks: [], isFast: isFast)
            #expect(try message(#"{"channel":"l2Book","data":\#(data)}"#) == .book(book))
        }
    }

    @Test("trades tell buyer and seller in lower case, and old ones tell none")
    func trades() throws {
        let trade = #""coin":"BTC","side":"A","px":"80639.0","sz":"0.00022","time":1788490042052,"hash":"0x00","tid":1095884267920331"#
        let users = #""users":["0xA62B","0x8A54"]"#
        var expected = MarketTrade(
            coin: "BTC", side: .sell, price: try Price(parsing: "80639"), size: try Size(parsing: "0.00022"), time: 1_788_490_042_052,
            hash: "0x00", tid: 1_095_884_267_920_331)
        #expect(try message(#"{"channel":"trades","data":[{\#(trade)}]}"#) == .trades([expected]))
        expected.buyer = "0xa62b"
        expected.seller = "0x8a54"
        #expect(try message(#"{"channel":"trades","data":[{\#(trade),\#(users)}]}"#) == .trades([expected]))
    }

    @Test("a market without a book has neither mid nor premium, and rates keep all their digits")
    func context() throws {
        let frames = try Fixture.lines("recorded/mainnet_2026-09-03.jsonl").filter { $0["channel"] == "activeAssetCtx" }
        guard case .assetContext("BTC", let bitcoin) = try message(frames[0].text()),
            case .assetContext("MATIC", let matic) = try message(frames[1].text())
        else { Issue.record("no contexts"); return }
        #expect(bitcoin.funding == (try Ratio(exactly: "0.0000052974")))
        #expect(matic.midPrice == nil && matic.premium == nil && matic.markPrice.description == "0.37621")
    }

    @Test("what happened to an account is told by kind")
    func userEvents() throws {
        let events = try Fixture.lines("recorded/ws/user_channels.jsonl").dropFirst().map { frame in
            guard case .userEvent(nil, let event) = try message(frame.text()) else { throw JSONError(problem: "no event") }
            return event
        }
        #expect(
            events == [
                .funding(
                    FundingEvent(
                        time: 1_791_280_800_037, coin: "BTC", amount: try Notional(parsing: "-0.601087"), position: try Size(parsing: "0.55919"),
                        rate: try Ratio(exactly: "0.0000125"))),
                .liquidation(
                    .init(
                        id: 123456, liquidator: "0x0000000000000000000000000000000000000009",
                        liquidatedUser: "0x000000000000000000000000000000000000000b", notional: try Notional(parsing: "356.80015"),
                        accountValue: try Notional(parsing: "2.956494"))),
                .cancelledByExchange([.init(coin: "PNUT", oid: 566_615_769_247)]),
            ])
        #expect(try message(#"{"channel":"user","data":{"somethingNew":[]}}"#) == .userEvent(user: nil, .other("somethingNew")))
    }

    @Test("payments and transfers are read in the form of /info too")
    func account() throws {
        let delta = #"{"type":"funding","coin":"ETH","usdc":"-3.625312","szi":"49.1477","fundingRate":"0.0000417","nSamples":null}"#
        let payment = FundingEvent(
            time: 5, coin: "ETH", amount: try Notional(parsing: "-3.625312"), position: try Size(parsing: "49.1477"),
            rate: try Ratio(exactly: "0.0000417"))
        for item in [#"{"time":5,"hash":"0x0","delta":\#(delta)}"#, #"{"time":5,"coin":"ETH","usdc":"-3.625312","szi":"49.1477","fundingRate":"0.0000417"}"#] {
            #expect(
                try message(#"{"channel":"userFundings","data":{"isSnapshot":true,"user":"0xAB","fundings":[\#(item)]}}"#)
                    == .fundings(user: "0xab", [payment], isSnapshot: true))
        }
        let deposit = #"{"type":"deposit","usdc":"10.0"}"#
        #expect(
            try message(
                #"{"channel":"userNonFundingLedgerUpdates","data":{"user":"0xAB","nonFundingLedgerUpdates":[{"time":5,"hash":"0x1","delta":\#(deposit)}]}}"#)
                == .ledger(user: "0xab", [LedgerEvent(time: 5, hash: "0x1", kind: "deposit", delta: try JSON.parse(deposit))], isSnapshot: false))
    }

    @Test(
        "a fault names channel and field",
        arguments: [
            (#"{"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[null]}}"#, "channel bbo: data.bbo: expected two sides, found 1"),
            (#"{"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[{"px":1},null]}}"#, "channel bbo: data.bbo[0].px: expected a string, found the number 1"),
            (#"{"channel":"clearinghouseState","data":{"user":"0x1","clearinghouseState":{}}}"#, "channel clearinghouseState: data.clearinghouseState.assetPositions: missing"),
            (#"{"channel":"userFills","data":[]}"#, "channel userFills: data: expected an object with \"user\", found an array"),
        ])
    func faults(_ text: String, _ fault: String) throws {
        var leftOut: [FeedFault] = []
        let error = #expect(throws: FeedFault.self) { try FeedMessage(json: JSON.parse(text), leftOut: &leftOut) }
        #expect(error?.description == fault)
    }
}
