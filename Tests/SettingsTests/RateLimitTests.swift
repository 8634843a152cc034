import Settings
import Testing

@Suite("Rate limits")
struct RateLimitTests {
    @Test("a limit reads as count, period and burst, and prints as it reads")
    func reads() throws {
        let limit = try RateLimit(parsing: "2/1s:5")
        #expect(limit.count == 2)
        #expect(limit.period == 1_000_000)
        #expect(limit.burst == 5)
        #expect(limit.interval == 500_000)
        #expect(limit.tolerance == 2_500_000)
        #expect("\(limit)" == "2/1s:5")
        #expect(try "\(RateLimit(parsing: "1200/60s:40"))" == "1200/1m:40")
    }

    @Test("the interval is rounded up, so that the limit is never exceeded")
    func roundsUp() throws {
        #expect(try RateLimit(parsing: "3/1s:1").interval == 333_334)
    }

    @Test(
        "a malformed limit is refused",
        arguments: [
            "", "2", "2/1s", "2/1s:", "2/:5", "/1s:5", "0/1s:5", "2/0s:5", "2/1s:0", "-2/1s:5", "2/1s:5:1", "2/1:5", "2/1w:5", "2 /1s:5",
            "1.5/1s:5", "2/1s:1000001", "99999999999/1s:1",
        ])
    func refuses(text: String) {
        #expect(throws: RateLimit.Fault.malformed(text)) { try RateLimit(parsing: text) }
    }

    @Test("more than one a microsecond is refused, since its interval would be zero")
    func tooFast() throws {
        #expect(throws: RateLimit.Fault.tooFast) { try RateLimit(parsing: "1000001/1s:1") }
        #expect(try RateLimit(parsing: "1000000/1s:1").interval == 1)
    }

    @Test("a burst that takes more than thirty days to come back is refused")
    func tooSlow() {
        #expect(throws: RateLimit.Fault.tooSlow) { try RateLimit(parsing: "1/1d:31") }
    }

    @Test("an exception applies to its id alone, written as a shell can")
    func exceptions() throws {
        let settings = try Settings(environment: [
            "VIBE_RATE_SUBSCRIBER": "3/1s:6", "VIBE_RATE_SUBSCRIBER__sub_007": "1/1s:1", "VIBE_RATE_ACCOUNT__0xAB": "4/1s:4",
        ])
        let rates = settings.rates
        #expect("\(rates.effective(for: .subscriber("sub-007")))" == "1/1s:1")
        #expect("\(rates.effective(for: .subscriber("sub-008")))" == "3/1s:6")
        #expect("\(rates.effective(for: .account("0xab")))" == "4/1s:4")
        #expect("\(rates.effective(for: .account("0xac")))" == "10/1s:40")
        #expect(rates.isException(.subscriber("sub-007")))
        #expect(!rates.isException(.egress("sub-007")))
    }

    @Test("the fingerprint differs when any limit differs, and only then")
    func fingerprint() throws {
        func of(_ environment: [String: String]) throws -> String { try Settings(environment: environment).settingsFingerprint }
        let plain = try of([:])
        #expect(plain.count == 16)
        #expect(try of(["VIBE_RATE_SUBSCRIBER": "2/1s:5"]) == plain)
        #expect(try of(["VIBE_LOG_LEVEL": "debug"]) == plain)
        #expect(try of(["VIBE_RATE_SUBSCRIBER": "2/1s:6"]) != plain)
        #expect(try of(["VIBE_RATE_MAXIMUM_WAIT": "4s"]) != plain)
        #expect(try of(["VIBE_RATE_ACCOUNT__a": "2/1s:5"]) != of(["VIBE_RATE_SUBSCRIBER__a": "2/1s:5"]))
    }
}
