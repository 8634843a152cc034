import CopyTrading
import Testing

@Suite("Exact money")
struct MoneyTests {
    @Test("decimals are read and written canonically", arguments: [
        ("0", "0"), ("-0", "0"), ("1.50", "1.5"), ("-12.5", "-12.5"), ("0.00000001", "0.00000001"), ("46000000000", "46000000000"),
        ("007", "7"), ("1.1000000000", "1.1"),
    ])
    func canonical(text: String, expected: String) throws {
        #expect(try Size(parsing: text).description == expected)
    }

    @Test("what is not a plain decimal is refused", arguments: ["", "-", ".", "1.", ".5", "1e3", "+1", " 1", "1 ", "1,5", "0x1", "--1", "1.2.3", "٣"])
    func malformed(text: String) {
        #expect(throws: MoneyError.malformed(text)) { try Size(parsing: text) }
    }

    @Test("values beyond the range or the precision are refused, unless loss is allowed")
    func limits() throws {
        #expect(throws: MoneyError.outOfRange("46000000000.00000001")) { try Size(parsing: "46000000000.00000001") }
        #expect(throws: MoneyError.outOfRange("99999999999999999999999")) { try Size(parsing: "99999999999999999999999") }
        #expect(throws: MoneyError.tooPrecise("0.123456789")) { try Price(parsing: "0.123456789") }
        #expect(try Notional(parsing: "-3695042.8999999999", lossy: true).description == "-3695042.89999999")
    }

    @Test("products and quotients are exact in 128 bits, truncated once, and refused out of range")
    func products() throws {
        #expect(try Price(parsing: "2000.425") * Size(parsing: "-0.25") == Notional(parsing: "500.10625"))
        #expect(try Notional(10) / Price(3) == Size(parsing: "3.33333333"))
        #expect(try Notional(10) / Size(-4) == Price(parsing: "2.5"))
        #expect(throws: MoneyError.self) { try Price(40_000_000_000) * Size(2) }
        #expect(throws: MoneyError.divisionByZero) { try Notional(1) / Price.zero }
        #expect(throws: MoneyError.divisionByZero) { try Ratio(Size(1), over: .zero) }
    }

    @Test("rounding goes toward and away from zero by decimals", arguments: [
        ("1.23456789", 4, "1.2345", "1.2346"), ("-1.23456789", 0, "-1", "-2"), ("1.5", 8, "1.5", "1.5"), ("0.1", 0, "0", "1"),
    ])
    func rounding(text: String, decimals: Int, toward: String, away: String) throws {
        let size = try Size(parsing: text)
        #expect(size.truncated(decimals: decimals).description == toward)
        #expect(size.roundedAway(decimals: decimals).description == away)
    }

    @Test("a ratio keeps eighteen decimals through its text", arguments: ["0", "1", "0.025", "0.333333333333333333", "-2.5", "123456.000000000000000001"])
    func ratioText(text: String) throws {
        #expect(try Ratio(exactly: text).description == text)
    }

    @Test("a malformed ratio is refused", arguments: ["", "1.", ".5", "1.2.3", "0.+1", "+1", "1e3", "0.0000000000000000001", "--1"])
    func malformedRatio(text: String) {
        #expect(throws: MoneyError.malformed(text)) { try Ratio(exactly: text) }
    }

    @Test("a ratio beyond computing is refused instead of trapping")
    func hugeRatio() {
        let text = String(repeating: "9", count: 30)
        #expect(throws: MoneyError.outOfRange(text)) { try Ratio(exactly: text) }
    }

    @Test("R-40: ids are stable across machines and versions of this program")
    func ids() {
        let leg = Leg(action: .open, start: .zero, end: Size(10))
        let signal = SignalID(network: "mainnet", influencer: "leader-1", coin: "ETH", firstFill: 301, lastFill: 103, legs: [leg])
        let request = RequestID(signal: signal, subscription: "sub-1")
        let job = JobID(request: request, leg: 0)
        #expect(signal.text == "42c0b1685c85b4b37f2e02117fe312f0")
        #expect(request.text == "52d07542cb792f9dd65921300c119ab1")
        #expect(job.text == "fcc05e77a72ee990aae190b29c961374")
        #expect(ClientOrderID(job: job, attempt: 1).text == "0xfc3a1510d650df0cb08dc0c81dbd0dca")
        #expect(ClientOrderID(job: job, attempt: 2) != ClientOrderID(job: job, attempt: 1))
    }

    @Test("R-26, R-45: the signal by which a subscription joins has an id of what is joined, by whom and when, the same on any machine")
    func joiningID() {
        func id(
            _ subscription: SubscriptionID = "sub-1", _ coin: Coin = "ETH", _ influencer: InfluencerID = "leader-1", _ version: Int64 = 7,
            network: String = "mainnet"
        ) -> SignalID {
            SignalID(network: network, influencer: influencer, coin: coin, joining: subscription, configVersion: version)
        }
        #expect(id().text == "66d4f950b89faafcf6b5c7917ca5d094")
        let others = [
            id("sub-2"), id("sub-1", "BTC"), id("sub-1", "ETH", "leader-2"), id("sub-1", "ETH", "leader-1", 8), id(network: "testnet"),
        ]
        #expect(Set(others + [id()]).count == 6)
    }
}
