import ConfigStore
import CopyTrading
import Cryptography
import Failpoints
import Foundation
import JSON
import Redis
import Settings
import Testing
import WebSocket

@Suite("Broken configurations and settings")
struct ConfigurationFuzzTests {
    private static let text = """
        influencers:
          - {id: leader-a, address: "0x00000000000000000000000000000000000000aa", active: true}
        subscribers:
          - id: s1
            account: "0x00000000000000000000000000000000000000bb"
            agent_key_env: K1
        subscriptions:
          - subscriber: s1
            influencer: leader-a
            sizing: { mode: fixed_notional, notional: "50" }
            limits: { max_order_notional: "500", entry_expiry_ms: 4000, allow: [BTC, xyz:CL], deny: [] }
            leverage: match 5
        coins: {DOGE: exits_only}
        """
    private static let shapes = ["a: &x [1, *x]", "? [a, b]\n: c", "- - - - -", "a: !!binary aGk=", "--- a\n--- b", "a: |\n  x\n b", "'", "%YAML 1.2\n---\n{"]

    @Test("a configuration is read, or refused with file, line and field, and at most so many faults")
    func yaml() throws {
        let simulation = try Corpus.text("simulation/subscriptions.yaml")
        let corpus = [Array(Self.text.utf8)] + Self.shapes.map { Array($0.utf8) } + (simulation.count < 16 << 10 ? [simulation] : [])
        let environment = ["K1": String(repeating: "1", count: 64)]
        try Fuzz.run("yaml", corpus: corpus, cases: 600) { input in
            guard let text = String(validating: input, as: UTF8.self) else { return }
            do throws(ConfigFaults) { _ = try ConfigFile.read(text: text, path: "/none/c.yaml", environment: environment) } catch {
                guard (1...1_000).contains(error.faults.count), error.faults.allSatisfy({ $0.file.hasPrefix("/none/") }) else {
                    throw Fuzz.Broken("\(error.faults.count) faults")
                }
            }
        }
    }

    @Test("texts of settings are read or refused; what is read has a text that reads back the same")
    func settings() throws {
        let corpus = [
            "250ms", "90s", "10000d", "2/1s:5", "1000000/1s:1000000", "redis://user:word@host:6379/3", "unix:///tmp/r.sock?db=2", "wss://host:443/ws?x",
            "work.after_write=kill@1", "mon-fri 09:00-17:30", "BTC*", "global:all", "50000 50010 50001 - 1795240482390", "1795240482390 49990:1.2,49989:3 50010:0.7",
            "0x00ff",
        ]
        try Fuzz.run("settings", corpus: corpus.map { Array($0.utf8) }, cases: 1_200) { input in
            let text = String(decoding: input, as: UTF8.self)
            if let duration = Duration(parsing: text), Duration(parsing: duration.text) != duration { throw Fuzz.Broken("\(duration)") }
            if let limit = try? RateLimit(parsing: text) {
                guard try RateLimit(parsing: limit.description) == limit, limit.tolerance > 0 else { throw Fuzz.Broken("\(limit)") }
            }
            if let quote = try? MarketQuote(text: text) {
                guard try MarketQuote(text: quote.text) == quote else { throw Fuzz.Broken("\(quote)") }
                _ = (quote.markOracleBasisPoints, quote.quote?.spreadBasisPoints)
            }
            if let depth = try? MarketDepth(text: text) {
                guard try MarketDepth(text: depth.text) == depth else { throw Fuzz.Broken("\(depth)") }
                _ = depth.visible(to: .buy, within: Price(e8: Price.limit), best: depth.bids.first?.price)
            }
            if let bytes = Hexadecimal.bytes(text), Hexadecimal.bytes(Hexadecimal.text(bytes)) != bytes { throw Fuzz.Broken("\(bytes)") }
            _ = (try? RedisEndpoint(parsing: text), try? WebSocketURL(parsing: text), try? FailpointPlan(parsing: text, seed: 1))
            _ = (TradingSchedule.Window(text), LatchScope(text), try? SealingKey(parsing: text), Settings.isSpeed(text))
            _ = try? Settings(environment: ["VIBE_BATCH": text, "VIBE_RATE_SUBSCRIBER__x": text, "VIBE_REDIS_URL": text, "VIBE_LEASE_TTL": text])
        }
    }
}
