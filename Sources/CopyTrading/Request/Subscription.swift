/// One subscriber copying one influencer: the settings that decide what is copied and how large.
public struct Subscription: Sendable, Equatable {
    public typealias State = CopyState

    public var id: SubscriptionID
    public var subscriber: SubscriberID
    public var influencer: InfluencerID
    public var account: AccountID
    public var sizing: SizingMode
    public var limits: Limits
    public var filters: EntryFilters
    public var state: State
    /// Copy this leader mirrored.
    public var inverse: Bool
    public var belowMinimum: BelowMinimum
    /// What to do about a position that the leader held before it was followed.
    public var joining: JoinPolicy
    /// An increase of a position that was not copied opens one as large as the increase.
    public var joinsOnIncrease: Bool
    public var leverage: LeverageSetting
    public var protection: Protection
    public var mirrorOrders: OrderMirroring
    /// Whether the drift loop may buy what is missing.
    public var healsEntries: Bool
    /// Whether the leader's close still closes a position that the subscriber traded by hand.
    public var closesManual: Bool

    public init(
        id: SubscriptionID, subscriber: SubscriberID, influencer: InfluencerID, account: AccountID, sizing: SizingMode,
        limits: Limits = Limits(), filters: EntryFilters = EntryFilters(), state: State = .active, inverse: Bool = false,
        belowMinimum: BelowMinimum = .automatic, joining: JoinPolicy = .ignoreUntilFlat, joinsOnIncrease: Bool = false,
        leverage: LeverageSetting = .matching(maximum: 10), protection: Protection = Protection(), mirrorOrders: OrderMirroring = .none,
        healsEntries: Bool = false, closesManual: Bool = true
    ) {
        self.id = id
        self.subscriber = subscriber
        self.influencer = influencer
        self.account = account
        self.sizing = sizing
        self.limits = limits
        self.filters = filters
        self.state = state
        self.inverse = inverse
        self.belowMinimum = belowMinimum
        self.joining = joining
        self.joinsOnIncrease = joinsOnIncrease
        self.leverage = leverage
        self.protection = protection
        self.mirrorOrders = mirrorOrders
        self.healsEntries = healsEntries
        self.closesManual = closesManual
    }

    /// Whether it has the leader's stop-losses and take-profits: those of a leader that is copied mirrored close nothing.
    public var mirrorsTriggers: Bool { mirrorOrders != .none && !inverse }
    /// Whether it has the leader's limit orders: orders of one size each have no share of them.
    public var mirrorsEntries: Bool { mirrorOrders == .all && !inverse && sizing.followsLeader }
    /// Whether its sleeves may have orders resting at the exchange.
    public var hasRestingOrders: Bool { protection != Protection() || mirrorsTriggers }

    /// Whether an order that opens may rest: what is asked of an entry before the leader's order is looked at. Filters on that order ask for
    /// what only its fill tells, so with them none may.
    /// - Parameter now: milliseconds since 1970.
    public func mayRest(in coin: Coin, _ side: Side, states: ScopeStates, at now: Int64) -> Bool {
        guard states.strictest(subscription: state).state == .active, limits.allows(coin) else { return false }
        return filters.allows(side) && filters.schedule.allows(now) && !filters.asksLeaderOrder
    }

    public struct Limits: Sendable, Equatable {
        /// Largest notional of one entry; larger entries are clipped to it.
        public var maximumOrderNotional: Notional?
        /// Largest notional of the position in one coin; entries are clipped to the room left.
        public var maximumPositionNotional: Notional?
        /// How far from the leader's average price an entry may pay, basis points.
        public var entrySlippageBasisPoints: Int
        /// Instead of that, in ``majors``; `nil` makes no difference.
        public var majorsSlippageBasisPoints: Int?
        /// How far an entry may pay past the best price of the book, and past the mark; `nil` is no such cap.
        public var bookSlippageBasisPoints: Int?
        public var markSlippageBasisPoints: Int?
        /// Widest spread of the book an entry trades in.
        public var maximumSpreadBasisPoints: Int?
        /// Age of the leader's fill past which an entry is stale, milliseconds.
        public var entryExpiryMilliseconds: Int64
        /// How long what is too small for an order is kept, after the leader last added to it, milliseconds.
        public var accumulateMilliseconds: Int64
        /// Coins that may be opened; `nil` allows all. Exits ignore it.
        public var allowedCoins: Set<CoinPattern>?
        public var deniedCoins: Set<CoinPattern>

        public init(
            maximumOrderNotional: Notional? = nil, maximumPositionNotional: Notional? = nil, entrySlippageBasisPoints: Int = 50,
            majorsSlippageBasisPoints: Int? = nil, bookSlippageBasisPoints: Int? = 50, markSlippageBasisPoints: Int? = 150,
            maximumSpreadBasisPoints: Int? = nil, entryExpiryMilliseconds: Int64 = 5_000, accumulateMilliseconds: Int64 = 60_000,
            allowedCoins: Set<CoinPattern>? = nil, deniedCoins: Set<CoinPattern> = []
        ) {
            self.maximumOrderNotional = maximumOrderNotional
            self.maximumPositionNotional = maximumPositionNotional
            self.entrySlippageBasisPoints = entrySlippageBasisPoints
            self.majorsSlippageBasisPoints = majorsSlippageBasisPoints
            self.bookSlippageBasisPoints = bookSlippageBasisPoints
            self.markSlippageBasisPoints = markSlippageBasisPoints
            self.maximumSpreadBasisPoints = maximumSpreadBasisPoints
            self.entryExpiryMilliseconds = entryExpiryMilliseconds
            self.accumulateMilliseconds = accumulateMilliseconds
            self.allowedCoins = allowedCoins
            self.deniedCoins = deniedCoins
        }

        /// The most liquid coins.
        public static let majors: Set<Coin> = ["BTC", "ETH", "SOL"]

        /// Whether the coin may be opened.
        public func allows(_ coin: Coin) -> Bool {
            !deniedCoins.contains { $0.matches(coin) } && allowedCoins?.contains { $0.matches(coin) } != false
        }

        public func priceCaps(for coin: Coin) -> EntryPriceCaps {
            let leader = Self.majors.contains(coin) ? majorsSlippageBasisPoints ?? entrySlippageBasisPoints : entrySlippageBasisPoints
            return EntryPriceCaps(leader: leader, book: bookSlippageBasisPoints, mark: markSlippageBasisPoints)
        }
    }
}
