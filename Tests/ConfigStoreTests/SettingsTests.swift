import ConfigStore
import CopyTrading
import Foundation
import Logging
import Postgres
import TestServers
import Testing

@Suite("Settings of a configuration file")
struct SettingsOfSubscriptionsTests {
    /// One subscription with the settings given in flow style, and one of its subscriber.
    private func yaml(_ settings: String, subscriber: String = "", top: String = "") -> String {
        """
        influencers: [{id: l, address: "\(Sample.address(100))"}]
        subscribers:
          - {id: s, account: "\(Sample.address(1))"\(subscriber)}
        subscriptions:
          - {subscriber: s, influencer: l, \(settings)}
        \(top)
        """
    }

    private func subscription(_ settings: String) throws -> Subscription {
        try #require(try Sample().read(yaml(settings), environment: [:]).subscriptions.first)
    }

    private static let everything = """
        sizing: {mode: vol_scaled, target_daily_volatility: 0.02, max_weight: 1.5, base: {mode: tiered, brackets: [{up_to: 1000, multiplier: 0.5}, {multiplier: 0}]}}, \
        state: exits_only, inverse: true, below_minimum: raise_to_min, existing_position: copy_now_within 250, join_on_increase: true, \
        leverage: fixed 7, mirror_orders: triggers, heal_entries: true, close_manual: false, \
        limits: {max_order_notional: 500, max_position_notional: 2000.5, entry_slippage_bps: 25, majors_slippage_bps: 10, book_slippage_bps: none, \
        mark_slippage_bps: 90, max_spread_bps: 15, entry_expiry_ms: 4000, accumulate_ms: 9000, allow: ["k*", BTC], deny: [kPEPE]}, \
        filters: {direction: long, min_leader_notional: 100, max_leader_notional: 100000, min_conviction_bps: 20, max_leader_leverage: 12, \
        new_listing_days: 14, schedule: ["mon-fri 08:00-20:00", "sat 22:00-02:00"]}, \
        protection: {stop_loss_bps: 500, take_profit_bps: 1500}
        """

