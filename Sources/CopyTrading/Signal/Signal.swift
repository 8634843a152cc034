/// What a leader did to one position, in one step: the unit that is copied.
public struct Signal: Sendable, Equatable {
    public static let schemaVersion: Int64 = 1

    public var id: SignalID
    public var network: String
    public var influencer: InfluencerID
    public var coin: Coin
    /// One leg, or two for a flip: CLOSE then OPEN.
    public var legs: [Leg]
    /// The leader's signed position before and after.
    public var start: Size
    public var end: Size
    public var averagePrice: Price
    /// Sum of the fills' sizes, unsigned.
    public var size: Size
    public var fillCount: Int
    /// Trade ids of the first and last fill of the chain.
    public var firstFill: Int64
    public var lastFill: Int64
    /// Exchange time of the first and last fill, milliseconds.
    public var firstFillTime: Int64
    public var lastFillTime: Int64
    /// When the frame with the first fill was received, microseconds since 1970 on this host.
    public var receivedAt: Int64
    /// True when the leader took liquidity.
    public var crossed: Bool
    public var cause: Cause
    /// The leader's equity used for proportional sizing; `nil` when it is not known (R-16: then nothing proportional is sized).
    public var leaderEquity: Notional?
    /// The leader's leverage in the coin as last seen; `nil` when it was not seen yet.
    public var leaderLeverage: Int?
    /// 1: the leader's own fills. 2: from public trades, at least in part.
    public var tier: Int
    /// Present exactly when the cause is ``Cause/join``: the signal is for one subscription alone.
    public var join: Join?
    /// Published while the fleet had more to do than it can: its legs that add risk are copied by nobody, those that give up are.
    public var isShed = false

    /// Nobody copies any of it: it is its own outcome for every subscription.
    public var isWhollyShed: Bool { isShed && legs.allSatisfy(\.action.isEntry) }

    public init(
        id: SignalID, network: String, influencer: InfluencerID, coin: Coin, legs: [Leg], start: Size, end: Size, averagePrice: Price,
        size: Size, fillCount: Int, firstFill: Int64, lastFill: Int64, firstFillTime: Int64, lastFillTime: Int64, receivedAt: Int64,
        crossed: Bool, cause: Cause, leaderEquity: Notional?, leaderLeverage: Int? = nil, tier: Int,
        join: Join? = nil
    ) {
        self.id = id
        self.network = network
        self.influencer = influencer
        self.coin = coin
        self.legs = legs
        self.start = start
        self.end = end
        self.averagePrice = averagePrice
        self.size = size
        self.fillCount = fillCount
        self.firstFill = firstFill
        self.lastFill = lastFill
        self.firstFillTime = firstFillTime
        self.lastFillTime = lastFillTime
        self.receivedAt = receivedAt
        self.crossed = crossed
        self.cause = cause
        self.leaderEquity = leaderEquity
        self.leaderLeverage = leaderLeverage
        self.tier = tier
        self.join = join
    }

    /// One subscription begins to copy a leader that is already in the coin: the signal opens from flat what the leader holds, at
    /// the price of now. It says nothing of the leader, which did nothing.
    public struct Join: Sendable, Equatable {
        public var subscription: SubscriptionID
        /// The average price of the leader's position.
        public var leaderEntry: Price
        /// The configuration under which it joins; under an older one it may not be there yet.
        public var configVersion: Int64

        public init(subscription: SubscriptionID, leaderEntry: Price, configVersion: Int64) {
            self.subscription = subscription
            self.leaderEntry = leaderEntry
            self.configVersion = configVersion
        }
    }
}

/// A part of a signal that ends in one order: the leader's signed position goes from `start` to `end` without crossing zero.
public struct Leg: Sendable, Equatable {
    public var action: Action
    public var start: Size
    public var end: Size

    public init(action: Action, start: Size, end: Size) {
        self.action = action
        self.start = start
        self.end = end
    }

    /// Signed change of the leader's position.
    public var change: Size { end - start }
    /// The side of the leader's trade.
    public var side: Side { change.e8 > 0 ? .buy : .sell }
}

/// What a leg does to a position. Entries add risk and have gates; exits remove it and must not be blocked by them.
public enum Action: String, Sendable, CaseIterable {
    case open, increase, reduce, close

    public var isEntry: Bool { self == .open || self == .increase }
}

public enum Side: String, Sendable, CaseIterable {
    case buy, sell

    public var sign: Int64 { self == .buy ? 1 : -1 }
    public var opposite: Side { self == .buy ? .sell : .buy }
    /// The exchange's letter: `B` bought, `A` sold.
    public var letter: String { self == .buy ? "B" : "A" }
}

/// Why the leader's position changed.
public enum Cause: String, Sendable, CaseIterable {
    case voluntary, liquidation, adl, settlement, twap, vaultNet = "vault_net", spot, dust
    /// Not seen as fills: found when the leader's position was read again.
    case resync
    /// It did not change: a subscription joins it.
    case join
}
