/// A temperament among the subscribers of a demo: what they set, in the words of a configuration file, and why.
struct DemoArchetype: Sendable {
    /// One word; the configuration file names it beside each of its subscribers.
    let name: String
    let reason: String
    /// How many of a ``round`` are like this.
    let seats: Int
    /// Deposited at the exchange, USDC.
    let balance: Int
    /// How many leaders each follows.
    let leaders: Int
    /// Members of the subscriber's mapping but `id` and `account`; its subscribers take turns.
    let accounts: [String]
    /// Members of the subscription's mapping in which they differ, the sizing first; its subscriptions take turns.
    let copies: [String]
    /// Members that all of its subscriptions have; empty without any.
    let settings: String

    init(
        _ name: String, _ reason: String, seats: Int, balance: Int, leaders: Int = 1, accounts: [String] = ["sharing: isolated"],
        copies: [String], settings: String = ""
    ) {
        self.name = name
        self.reason = reason
        self.seats = seats
        self.balance = balance
        self.leaders = leaders
        self.accounts = accounts
        self.copies = copies
        self.settings = settings
    }

    /// What the subscriber sets whose turn it is.
    func account(_ turn: Int) -> String { accounts[turn % accounts.count] }

    /// What the subscription sets whose turn it is.
    func copy(_ turn: Int) -> String { [copies[turn % copies.count], settings].filter { !$0.isEmpty }.joined(separator: ", ") }

    /// The coin that nobody opens any more, for the state that coins have.
    static let closedCoin = "MERL"

    /// Everyone, in the order of the table and again while there are seats left: even a few subscribers are of many kinds. Its length
    /// and the number of recorded leaders have no common divisor, so that every temperament meets every leader.
    static let round: [DemoArchetype] = (0..<(table.map(\.seats).max() ?? 0)).flatMap { pass in table.filter { $0.seats > pass } }

