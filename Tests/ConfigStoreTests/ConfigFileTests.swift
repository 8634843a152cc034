import ConfigStore
import CopyTrading
import Foundation
import Testing

struct ConfigFileTests {
    @Test("a whole file is read as it is meant")
    func whole() throws {
        let file = try Sample().read(Sample.text, environment: Sample.environment)
        #expect(
            file.influencers == [
                Influencer(id: "leader-a", address: Sample.address(100)),
                Influencer(id: "leader-b", address: Sample.address(101), tier: .publicTrades),
            ])
        #expect(file.subscribers.map(\.id) == ["s1", "s2"])
        #expect(file.subscribers.map(\.account.text) == [Sample.address(1), Sample.address(2)])
        #expect(file.agentKeys["s1"]?.address == Sample.agent(1))
        #expect(file.agentKeys["s2"]?.address == Sample.agent(2))
        let first = file.subscriptions[0]
        #expect(first.id == "s1:leader-a")
        #expect(first.account.text == Sample.address(1))
        #expect(first.sizing == .fixedNotional(Notional(50)))
        #expect(
            first.limits
                == Subscription.Limits(
                    maximumOrderNotional: Notional(500), maximumPositionNotional: try Notional(parsing: "2000.5"),
                    entrySlippageBasisPoints: 25,
                    entryExpiryMilliseconds: 4_000, allowedCoins: ["BTC", "xyz:CL"], deniedCoins: []))
        #expect(file.subscriptions[1].state == .windDown)
        #expect(file.subscriptions[1].inverse)
        #expect(file.subscriptions[1].sizing == .ratio(try Ratio(parsing: "0.025")))
        #expect(file.subscriptions[1].limits == Subscription.Limits())
        #expect(file.subscriptions[2].id == "own-name")
        #expect(file.subscriptions[2].sizing == .equityProportional(allocation: Notional(5_000), multiplier: try Ratio(parsing: "1.5")))
        #expect(file.subscriptions[2].limits.deniedCoins == ["kPEPE"])
    }

    @Test("a leader's tier is auto, 1 or 2, and auto when it is not said")
    func tiers() throws {
        func text(_ tier: String) -> String {
            "influencers:\n  - {id: a, address: \"\(Sample.address(1))\"\(tier)}\nsubscribers: []\nsubscriptions: []\n"
        }
        let tiers = try ["", ", tier: auto", ", tier: 1", #", tier: "2""#].map { try Sample().read(text($0)).influencers[0].tier }
        #expect(tiers == [.automatic, .automatic, .ownFills, .publicTrades])
        #expect(try Sample().faults(text(", tier: 3")) == [#"2 influencers[0].tier: "3" is none of auto, 1, 2"#])
    }

    @Test("every mistake is reported at once, with its line, field and value")
    func allAtOnce() throws {
        let text = """
            influencers:
              - id: leader-a
                address: "0x12"
              - id: leader-a
                address: "\(Sample.address(7))"
                colour: red
            subscribers:
              - id: s1
                account: "\(Sample.address(1))"
                agent_key_env: K1
              - id: s2
                account: "\(Sample.address(1).uppercased().replacingOccurrences(of: "0X", with: "0x"))"
                vault_address: "\(Sample.address(3))"
                agent_key_env: K9
              - account: []
            subscriptions:
              - subscriber: s1
                influencer: leader-b
                state: asleep
                inverse: yes
                sizing: { mode: fixed_notional, notional: 1e3, ratio: 2 }
                limits: { entry_slippage_bps: -1, entry_expiry_ms: 5s, allow: [BTC, BTC, ""], max_order_notional: 0 }
              - subscriber: s1
                influencer: leader-a
                sizing: { mode: sideways }
              - subscriber: nobody
                influencer: leader-a
              - just text
            extra: 1
            """
        let faults = try Sample().faults(text, environment: Sample.environment)
        let expected = [
            "4 influencers[1].id: \"leader-a\" is given twice: line 2 has this influencer too",
            "3 influencers[0].address: \"0x12\" is not an address: expected 0x and 40 hexadecimal digits",
            "6 influencers[1].colour: unknown; known are active, address, hygiene, id, state, tier",
            "11 subscribers[1].account: \"\(Sample.address(1))\" is given twice: line 8 has this account too",
            "11 subscribers[1].vault_address: \"\(Sample.address(3))\" is not the account \(Sample.address(1))",
            "14 subscribers[1].agent_key_env: \"K9\" is not set in the environment",
            "15 subscribers[2].account: is a list, expected a single value",
            "15 subscribers[2].id: missing",
            "17 subscriptions[0].influencer: \"leader-b\" is not among the influencers",
            "19 subscriptions[0].state: \"asleep\" is none of active, exits_only, wind_down, paused, stopped",
            "20 subscriptions[0].inverse: \"yes\" is neither true nor false",
            "21 subscriptions[0].sizing.notional: \"1e3\" is not a decimal number such as 12.5",
            "21 subscriptions[0].sizing.ratio: unknown to mode fixed_notional; known are mode, notional, per_order",
            "22 subscriptions[0].limits.allow[1]: \"BTC\" is given twice",
            "22 subscriptions[0].limits.allow[2]: \"\" is not a coin's name",
            "22 subscriptions[0].limits.entry_expiry_ms: \"5s\" is not a whole number from 1000 to 60000",
            "22 subscriptions[0].limits.entry_slippage_bps: \"-1\" is not a whole number from 0 to 10000",
            "22 subscriptions[0].limits.max_order_notional: \"0\" must be more than 0",
            "25 subscriptions[1].sizing.mode: \"sideways\" is none of fixed_notional, fixed_margin, fixed_size, ratio, equity_proportional, margin_proportional, tiered, vol_scaled",
            "26 subscriptions[2].sizing: missing",
            "26 subscriptions[2].subscriber: \"nobody\" is not among the subscribers",
            "28 subscriptions[3]: \"just text\" is a single value, expected a mapping (name: value)",
            "29 extra: unknown; known are agent_keys, coins, influencers, state, subscribers, subscriptions",
        ]
        for fault in expected where !faults.contains(fault) { Issue.record("not reported: \(fault)") }
        for fault in faults where !expected.contains(fault) { Issue.record("reported besides: \(fault)") }
    }

    @Test("money is read digit by digit", arguments: ["0.00000001", "45999999999.99999999", "0.1", "100"])
    func money(text: String) throws {
        let yaml = Sample.text.replacingOccurrences(of: "notional: \"50\"", with: "notional: \(text)")
        let file = try Sample().read(yaml, environment: Sample.environment)
        #expect(file.subscriptions[0].sizing == .fixedNotional(try Notional(parsing: text)))
        let tooPrecise = Sample.text.replacingOccurrences(of: "notional: \"50\"", with: "notional: 0.000000001")
        #expect(
            try Sample().faults(tooPrecise, environment: Sample.environment)
                == ["18 subscriptions[0].sizing.notional: \"0.000000001\" has more than 8 decimals"])
    }

    @Test("a missing section is a fault, because what is missing is removed")
    func sections() throws {
        #expect(
            try Sample().faults("subscribers: []\n") == [
                "1 influencers: missing; `influencers: []` says there are none",
                "1 subscriptions: missing; `subscriptions: []` says there are none",
            ])
        #expect(try Sample().faults("influencers: []\nsubscribers: []\nsubscriptions: []\n") == [])
        #expect(try Sample().faults("") == ["1 : the file is empty"])
        #expect(try Sample().faults("- a\n") == ["1 : is a list, expected a mapping (name: value)"])
    }

    @Test("a setting whose value was lost is a fault, wherever it is and however it is written")
    func lostValues() throws {
        let text = """
            influencers:
              - {id: a, address: "\(Sample.address(1))", active: }
            subscribers:
              - {id: s, account: "\(Sample.address(2))", limits: {max_gross_notional: }, state: ~}
            subscriptions:
              - {subscriber: s, influencer: a, sizing: {mode: ratio, ratio: null}}
            coins:
            agent_keys: NULL
            """
        let lost = "has no value; leave it out, or write none"
        #expect(
            try Sample().faults(text) == [
                "2 influencers[0].active: \(lost)", "4 subscribers[0].limits.max_gross_notional: \(lost)", "4 subscribers[0].state: \(lost)",
                "6 subscriptions[0].sizing.ratio: missing", "7 coins: \(lost)", "8 agent_keys: \(lost)",
            ])
        #expect(
            try Sample().faults("influencers:\nsubscribers: []\nsubscriptions: []\n")
                == ["1 influencers: missing; `influencers: []` says there are none"])
    }

    @Test("a leader that is not followed has no subscriptions: their exits would not be seen")
    func notFollowed() throws {
        func text(_ subscriptions: String) -> String {
            """
            influencers:
              - {id: a, address: "\(Sample.address(1))", active: false}
            subscribers:
              - {id: s, account: "\(Sample.address(2))", agent_key_env: K1}
            subscriptions: \(subscriptions)
            """
        }
        #expect(try Sample().read(text("[]"), environment: Sample.environment).influencers.map(\.isActive) == [false])
        #expect(
            try Sample().faults(text("[{subscriber: s, influencer: a, sizing: {mode: ratio, ratio: 1}}]"), environment: Sample.environment) == [
                #"5 subscriptions[0]: "s:a" copies influencer a, which is not followed (active: false), so that no exit would be mirrored: "#
                    + "set `state: exits_only` there instead"
            ])
    }

    @Test("the states of coins have each coin once, by its whole name")
    func coinStates() throws {
        func faults(_ coins: String) throws -> [String] {
            try Sample().faults("influencers: []\nsubscribers: []\nsubscriptions: []\ncoins: \(coins)\n")
        }
        #expect(try faults("{kPEPE: exits_only, xyz:CL: paused}") == [])
        let pattern = "is not a coin's name; patterns are for allow and deny"
        #expect(try faults(#"{"k*": stopped, "xyz:*": exits_only}"#) == ["4 coins.k*: \(pattern)", "4 coins.xyz:*: \(pattern)"])
        let list = "4 coins.?: is a list, expected a coin's name"
        #expect(try faults("{[BTC]: stopped, [ETH, SOL]: paused}") == [list, list])
    }

    @Test("orders of one size each are no base of a size that is weighed by volatility")
    func weighedOrders() throws {
        let text = """
            influencers:
              - {id: a, address: "\(Sample.address(1))"}
            subscribers:
              - {id: s, account: "\(Sample.address(2))", agent_key_env: K1}
            subscriptions:
              - subscriber: s
                influencer: a
                sizing: {mode: vol_scaled, target_daily_volatility: 0.02, base: {mode: fixed_notional, notional: 100, per_order: true}}
                limits: {max_position_notional: 1000}
            """
        #expect(
            try Sample().faults(text, environment: Sample.environment) == [
                #"6 subscriptions[0].sizing.base.per_order: "true" is not possible here: what is weighed is the size of the OPEN"#
            ])
    }

    @Test("a file that begins with a byte order mark is read as any other")
    func byteOrderMark() throws {
        #expect(try Sample().faults("\u{FEFF}influencers: []\nsubscribers: []\nsubscriptions: []\n") == [])
    }

    @Test("a mistake in the YAML itself gives its line")
    func syntax() throws {
        let broken = try Sample().faults("influencers:\n  - id: a\n   address: b\n")
        #expect(broken.count == 1 && broken[0].hasPrefix("3 : not YAML: "))
        #expect(
            try Sample().faults("influencers: []\ninfluencers: []\n").first?.hasSuffix("influencers: given more than once in one mapping")
                == true)
        #expect(throws: ConfigFaults.self) { try ConfigFile.read(path: "/nowhere/config.yaml", environment: [:]) }
    }

    @Test("two leaders on one address, and a subscriber that copies itself, are refused")
    func loops() throws {
        let twice = Sample.text.replacingOccurrences(of: Sample.address(101), with: Sample.address(100))
        #expect(
            try Sample().faults(twice, environment: Sample.environment)
                == ["4 influencers[1].address: \"\(Sample.address(100))\" is given twice: line 2 has this address too"])
        let itself = Sample.text.replacingOccurrences(of: Sample.address(100), with: Sample.address(1))
        #expect(
            try Sample().faults(itself, environment: Sample.environment)
                == ["14 subscriptions[0]: \"s1:leader-a\" copies its own account, which would never end"])
    }

    @Test("subscribers that copy one another round in a circle are refused, those who copy into it or out of it are not")
    func circles() throws {
        // accounts 1 → 2 → 3 → 1; 4 copies 1; 1 copies 5 as well
        let copies = [(2, 1), (3, 2), (1, 3), (4, 1), (1, 5)]
        var text = "influencers:\n"
        for number in [1, 2, 3, 5] { text += "  - {id: l\(number), address: \"\(Sample.address(number))\"}\n" }
        text += "subscribers:\n"
        for number in 1...4 { text += "  - {id: s\(number), account: \"\(Sample.address(number))\"}\n" }
        text += "subscriptions:\n"
        for (subscriber, leader) in copies { text += "  - {subscriber: s\(subscriber), influencer: l\(leader), sizing: {mode: ratio, ratio: 1}}\n" }
        let expected = copies.prefix(3).enumerated().map { index, copy in
            "\(index + 12) subscriptions[\(index)]: \"s\(copy.0):l\(copy.1)\" copies \(Sample.address(copy.1)), which copies \(Sample.address(copy.0)) "
                + "in turn, itself or through others: that would never end"
        }
        #expect(try Sample().faults(text) == expected)
    }

    @Test("a large file is read in reasonable time")
    func large() throws {
        var text = "influencers:\n  - {id: l, address: \"\(Sample.address(0))\"}\nsubscribers:\n"
        for number in 1...2_000 { text += "  - {id: s\(number), account: \"\(Sample.address(number))\"}\n" }
        text += "subscriptions:\n"
        for number in 1...2_000 { text += "  - {subscriber: s\(number), influencer: l, sizing: {mode: ratio, ratio: 0.5}}\n" }
        let start = ContinuousClock.now
        #expect(try Sample().read(text).subscriptions.count == 2_000)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
