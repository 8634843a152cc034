/// What is known beside the signal and the settings when a request is planned. `nil` is not known; each rule then takes the side
/// that is safe for the subscriber's money.
public struct PlanningFacts: Sendable, Equatable {
    /// `nil` when the exchange does not list the coin.
    public var instrument: Instrument?
    public var states: ScopeStates
    public var safety: Safety
    public var market: Market
    public var leader: Leader
    /// The subscriber's account as a whole, reservations of orders under way included; `nil` leaves its caps to the worker.
    public var account: AccountFacts?
    /// An order of the request may be at the exchange already, for it alone or for a composition that ended with it: Redis has been
    /// lost since. Then no entry ends before the exchange was asked for it, and one that is refused leaves open whether it was copied.
    public var mayBeSent: Bool

    public init(
        instrument: Instrument?, states: ScopeStates = ScopeStates(), safety: Safety = Safety(), market: Market = Market(),
        leader: Leader = Leader(), account: AccountFacts? = nil, mayBeSent: Bool = false
    ) {
        self.instrument = instrument
        self.states = states
        self.safety = safety
        self.market = market
        self.leader = leader
        self.account = account
        self.mayBeSent = mayBeSent
    }

    public struct Safety: Sendable, Equatable {
        /// As latched; what cannot be read counts as level 1.
        public var killLevel: KillLevel
        /// Who latched it and why, for people.
        public var killReason: String?
        /// Of the subscriber's account; `nil` is not known here: the worker, which keeps them, decides.
        public var losses: LossLimits.Verdict?
        /// Names of the open circuit breakers that concern this order.
        public var openBreakers: [String]
        /// The coin holds something on this account that nobody accounts for.
        public var isFrozen: Bool

        public init(
            killLevel: KillLevel = .none, killReason: String? = nil, losses: LossLimits.Verdict? = nil, openBreakers: [String] = [],
            isFrozen: Bool = false
        ) {
            self.killLevel = killLevel
            self.killReason = killReason
            self.losses = losses
            self.openBreakers = openBreakers
            self.isFrozen = isFrozen
        }
    }

    public struct Market: Sendable, Equatable {
        public var quote: Quote?
        public var mark: Price?
        /// Milliseconds since 1970.
        public var listedAt: Int64?
        /// From ``DailyVolatility``.
        public var dailyVolatility: Ratio?

        public init(quote: Quote? = nil, mark: Price? = nil, listedAt: Int64? = nil, dailyVolatility: Ratio? = nil) {
            self.quote = quote
            self.mark = mark
            self.listedAt = listedAt
            self.dailyVolatility = dailyVolatility
        }
    }

    public struct Leader: Sendable, Equatable {
        /// Of its position in the coin.
        public var leverage: Int?
        /// Margin its order put to work, and its whole margin balance, USDC.
        public var orderMargin: Notional?
        public var marginBalance: Notional?
        /// When its position was last known to be right, exchange milliseconds. Without it the check is the ingest's own.
        public var verifiedAt: Int64?

        public init(leverage: Int? = nil, orderMargin: Notional? = nil, marginBalance: Notional? = nil, verifiedAt: Int64? = nil) {
            self.leverage = leverage
            self.orderMargin = orderMargin
            self.marginBalance = marginBalance
            self.verifiedAt = verifiedAt
        }

        /// What is not given, as the signal itself tells it: the leg's margin at the leader's leverage, and the leader's equity as the balance
        /// that came from. What a flip closes puts no margin to work.
        func completed(by signal: Signal, for leg: Leg) -> Leader {
            var leader = self
            leader.leverage = leverage ?? signal.leaderLeverage
            leader.marginBalance = marginBalance ?? signal.leaderEquity
            if orderMargin == nil, let leverage = leader.leverage, let worth = try? signal.averagePrice * leg.change.magnitude {
                leader.orderMargin = Notional(e8: worth.e8 / Int64(max(1, leverage)))
            }
            return leader
        }

        /// a leader that was not verified for so long produces no entries.
        public static let verificationMilliseconds: Int64 = 120_000
    }
}

/// An exchange account's figures, USDC.
public struct AccountFacts: Sendable, Equatable {
    public var equity: Notional
    /// Margin that is not used by positions or open orders.
    public var freeMargin: Notional
    public var maintenanceMargin: Notional
    /// Sum of all positions' worth, unsigned, and signed.
    public var grossNotional: Notional
    public var netNotional: Notional
    /// Worth of the position in the coin of the order, unsigned.
    public var coinNotional: Notional

    public init(
        equity: Notional, freeMargin: Notional, maintenanceMargin: Notional = .zero, grossNotional: Notional = .zero,
        netNotional: Notional = .zero, coinNotional: Notional = .zero
    ) {
        self.equity = equity
        self.freeMargin = freeMargin
        self.maintenanceMargin = maintenanceMargin
        self.grossNotional = grossNotional
        self.netNotional = netNotional
        self.coinNotional = coinNotional
    }
}