    @Test("every setting is read as it is meant")
    func everything() throws {
        let found = try subscription(Self.everything)
        let brackets = [SizingBracket(upTo: Notional(1_000), multiplier: try Ratio(parsing: "0.5")), SizingBracket(upTo: nil, multiplier: .zero)]
        #expect(found.sizing == .volatilityScaled(.tiered(brackets), target: try Ratio(parsing: "0.02"), maximumWeight: try Ratio(parsing: "1.5")))
        #expect(found.state == .exitsOnly && found.inverse && found.belowMinimum == .raiseToMinimum && found.joining == .copyWithin(basisPoints: 250))
        #expect(found.joinsOnIncrease && found.leverage == .fixed(7) && found.healsEntries && !found.closesManual)
        #expect(found.mirrorOrders == .triggers)
        #expect(found.limits == Subscription.Limits(
            maximumOrderNotional: Notional(500), maximumPositionNotional: try Notional(parsing: "2000.5"), entrySlippageBasisPoints: 25,
            majorsSlippageBasisPoints: 10, bookSlippageBasisPoints: nil, markSlippageBasisPoints: 90, maximumSpreadBasisPoints: 15,
            entryExpiryMilliseconds: 4_000, accumulateMilliseconds: 9_000, allowedCoins: ["k*", "BTC"], deniedCoins: ["kPEPE"]))
        #expect(found.filters == EntryFilters(
            direction: .long, minimumLeaderNotional: Notional(100), maximumLeaderNotional: Notional(100_000), minimumConvictionBasisPoints: 20,
            maximumLeaderLeverage: 12, newListingDays: 14,
            schedule: TradingSchedule(windows: [
                TradingSchedule.Window(days: [0, 1, 2, 3, 4], from: 480, to: 1_200), TradingSchedule.Window(days: [5], from: 1_320, to: 120),
            ])))
        #expect(found.protection == Protection(stopLossBasisPoints: 500, takeProfitBasisPoints: 1_500))
    }

    @Test("R-20: each sizing mode by its name", arguments: [
        ("fixed_notional, notional: 50, per_order: false", SizingMode.fixedNotional(Notional(50))), ("fixed_margin, margin: 20", .fixedMargin(Notional(20))),
        ("fixed_size, size: 3", .fixedSize(Size(3))), ("ratio, ratio: 2", .ratio(Ratio(basisPoints: 20_000))),
        ("equity_proportional, allocation: 10", .equityProportional(allocation: Notional(10), multiplier: .one)),
        ("margin_proportional, allocation: 10, multiplier: 1", .marginProportional(allocation: Notional(10), multiplier: .one)),
        ("tiered, brackets: [{multiplier: 1}]", .tiered([SizingBracket(upTo: nil, multiplier: .one)])),
        ("vol_scaled, target_daily_volatility: 1, base: {mode: fixed_size, size: 3}", .volatilityScaled(.fixedSize(Size(3)), target: .one, maximumWeight: .one)),
    ])
    func modes(text: String, sizing: SizingMode) throws { #expect(try subscription("sizing: {mode: \(text)}").sizing == sizing) }

    @Test("what makes no sense is named with its value and the range allowed, all at once")
    func faults() throws {
        let text = yaml(
            """
            sizing: {mode: tiered, brackets: [{up_to: 5, multiplier: 1}, {up_to: 4, multiplier: -1}]}, below_minimum: guess, leverage: match 0, \
            existing_position: copy_now_within 9999, limits: {max_spread_bps: 0, book_slippage_bps: off}, \
            filters: {schedule: [noon], min_leader_notional: 9, max_leader_notional: 8, new_listing_days: -1, colour: red}
            """, subscriber: ", sharing: both, losses: {max_daily_loss: 9, flatten_daily_loss: 8, day_start_hour: 24}",
            top: "state: asleep\ncoins: {BTC: off}")
        let expected = [
            "3 subscribers[0].losses.day_start_hour: \"24\" is not a whole number from 0 to 23",
            "3 subscribers[0].losses.flatten_daily_loss: \"8\" is less than max_daily_loss 9",
            "3 subscribers[0].sharing: \"both\" is none of isolated, lock, sleeves",
            "5 subscriptions[0].below_minimum: \"guess\" is none of auto, skip, raise_to_min, accumulate",
            "5 subscriptions[0].existing_position: \"copy_now_within 9999\" is none of ignore_until_flat, copy_now_if_better, copy_now_within 1…5000, copy_now_always",
            "5 subscriptions[0].filters.colour: unknown; known are direction, max_leader_leverage, max_leader_notional, min_conviction_bps, min_leader_notional, new_listing_days, schedule",
            "5 subscriptions[0].filters.new_listing_days: \"-1\" is not a whole number from 0 to 3650",
            "5 subscriptions[0].filters.schedule[0]: \"noon\" is no window such as mon-fri 08:00-20:00",
            "5 subscriptions[0].leverage: \"match 0\" is none of match 1…100, fixed 1…100, keep",
            "5 subscriptions[0].limits.book_slippage_bps: \"off\" is not a whole number from 0 to 10000",
            "5 subscriptions[0].limits.max_spread_bps: \"0\" is not a whole number from 1 to 10000",
            "5 subscriptions[0].sizing.brackets[1].multiplier: \"-1\" must be more than 0",
            "5 subscriptions[0].sizing.brackets[1].up_to: \"4\" does not rise above 5",
            "5 subscriptions[0].sizing.brackets[1].up_to: must be there in all brackets but the last",
            "6 state: \"asleep\" is none of active, exits_only, wind_down, paused, stopped",
            "7 coins.BTC: \"off\" is none of active, exits_only, wind_down, paused, stopped",
        ]
        let found = try Sample().faults(text)
        for fault in expected where !found.contains(fault) { Issue.record("not reported: \(fault)") }
        for fault in found where !expected.contains(fault) { Issue.record("reported besides: \(fault)") }
    }

    @Test("settings that only together make no sense are refused")
    func together() throws {
        #expect(try Sample().faults(yaml("sizing: {mode: fixed_notional, notional: 50, per_order: true}"))
            == ["5 subscriptions[0].sizing.per_order: \"true\" needs limits.max_position_notional: nothing else bounds it"])
        #expect(try Sample().faults(yaml("filters: {min_leader_notional: 9, max_leader_notional: 8}, sizing: {mode: ratio, ratio: 1}"))
            == ["5 subscriptions[0].filters.min_leader_notional: \"9\" is more than max_leader_notional 8"])
    }

    @Test("R-54: allocations that do not fit into what an account is funded with are refused when they are written")
    func allocations() throws {
        let fits = yaml("sizing: {mode: equity_proportional, allocation: 950}", subscriber: ", limits: {equity: 1000}")
        #expect(try Sample().faults(fits) == [])
        #expect(try Sample().faults(fits.replacingOccurrences(of: "950", with: "951"))
            == ["3 subscribers[0].limits.equity: \"1000\" leaves 950 to allocate, its subscriptions have 951"])
    }

    @Test("R-50: an isolated account has one subscription")
    func isolated() throws {
        let text = yaml("sizing: {mode: ratio, ratio: 1}", subscriber: ", sharing: isolated")
            + "  - {id: second, subscriber: s, influencer: l, sizing: {mode: ratio, ratio: 1}}\n"
        #expect(try Sample().faults(text.replacingOccurrences(of: "\n\n", with: "\n"))
            == ["3 subscribers[0].sharing: \"isolated\" allows one subscription, there are 2"])
    }

    @Test("the page of all settings is the one that is committed")
    func reference() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("env/subscriptions.md")
        #expect(try String(contentsOf: page, encoding: .utf8) == ConfigReference.markdown, "renew it: vibe config reference --write env/subscriptions.md")
    }

    @Test("the page names every parameter that its mode knows, and no other", arguments: [
        "fixed_notional", "fixed_margin", "fixed_size", "ratio", "equity_proportional", "margin_proportional", "tiered", "vol_scaled",
    ])
    func parameters(mode: String) throws {
        let known = try #require(try Sample().faults(yaml("sizing: {mode: \(mode), nonsense: 1}")).first { $0.contains("nonsense") })
        let names = try #require(known.components(separatedBy: "known are ").last).components(separatedBy: ", ").filter { $0 != "mode" }
        let rows = ConfigReference.markdown.components(separatedBy: "\n| `\(mode)` |")[1].components(separatedBy: "\n").dropFirst()
            .prefix { $0.hasPrefix("| | `") }
        #expect(rows.map { $0.components(separatedBy: "`")[1] }.sorted() == names.sorted())
    }

    @Test("all settings come back from the database as they were written, and changes are told by name")
    func stored() async throws {
        let store = try await Store()
        let text = yaml(
            Self.everything,
            subscriber: ", agent_key_env: K1, state: wind_down, sharing: sleeves, limits: {max_coin_notional: 1, equity_buffer_bps: 7}, losses: {max_daily_loss: 9}",
            top: "state: exits_only\ncoins: {kPEPE: stopped, BTC: active}"
        ).replacingOccurrences(of: "address: \"", with: "state: paused, hygiene: {max_drawdown_bps: none, max_inactive_days: 3}, address: \"")
        try await store.apply(text)
        let file = try store.sample.read(text, environment: Sample.environment)
        let config = store.store()
        try await config.load()
        let snapshot = config.current()
        #expect(snapshot.subscriptions["s:l"] == file.subscriptions[0])
        #expect(snapshot.influencers["l"] == file.influencers[0])
        #expect(snapshot.influencers["l"]?.settings.hygiene.maximumDrawdownBasisPoints == nil)
        #expect(snapshot.subscribers["s"]?.settings == file.subscribers[0].settings)
        #expect(snapshot.subscribers["s"]?.settings.sharing == .sleeves)
        #expect(snapshot.states(influencer: "l", subscriber: "s", coin: "kPEPE")
            == ScopeStates(global: .exitsOnly, influencer: .paused, subscriber: .windDown, coin: .stopped))
        #expect(snapshot.states(influencer: "l", subscriber: "s", coin: "BTC").coin == .active)
        #expect(try await store.apply(text).isEmpty)
        let change = try await store.apply(
            text.replacingOccurrences(of: "\ncoins: {kPEPE: stopped, BTC: active}", with: "").replacingOccurrences(of: "fixed 7", with: "match 7"))
        #expect(change.subscriptions.changed.map(\.description) == ["s:l: leverage fixed 7 → match 7"])
        #expect(change.scopes.removed == ["coin:kPEPE"])
        #expect(try await config.snapshot(version: 1).scopes[.coin("kPEPE")] == .stopped)
        #expect(try await config.waitFor(version: 2).scopes[.coin("kPEPE")] == nil)
    }

    @Test("what was stored before these settings existed is read with their defaults, earlier versions too")
    func migrated() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent("deploy/postgres")
        let scripts = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.sorted()
        let settings = try #require(scripts.firstIndex { $0.hasSuffix("_subscription_settings.sql") })
        let url = try await PrivatePostgres.shared().makeDatabase()
        let connection = PostgresConnection(url: url, name: "test", logger: Logger(label: "test"))
        func run(_ names: some Sequence<String>) async throws {
            for name in names { try await connection.execute(script: try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) }
        }
        try await run(scripts[..<settings])
        try await connection.execute(
            script:
            """
            INSERT INTO config_versions (version, summary) VALUES (1, 'old');
            INSERT INTO influencers VALUES ('l', '\(Sample.address(100))', true);
            INSERT INTO subscribers VALUES ('s', '\(Sample.address(1))', NULL, '\(Sample.agent(1))', 'x');
            INSERT INTO subscriptions VALUES ('s:l', 's', 'l', 'wind_down', true, 'equity_proportional', NULL, NULL, 5000, 1.50, 500, NULL, 25, 4000,
                '{BTC,xyz:CL}', '{}');
            INSERT INTO config_history SELECT 1, 'influencer', id, to_jsonb(influencers) FROM influencers;
            INSERT INTO config_history SELECT 1, 'subscriber', id, to_jsonb(subscribers) - 'agent_key_sealed' FROM subscribers;
            INSERT INTO config_history SELECT 1, 'subscription', id, to_jsonb(subscriptions) FROM subscriptions;
            """)
        try await run(scripts[settings...])
        let config = ConfigStore(url: url, pollEvery: .seconds(3_600), logger: Logger(label: "test"))
        try await config.load()
        let expected = Subscription(
            id: "s:l", subscriber: "s", influencer: "l", account: AccountID(Sample.address(1)),
            sizing: .equityProportional(allocation: Notional(5_000), multiplier: try Ratio(parsing: "1.5")),
            limits: Subscription.Limits(
                maximumOrderNotional: Notional(500), entrySlippageBasisPoints: 25, entryExpiryMilliseconds: 4_000, allowedCoins: ["BTC", "xyz:CL"]),
            state: .windDown, inverse: true)
        #expect(config.current().subscriptions["s:l"] == expected)
        #expect(config.current().subscribers["s"]?.settings == AccountSettings())
        try await connection.execute("INSERT INTO config_versions (version, summary) VALUES (2, 'new')")
        try await config.load()
        #expect(try await config.snapshot(version: 1).subscriptions["s:l"] == expected)
    }
}
