/// Which of a leader's entries are copied at all. What a filter needs and is not known refuses the entry.
public struct EntryFilters: Sendable, Equatable {
    public enum Direction: String, Sendable, CaseIterable { case both, long, short }

    /// Of the subscriber's position.
    public var direction: Direction
    /// Worth of the leader's order, USDC.
    public var minimumLeaderNotional: Notional?
    public var maximumLeaderNotional: Notional?
    /// Least share of its equity that the leader's order is worth, basis points.
    public var minimumConvictionBasisPoints: Int?
    /// Highest leverage of the leader in the coin.
    public var maximumLeaderLeverage: Int?
    /// A coin listed for less than this is not opened; 0 allows all.
    public var newListingDays: Int
    public var schedule: TradingSchedule

    public init(
        direction: Direction = .both, minimumLeaderNotional: Notional? = nil, maximumLeaderNotional: Notional? = nil,
        minimumConvictionBasisPoints: Int? = nil, maximumLeaderLeverage: Int? = nil, newListingDays: Int = 0,
        schedule: TradingSchedule = .always
    ) {
        self.direction = direction
        self.minimumLeaderNotional = minimumLeaderNotional
        self.maximumLeaderNotional = maximumLeaderNotional
        self.minimumConvictionBasisPoints = minimumConvictionBasisPoints
        self.maximumLeaderLeverage = maximumLeaderLeverage
        self.newListingDays = newListingDays
        self.schedule = schedule
    }

    /// Whether an entry on this side is copied.
    public func allows(_ side: Side) -> Bool { direction == .both || direction == (side == .buy ? .long : .short) }

    /// Whether one of them is about the leader's order, or the market it trades in.
    public var asksLeaderOrder: Bool {
        minimumLeaderNotional != nil || maximumLeaderNotional != nil || minimumConvictionBasisPoints != nil || maximumLeaderLeverage != nil
            || newListingDays > 0
    }
}

extension EntryPlan {
    /// Coins, new listings, direction, the leader's order, schedule.
    func checkFilters(_ subscription: Subscription, now: Int64) throws(Refusal) {
        let filters = subscription.filters
        try checkCoin(subscription)
        try checkListing(filters, now: now)
        if !filters.allows(side) {
            throw Refusal(.direction, .filterSide, "copies \(filters.direction.rawValue) positions only")
        }
        try checkLeaderOrder(filters)
        if !filters.schedule.allows(now) {
            let windows = filters.schedule.windows.map(\.description).joined(separator: ", ")
            throw Refusal(.schedule, .schedule, "outside \(windows) UTC")
        }
    }

    private func checkCoin(_ subscription: Subscription) throws(Refusal) {
        if let pattern = subscription.limits.deniedCoins.sorted().first(where: { $0.matches(signal.coin) }) {
            throw Refusal(.coins, .filterCoin, "\(signal.coin) is denied by \(pattern)")
        }
        if let allowed = subscription.limits.allowedCoins, !allowed.contains(where: { $0.matches(signal.coin) }) {
            throw Refusal(.coins, .filterCoin, "\(signal.coin) is not among the allowed coins")
        }
    }

    private func checkListing(_ filters: EntryFilters, now: Int64) throws(Refusal) {
        guard filters.newListingDays > 0 else { return }
        guard let listed = facts.market.listedAt else {
            throw Refusal(.newListing, .filterCoin, "it is not known since when \(signal.coin) is listed")
        }
        let days = (now - listed) / 86_400_000
        if days < filters.newListingDays {
            throw Refusal(.newListing, .filterCoin, "\(signal.coin) is listed for \(days) days, at least \(filters.newListingDays) are asked")
        }
    }

    private func checkLeaderOrder(_ filters: EntryFilters) throws(Refusal) {
        if filters.minimumLeaderNotional != nil || filters.maximumLeaderNotional != nil {
            guard let worth = leaderNotional else { throw Refusal(.leaderNotional, .filterNotional, "the leader's order is beyond computing") }
            if let least = filters.minimumLeaderNotional, worth < least {
                throw Refusal(.leaderNotional, .filterNotional, "the leader's order is worth \(worth), at least \(least) is copied")
            }
            if let most = filters.maximumLeaderNotional, worth > most {
                throw Refusal(.leaderNotional, .filterNotional, "the leader's order is worth \(worth), at most \(most) is copied")
            }
        }
        if let least = filters.minimumConvictionBasisPoints {
            guard let worth = leaderNotional, let equity = signal.leaderEquity, equity > .zero else {
                throw Refusal(.conviction, .equityUnknown, "the leader's equity is not known")
            }
            let share = Int128(worth.e8) * 10_000 / Int128(equity.e8)
            if share < Int128(least) {
                throw Refusal(.conviction, .filterNotional, "the leader put \(share) bps of its equity to it, at least \(least) is copied")
            }
        }
        if let most = filters.maximumLeaderLeverage {
            guard let leverage = leader.leverage else {
                throw Refusal(.leaderLeverage, .filterLeverage, "the leader's leverage is not known")
            }
            if leverage > most { throw Refusal(.leaderLeverage, .filterLeverage, "the leader's leverage is \(leverage), at most \(most) is copied") }
        }
    }

    private var leaderNotional: Notional? { try? signal.averagePrice * leg.change.magnitude }
}
