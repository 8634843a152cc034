import CopyTrading
import JSON

/// The settings of a subscriber's account.
enum AccountSettingsTable {
    static let template = AccountSettings()

    static let table = SettingTable<AccountSettings>(settings: [
        Setting("state", \.state, .choice, of: template, "Of all its subscriptions; the strictest state holds."),
        Setting(
            "sharing", \.sharing, .choice, of: template,
            "Several leaders on one account: isolated allows one subscription; with lock who first holds a coin owns it; with sleeves each has "
                + "its own part and orders are netted."),
        Setting("limits.max_coin_notional", \.limits.maximumCoinNotional, optional: .money, of: template, "Of all subscriptions together in one coin."),
        Setting("limits.max_gross_notional", \.limits.maximumGrossNotional, optional: .money, of: template, "Sum of all positions' worth."),
        Setting("limits.max_net_notional", \.limits.maximumNetNotional, optional: .money, of: template, "Difference of long and short."),
        Setting("limits.max_account_leverage", \.limits.maximumLeverage, optional: .integer(1...100), of: template, "Gross worth over equity."),
        Setting(
            "limits.min_liquidation_buffer_bps", \.limits.minimumLiquidationBufferBasisPoints, optional: .integer(1...9_999), of: template,
            "How far all prices may move against the account before it is liquidated."),
        Setting(
            "limits.equity", \.limits.declaredEquity, optional: .money, of: template,
            "What the account is funded with: the allocations of its subscriptions must fit into it."),
        Setting(
            "limits.equity_buffer_bps", \.limits.equityBufferBasisPoints, .integer(0...9_999), of: template, "The part of equity that is not allocated."),
        Setting("losses.max_daily_loss", \.losses.dailyLoss, optional: .money, of: template, "Loss of a day at which entries stop until the next."),
        Setting(
            "losses.flatten_daily_loss", \.losses.dailyLossToFlatten, optional: .money, of: template, "Loss of a day at which everything is closed."),
        Setting(
            "losses.max_drawdown_bps", \.losses.drawdownBasisPoints, optional: .integer(1...10_000), of: template,
            "Fall from the highest equity at which entries stop until the owner resumes."),
        Setting("losses.day_start_hour", \.losses.dayStartHour, .integer(0...23), of: template, "Hour, UTC, at which a day begins."),
    ])

    static func check(_ settings: AccountSettings, _ mapping: MappingReader) {
        if let stop = settings.losses.dailyLoss, let flatten = settings.losses.dailyLossToFlatten, flatten < stop {
            mapping.faults.add(
                mapping.place.member("losses.flatten_daily_loss", line: mapping.place.line), value: "\(flatten)",
                "is less than max_daily_loss \(stop)")
        }
    }
}

/// What holds for everyone who copies an influencer.
public struct LeaderSettings: Sendable, Equatable {
    public var state: CopyState
    public var hygiene: LeaderHygiene

    public init(state: CopyState = .active, hygiene: LeaderHygiene = LeaderHygiene()) {
        self.state = state
        self.hygiene = hygiene
    }

    static let template = LeaderSettings()

    static let table = SettingTable<LeaderSettings>(settings: [
        Setting("state", \.state, .choice, of: template, "Of all subscriptions to it; the strictest state holds."),
        Setting(
            "hygiene.max_drawdown_bps", \.hygiene.maximumDrawdownBasisPoints, optional: .integer(1...10_000), of: template,
            "Fall from its highest equity at which its subscriptions wind down."),
        Setting(
            "hygiene.max_inactive_days", \.hygiene.maximumInactiveDays, optional: .integer(1...3_650), of: template,
            "Days without a trade after which they do."),
        Setting(
            "hygiene.max_withdrawal_bps", \.hygiene.maximumWithdrawalBasisPoints, optional: .integer(1...10_000), of: template,
            "Share of its equity withdrawn within a day at which they do."),
        Setting(
            "hygiene.market_maker_pct", \.hygiene.marketMakerPercent, optional: .integer(1...100), of: template,
            "Share of maker fills, together with the next, that is a market maker's pattern."),
        Setting(
            "hygiene.market_maker_flips", \.hygiene.marketMakerFlipsPerHour, .integer(1...10_000), of: template, "Changes of side in an hour."),
    ])
}

/// A state that holds for everything, or for one coin.
public struct ScopeState: Sendable, Equatable {
    public enum Scope: Sendable, Hashable {
        case everything
        case coin(Coin)
    }

    public var scope: Scope
    public var state: CopyState

    public init(scope: Scope, state: CopyState) {
        self.scope = scope
        self.state = state
    }
}
