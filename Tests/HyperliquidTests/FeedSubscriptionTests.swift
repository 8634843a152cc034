import JSON
import Testing

@testable import Hyperliquid

@Suite("Subscriptions")
struct FeedSubscriptionTests {
    private static let user = "0x" + String(repeating: "Ab", count: 20)

    /// One of each kind with everything set, and the forms with defaults.
    static let all: [FeedSubscription] = [
        .trades(coin: "BTC"), .l2Book(coin: "BTC"), .l2Book(coin: "xyz:CL", significantFigures: 5, mantissa: 2, fast: true), .bbo(coin: "@107"),
        .allMids(), .allMids(dex: "xyz"), .activeAssetCtx(coin: "ETH"), .candle(coin: "BTC", interval: .oneMonth), .userFills(user: user),
        .userFills(user: user, aggregateByTime: true), .orderUpdates(user: user), .userEvents(user: user), .userFundings(user: user),
        .userNonFundingLedgerUpdates(user: user), .userTwapSliceFills(user: user), .clearinghouseState(user: user),
        .clearinghouseState(user: user, dex: "xyz"), .openOrders(user: user, dex: "xyz"), .activeAssetData(user: user, coin: "BTC"),
        .notification(user: user), .webData3(user: user),
    ]

    @Test("each kind is covered here")
    func complete() { #expect(Set(Self.all.map(\.kind)) == Set(FeedSubscription.Kind.allCases)) }

    @Test("what is sent is read back in normalised form, whatever the order of members and with unknown ones added", arguments: all)
    func echo(_ subscription: FeedSubscription) throws {
        guard case .object(let members) = subscription.json else { Issue.record("no object"); return }
        let echoed = JSON.object([.init("new", ["a": 1])] + members.reversed())
        #expect(FeedSubscription(echo: echoed) == subscription.normalised)
        #expect(subscription.normalised.normalised == subscription.normalised)
        #expect(subscription.normalised.user == subscription.user?.lowercased())
    }

    @Test(
        "defaults that the exchange fills in are the same subscription",
        arguments: [
            (#"{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null}"#, .l2Book(coin: "BTC")),
            (#"{"type":"userFills","user":"0xab","aggregateByTime":false}"#, .userFills(user: "0xAB")),
            (#"{"type":"allMids","dex":""}"#, .allMids(dex: nil)),
            (#"{"type":"candle","interval":"1d","coin":"HYPE"}"#, .candle(coin: "HYPE", interval: .oneDay)),
        ] as [(String, FeedSubscription)])
    func defaults(_ text: String, _ subscription: FeedSubscription) throws {
        #expect(FeedSubscription(echo: try JSON.parse(text)) == subscription.normalised)
    }

    @Test("others differ", arguments: [#"{"type":"userFills","user":"0xab","aggregateByTime":true}"#, #"{"type":"userFills"}"#, #"{"type":"new"}"#, "[]"])
    func others(_ text: String) throws {
        #expect(FeedSubscription(echo: try JSON.parse(text)) != .userFills(user: "0xab"))
    }
}