    static let table = [
        DemoArchetype(
            "newcomer", "tries it with little: one small size, no leverage, no coins of the day, no bad prices", seats: 4, balance: 5_000,
            copies: [25, 40, 60].map { "sizing: {mode: fixed_notional, notional: \($0)}" },
            settings: """
                below_minimum: skip, leverage: fixed 1, limits: {max_order_notional: 60, max_position_notional: 300, \
                entry_slippage_bps: 25, book_slippage_bps: 25, max_spread_bps: 40, deny: ["k*", CASHCAT]}
                """),
        DemoArchetype(
            "planner", "wants the leader's portfolio at its own scale, with the money set aside for it", seats: 4, balance: 30_000,
            accounts: ["sharing: isolated, limits: {equity: 30000, equity_buffer_bps: 1000}"],
            copies: ["allocation: 10000", "allocation: 20000", "allocation: 10000, multiplier: 2"].map {
                "sizing: {mode: equity_proportional, \($0)}"
            },
            settings: "leverage: match 5, heal_entries: true, limits: {max_position_notional: 10000, entry_expiry_ms: 10000}"),
        DemoArchetype(
            "shadow", "copies every move at a fixed share, however small, and rather pays more than miss one", seats: 4, balance: 25_000,
            copies: ["0.05", "0.1", "0.25"].map { "sizing: {mode: ratio, ratio: \($0)}" },
            settings: """
                below_minimum: accumulate, existing_position: copy_now_within 100, join_on_increase: true, \
                limits: {entry_slippage_bps: 100, book_slippage_bps: none, entry_expiry_ms: 20000, accumulate_ms: 600000}
                """),
        DemoArchetype(
            "investor", "buys only, and only what the leader means; the more of it, the smaller the part", seats: 3, balance: 20_000,
            copies: [
                "sizing: {mode: tiered, brackets: [{up_to: 1000, multiplier: 0.5}, {up_to: 10000, multiplier: 0.1}, {multiplier: 0.02}]}",
                "sizing: {mode: tiered, brackets: [{up_to: 500, multiplier: 1}, {multiplier: 0.05}]}",
            ],
            settings: """
                existing_position: copy_now_if_better, leverage: fixed 2, limits: {entry_expiry_ms: 30000, mark_slippage_bps: 300}, \
                filters: {direction: long, min_leader_notional: 200, max_leader_notional: 50000}
                """),
        DemoArchetype(
            "decisive", "puts the same margin to every conviction of the leader's, at once or not at all", seats: 3, balance: 15_000,
            copies: [20, 50].map { "sizing: {mode: fixed_margin, margin: \($0)}" },
            settings: """
                leverage: fixed 5, filters: {min_conviction_bps: 25}, \
                limits: {entry_slippage_bps: 15, majors_slippage_bps: 10, mark_slippage_bps: 50, entry_expiry_ms: 3000}
                """),
        DemoArchetype(
            "contrarian", "holds the leader to be wrong: its mirror, in short positions only or in both", seats: 2, balance: 10_000,
            copies: ["", ", filters: {direction: short}"].map { "sizing: {mode: fixed_notional, notional: 100}\($0)" },
            settings: "inverse: true, close_manual: false, limits: {max_position_notional: 400}"),
        DemoArchetype(
            "collector", "follows two leaders on one account; who is first in a coin has it, and no coin becomes too large", seats: 2,
            balance: 20_000, leaders: 2, accounts: ["sharing: lock, limits: {max_coin_notional: 1500}"],
            copies: ["50", "100, per_order: true"].map { "sizing: {mode: fixed_notional, notional: \($0)}" },
            settings: "below_minimum: raise_to_min, limits: {max_order_notional: 500, max_position_notional: 1000}"),
        DemoArchetype(
            "desk", "has three leaders in sleeves of one account, whose orders are netted", seats: 2, balance: 50_000, leaders: 3,
            accounts: ["sharing: sleeves", "sharing: sleeves, limits: {max_coin_notional: 5000}"],
            copies: ["ratio, ratio: 0.1", "fixed_notional, notional: 250", "equity_proportional, allocation: 15000"].map {
                "sizing: {mode: \($0)}"
            }),
        DemoArchetype(
            "commuter", "opens nothing while nobody is there to look, or does so at any hour", seats: 2, balance: 10_000,
            copies: ["mon-fri 00:00-24:00", "00:00-24:00"].map {
                "sizing: {mode: fixed_notional, notional: 80}, filters: {schedule: [\"\($0)\"]}"
            },
            settings: "limits: {entry_expiry_ms: 8000}"),
        DemoArchetype(
            "specialist", "trades one coin, whichever of three leaders is first in it", seats: 1, balance: 8_000, leaders: 3,
            accounts: ["sharing: lock"],
            copies: [("LTC", "2"), ("BCH", "0.5"), ("HYPE", "1"), ("GRAM", "60")].map { coin, size in
                "sizing: {mode: fixed_size, size: \(size)}, limits: {allow: [\(coin)]}"
            }),
        DemoArchetype(
            "leaver", "has had enough: only exits for now, an end with what is held, or a pause", seats: 1, balance: 10_000,
            copies: ["exits_only", "paused", "wind_down"].map { "sizing: {mode: fixed_notional, notional: 100}, state: \($0)" }),
        DemoArchetype(
            "treasurer", "bounds the account as a whole, or what it may lose", seats: 1, balance: 25_000,
            accounts: [
                "limits: {max_gross_notional: 20000, max_net_notional: 10000, max_account_leverage: 3, min_liquidation_buffer_bps: 2000}",
                "losses: {max_daily_loss: 500, flatten_daily_loss: 1500, max_drawdown_bps: 2500, day_start_hour: 8}",
            ],
            copies: ["sizing: {mode: equity_proportional, allocation: 20000}"]),
        DemoArchetype(
            "sleeper", "wants out at the exchange itself, at a loss or a gain, whoever is awake", seats: 1, balance: 10_000,
            copies: ["sizing: {mode: fixed_notional, notional: 120}"],
            settings: "mirror_orders: triggers, protection: {stop_loss_bps: 500, take_profit_bps: 1500}"),
        DemoArchetype(
            "banker", "takes the leader's share of margin as the measure, and no leader that borrows much", seats: 1, balance: 15_000,
            copies: ["sizing: {mode: margin_proportional, allocation: 10000}"], settings: "filters: {max_leader_leverage: 20}"),
    ]
}
