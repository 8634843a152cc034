import ConfigStore
import CopyTrading
import Foundation
import JSON
import Settings
import Testing

@testable import Hyperliquid
@testable import Pipeline
@testable import Postgres

/// Each of these once ended a process, or would have kept it busy without end.
@Suite("Hostile inputs")
struct HostileInputTests {
    private func edited(_ json: JSON, _ name: String, _ value: JSON) -> JSON {
        guard case .object(let members) = json else { return json }
        return .object(members.map { $0.name == name ? JSON.Member(name, value) : $0 })
    }

    @Test("times beyond any calendar are refused at the door, not overflowed behind it", arguments: [Int64.max, .min, -1, 1_000_000_000_000_001])
    func times(time: Int64) throws {
        let trade: JSON = ["coin": "BTC", "side": "A", "px": "1", "sz": "1", "time": 1, "hash": "0x0", "tid": 1]
        #expect { try MarketTrade(json: edited(trade, "time", .integer(time))) } throws: { "\($0)" == "time: not a time since 1970" }
        let fill = try #require(try Corpus.fills().first)
        #expect(throws: JSONError.self) { try UserFill(json: edited(fill, "time", .integer(time))) }
        #expect(try UserFill(json: fill).time > 0)
    }

    @Test("an action budget whose difference would overflow is refused")
    func budget() throws {
        let json: JSON = ["cumVlm": "1.0", "nRequestsUsed": 5, "nRequestsCap": 10_000]
        let request = InfoRequest.userRateLimit("0x1")
        #expect(try request.decode(json).remaining == 9_995)
        for hostile in [edited(json, "nRequestsUsed", .integer(Int64.min)), edited(json, "nRequestsCap", .integer(Int64.max))] {
            #expect(throws: JSONError.self) { try request.decode(hostile) }
        }
    }

    @Test("an attempt's record with a number no worker wrote is refused, naming it", arguments: [
        ("attempt", JSON.integer(Int64.max)), ("attempt", -1), ("nonce", -1), ("nonce", .integer(Int64.max)), ("preparedUs", .integer(Int64.min)),
        ("expiresAfter", -1),
    ])
    func attempts(name: String, value: JSON) throws {
        let whole = try #require(Records.all.first { (try? AttemptRecord(json: $0)) != nil })
        let error = #expect(throws: JSONError.self) { try AttemptRecord(json: edited(whole, name, value)) }
        #expect(error?.path == name)
    }

    @Test("a job's terms and times beyond what any configuration has are refused, naming them", arguments: [
        ("bookBps", JSON.integer(Int64.max)), ("spreadBps", -1), ("leverage", .integer(Int64.min)), ("accumulateMs", .integer(Int64.max)),
    ])
    func terms(name: String, value: JSON) throws {
        let whole = EntryTerms(leaderStart: .zero, leaderEnd: Size(1), bookSlippageBasisPoints: 25, maximumSpreadBasisPoints: 10, leverage: 3)
        #expect(try EntryTerms(json: whole.json) == whole)
        let error = #expect(throws: JSONError.self) { try EntryTerms(json: edited(whole.json, name, value)) }
        #expect(error?.path == name)
        for time in ["leaderFillMs", "receivedUs"] {
            let error = #expect(throws: JSONError.self) { try ExecutionJob(json: edited(Records.job.json, time, .integer(Int64.max))) }
            #expect(error?.path == time)
        }
    }

    @Test("a limit so many basis points away that no price is left is none")
    func farLimits() {
        #expect(TickRounding.limit(reference: Price(1), basisPoints: .max, side: .sell, purpose: .entry, sizeDecimals: 2) == nil)
        #expect(TickRounding.limit(reference: Price(1), basisPoints: .max, side: .buy, purpose: .entry, sizeDecimals: 2) == nil)
    }

    @Test("sums beyond 64 bits stay at their end, and no door takes their text")
    func sums() {
        let most = Size(e8: Size.limit)
        let sum = most + most + most
        #expect(sum.e8 == .max && (-sum - most).e8 == -.max && Size(e8: .min).magnitude.e8 == .max && (-Size(e8: .min)).e8 == .max)
        #expect(throws: MoneyError.self) { try Size(parsing: sum.description) }
        var fills = OrderFills()
        for _ in 0..<20 { fills.add(size: most, price: Price(e8: Price.limit), fee: Notional(e8: Notional.limit)) }
        #expect(fills.filled.e8 == .max && fills.value.e8 > 0 && fills.averagePrice != nil)
    }

    @Test("a book whose sides cancel out has no spread")
    func spread() {
        #expect(Quote(reference: Price(1), bestBid: Price(1), bestAsk: Price(-1)).spreadBasisPoints == nil)
        #expect(Quote(reference: Price(1), bestBid: Price(99), bestAsk: Price(101)).spreadBasisPoints == 200)
    }

    @Test("an average of nothing is the average there was")
    func average() {
        let sleeve = Sleeve(position: .zero, averageEntry: Price(5), revision: 1)
        #expect(sleeve.applying(side: .buy, size: .zero, price: Price(9), lifecycle: nil).position.isZero)
    }

