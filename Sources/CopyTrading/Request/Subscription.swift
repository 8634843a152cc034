/// One subscriber copying one influencer: the settings that decide what is copied and how large.
public struct Subscription: Sendable, Equatable {
    public var id: SubscriptionID
    public var subscriber: SubscriberID
    public var influencer: InfluencerID
    public var account: AccountID
    public var sizing: SizingMode
    public var limits: Limits
    public var state: State
    /// Copy this leader mirrored.
    public var inverse: Bool

    public init(
        id: SubscriptionID, subscriber: SubscriberID, influencer: InfluencerID, account: AccountID, sizing: SizingMode,
        limits: Limits = Limits(), state: State = .active, inverse: Bool = false
    ) {
        self.id = id
        self.subscriber = subscriber
        self.influencer = influencer
        self.account = account
        self.sizing = sizing
        self.limits = limits
        self.state = state
        self.inverse = inverse
    }

    public enum State: String, Sendable, CaseIterable {
        case active
        /// Exits only; says the subscriber wants out.
        case windDown = "wind_down"
        /// Exits only, until resumed.
        case paused
    }

    public struct Limits: Sendable, Equatable {
        /// Largest notional of one entry; larger entries are clipped to it.
        public var maximumOrderNotional: Notional?
        /// Largest notional of the position in one coin; entries are clipped to the room left.
        public var maximumPositionNotional: Notional?
        /// How far from the leader's average price an entry may pay, basis points.
        public var entrySlippageBasisPoints: Int
        /// Age of the leader's fill past which an entry is stale, milliseconds.
        public var entryExpiryMilliseconds: Int64
        /// Coins that may be opened; `nil` allows all. Exits ignore it.
        public var allowedCoins: Set<Coin>?
        public var deniedCoins: Set<Coin>

        public init(
            maximumOrderNotional: Notional? = nil, maximumPositionNotional: Notional? = nil, entrySlippageBasisPoints: Int = 50,
            entryExpiryMilliseconds: Int64 = 5_000, allowedCoins: Set<Coin>? = nil, deniedCoins: Set<Coin> = []
        ) {
            self.maximumOrderNotional = maximumOrderNotional
            self.maximumPositionNotional = maximumPositionNotional
            self.entrySlippageBasisPoints = entrySlippageBasisPoints
            self.entryExpiryMilliseconds = entryExpiryMilliseconds
            self.allowedCoins = allowedCoins
            self.deniedCoins = deniedCoins
        }
    }
}

/// How many coins an entry is. The remaining modes of R-20 are added here, one case each.
public enum SizingMode: Sendable, Equatable {
    /// The OPEN is worth this much; increases follow in proportion.
    case fixedNotional(Notional)
    /// Follower coins per leader coin.
    case ratio(Ratio)
    /// `multiplier × allocation / leader equity` follower coins per leader coin, fixed when the position opens.
    case equityProportional(allocation: Notional, multiplier: Ratio)
}
