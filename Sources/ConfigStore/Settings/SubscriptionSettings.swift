import CopyTrading
import JSON

/// The settings of a subscription, by the names they have in files and in the database.
enum SubscriptionSettings {
    /// Of the stored form.
    static let version: Int64 = 1

    /// Has the defaults.
    static let template = Subscription(id: "", subscriber: "", influencer: "", account: "", sizing: .ratio(.one))

    static let table = SettingTable<Subscription>(settings: general + limits + filters + protection)

    private static let general: [Setting<Subscription>] = [
        Setting("state", \.state, .choice, of: template, "How far it is copied; anything but active means exits only."),
        Setting("inverse", \.inverse, .flag, of: template, "Copies the leader mirrored: short where it is long."),
        Setting(
            "below_minimum", \.belowMinimum, .choice, of: template,
            "An entry worth less than the exchange takes: skipped, raised (at most twofold, within all caps), or kept until more comes. auto "
                + "keeps what drips in from a leader's maker and TWAP orders and skips the rest."),
        Setting("existing_position", \.joining, .joining, of: template, "What to do about a position the leader already holds when it is first followed."),
        Setting(
            "join_on_increase", \.joinsOnIncrease, .flag, of: template,
            "An increase of a position that was not copied opens one as large as the increase."),
        Setting("leverage", \.leverage, .leverage, of: template, "Of positions at the exchange, never above what account and market allow."),
        Setting(
            "mirror_orders", \.mirrorOrders, .choice, of: template,
            "Which of the leader's resting orders it has too: triggers are its stop-losses and take-profits, for the same share of the position; "
                + "all are those and the limit orders that add to a position which is copied. What opens one follows the leader's fills alone, as does all "
                + "of a subscription with filters on the leader's order. "
                + "Not of a leader that is copied mirrored, nor in a coin that other subscriptions of the account hold."),
        Setting("heal_entries", \.healsEntries, .flag, of: template, "Lets the drift check buy what is missing, at a fair price only."),
        Setting(
            "close_manual", \.closesManual, .flag, of: template,
            "The leader's close also closes what is left of a position that the subscriber traded by hand."),
    ]

    private static let limits: [Setting<Subscription>] = [
        Setting("limits.max_order_notional", \.limits.maximumOrderNotional, optional: .money, of: template, "Largest entry; larger ones are clipped."),
        Setting(
            "limits.max_position_notional", \.limits.maximumPositionNotional, optional: .money, of: template,
            "Largest position in one coin; entries are clipped to the room left."),
        Setting(
            "limits.entry_slippage_bps", \.limits.entrySlippageBasisPoints, .integer(ValueParsing.basisPoints), of: template,
            "How far from the leader's average price an entry may pay."),
        Setting(
            "limits.majors_slippage_bps", \.limits.majorsSlippageBasisPoints, optional: .integer(ValueParsing.basisPoints), of: template,
            "Instead of that for " + Subscription.Limits.majors.map(\.text).sorted().joined(separator: ", ") + "."),
        Setting(
            "limits.book_slippage_bps", \.limits.bookSlippageBasisPoints, optional: .integer(ValueParsing.basisPoints), of: template,
            "How far past the best price of the book an entry may pay, when the book is known."),
        Setting(
            "limits.mark_slippage_bps", \.limits.markSlippageBasisPoints, optional: .integer(ValueParsing.basisPoints), of: template,
            "How far past the mark price an entry may pay, when the mark is known."),
        Setting(
            "limits.max_spread_bps", \.limits.maximumSpreadBasisPoints, optional: .integer(1...10_000), of: template,
            "Widest spread an entry trades in, when the book is known."),
        Setting(
            "limits.entry_expiry_ms", \.limits.entryExpiryMilliseconds, .integer(ValueParsing.expiryMilliseconds), of: template,
            "Age of the leader's fill at which an entry is given up. Exits never expire."),
        Setting(
            "limits.accumulate_ms", \.limits.accumulateMilliseconds, .integer(1_000...3_600_000), of: template,
            "How long what is too small is kept after the leader last added to it."),
        Setting("limits.allow", \.limits.allowedCoins, optional: .coins, of: template, "Coins that may be opened; none allows all."),
        Setting("limits.deny", \.limits.deniedCoins, .coins, of: template, "Coins that are not opened, whatever allow says."),
    ]

    private static let filters: [Setting<Subscription>] = [
        Setting("filters.direction", \.filters.direction, .choice, of: template, "Which positions of the subscriber are opened."),
        Setting("filters.min_leader_notional", \.filters.minimumLeaderNotional, optional: .money, of: template, "Least worth of the leader's order."),
        Setting("filters.max_leader_notional", \.filters.maximumLeaderNotional, optional: .money, of: template, "Greatest worth of the leader's order."),
        Setting(
            "filters.min_conviction_bps", \.filters.minimumConvictionBasisPoints, optional: .integer(1...100_000), of: template,
            "Least worth of the leader's order as a share of its equity; an unknown equity refuses."),
        Setting(
            "filters.max_leader_leverage", \.filters.maximumLeaderLeverage, optional: .integer(1...100), of: template,
            "Highest leverage of the leader in the coin; an unknown one refuses."),
        Setting(
            "filters.new_listing_days", \.filters.newListingDays, .integer(0...3_650), of: template,
            "A coin listed for fewer days is not opened; nor is one of which that is not known. 0 allows all."),
        Setting("filters.schedule", \.filters.schedule, .schedule, of: template, "When entries are allowed; empty is always. Exits always are."),
    ]

    private static let protection: [Setting<Subscription>] = [
        Setting(
            "protection.stop_loss_bps", \.protection.stopLossBasisPoints, optional: .integer(1...9_999), of: template,
            "A stop-loss so far from the average entry, kept at the exchange."),
        Setting(
            "protection.take_profit_bps", \.protection.takeProfitBasisPoints, optional: .integer(1...100_000), of: template,
            "A take-profit so far from the average entry, kept at the exchange."),
    ]

    /// Reads all settings and checks them together; `nil` without a sizing.
    static func read(_ mapping: inout MappingReader, into subscription: Subscription) -> Subscription? {
        var subscription = subscription
        let sizing = SizingSettings.read(&mapping)
        table.read(&mapping, into: &subscription)
        guard let sizing else { return nil }
        subscription.sizing = sizing
        let place = mapping.place
        if case .fixedNotional(_, perOrder: true) = sizing, subscription.limits.maximumPositionNotional == nil {
            mapping.faults.add(
                place.member("sizing.per_order", line: place.line), value: "true", "needs limits.max_position_notional: nothing else bounds it")
        }
        if let least = subscription.filters.minimumLeaderNotional, let most = subscription.filters.maximumLeaderNotional, least > most {
            mapping.faults.add(
                place.member("filters.min_leader_notional", line: place.line), value: "\(least)", "is more than max_leader_notional \(most)")
        }
        return subscription
    }

    /// As it is stored.
    static func document(_ subscription: Subscription) -> JSON {
        .object(
            [JSON.Member("v", .integer(version)), JSON.Member("sizing", SizingSettings.write(subscription.sizing))]
                + table.write(subscription))
    }
}