    @Test("a derived decimal has one sign at most", arguments: ["--1.1234567891", "--1", "-", "", "1.-5"])
    func signs(text: String) {
        #expect(throws: MoneyError.self) { try WireDecimal.denoised(text) as Size }
    }

    @Test("an array of the database that announces less than nothing is refused")
    func array() {
        func integers(_ values: Int32...) -> ArraySlice<UInt8> { values.flatMap { value in withUnsafeBytes(of: value.bigEndian) { Array($0) } }[...] }
        #expect(integers(1, 0, 25, -1, 1).arrayTexts == nil)
        #expect(integers(1, 0, 25, 0, 1).arrayTexts == [])
    }

    @Test("an object of many members is read in one pass")
    func wideObject() throws {
        let members = (0..<200_000).map { JSON.Member("c\($0)", 1) }
        let found = try JSON.object([.init("all", .object(members))]).entries("all") { value throws(JSONError) in try value.asInteger() }
        #expect(found.count == 200_000)
        #expect(throws: JSONError(path: "all.x", problem: "missing")) {
            try (["all": ["x": nil]] as JSON).entries("all") { value throws(JSONError) in try value.asInteger() }
        }
    }

    // MARK: YAML

    private func problem(_ text: String) -> String? {
        do throws(ConfigFaults) {
            _ = try ConfigFile.read(text: text, path: "c.yaml", environment: [:])
            return nil
        } catch { return error.faults.first?.description }
    }

    @Test("a few lines that stand for billions are refused before anything is built of them")
    func laughs() {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for level in 1...30 { lines.append("a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]") }
        lines.append("? *a30\n: 1")
        #expect(problem(lines.joined(separator: "\n")) == "c.yaml:1: anchors and aliases (& and *) are not read here")
        #expect(problem("influencers: []\nsubscribers: *x\n") == "c.yaml:2: anchors and aliases (& and *) are not read here")
        #expect(problem("# *not* an &alias\ninfluencers: []\nsubscribers: []\nsubscriptions: []\n") == nil)
    }

    @Test("deep nesting is refused, in both styles", arguments: [
        String(repeating: "[", count: 900), "a: " + String(repeating: "{b: ", count: 33), String(repeating: "- ", count: 500) + "x",
    ])
    func nesting(text: String) { #expect(problem(text) == "c.yaml:1: is nested deeper than 32 levels") }

    @Test("a mistake made a hundred thousand times is told a thousand times")
    func faults() {
        let text = "influencers:\n" + String(repeating: "  - {wrong: 1}\n", count: 20_000) + "subscribers: []\nsubscriptions: []\n"
        do throws(ConfigFaults) { _ = try ConfigFile.read(text: text, path: "c.yaml", environment: [:]) } catch { #expect(error.faults.count == 1_000) }
    }

    @Test("a key in the place of its file's name, of its variable's or of a member's is not shown")
    func misplacedKeys() {
        let key = "0x" + String(repeating: "c0ffee", count: 10) + "1234"
        for line in ["agent_key_env: \(key)", "agent_key_file: \(key)", "\(key): x", "id: \(key)"] {
            let text = "influencers: []\nsubscriptions: []\nsubscribers:\n  - id: s1\n    account: \"0x00000000000000000000000000000000000000bb\"\n    \(line)\n"
            do throws(ConfigFaults) {
                _ = try ConfigFile.read(text: text, path: "c.yaml", environment: [:])
                Issue.record("\(line) was taken")
            } catch { #expect(!error.description.contains("c0ffee"), "\(error)") }
        }
    }
}

/// What is shown of settings.
@Suite("Misplaced secrets of settings")
struct MisplacedSecretTests {
    @Test("a password in a URL without a host, and a key where anything else belongs, are not shown", arguments: [
        ("redis://user:word-1", "redis://user:••••"), ("redis://user:word@h:1/2", "redis://user:••••@h:1/2"), ("redis://host:6379/3", "redis://host:6379/3"),
        ("unix:///tmp/r.sock?db=2", "unix:///tmp/r.sock?db=2"), ("http://127.0.0.1:80/x", "http://127.0.0.1:80/x"), ("redis://[::1]:6379", "redis://[::1]:6379"),
        ("0x" + String(repeating: "ab", count: 32), nil), ("plain", "plain"),
    ] as [(String, String?)])
    func shown(text: String, expected: String?) { #expect(Redaction.shown(text) == expected) }

    @Test("faults of settings show neither")
    func faults() throws {
        let key = String(repeating: "c0ffee42", count: 8)
        let environment = ["VIBE_BATCH": "0x" + key, "VIBE_SIGNING_KEY_FILE": key, "VIBE_REDIS_URL": "redis://user:word-1"]
        let error = #expect(throws: SettingsFaults.self) { try Settings(environment: environment) }
        let text = try #require(error?.description)
        #expect(!text.contains("c0ffee") && !text.contains("word-1") && text.contains("VIBE_BATCH"), "\(text)")
    }

    @Test("a key given where its file's name belongs is not shown")
    func keyFile() {
        let key = String(repeating: "c0ffee42", count: 8)
        #expect { try AgentKey.read(key) } throws: { "\($0)" == "the file cannot be read" }
    }
}
