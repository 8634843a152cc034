/// Everything that can stop or shrink an order, in the order an entry meets it, each with the side it applies to.
/// The raw values are stable: they are in stored clips, and caps have the name of their setting.
public enum Gate: String, Sendable, CaseIterable {
    // state
    case subscription
    case killSwitch = "kill_switch"
    case state
    case dailyLoss = "daily_loss"
    case drawdown
    case breaker
    case frozen
    // filters
    case coins
    case newListing = "new_listing_days"
    case direction
    case leaderNotional = "leader_notional"
    case conviction = "min_conviction_bps"
    case leaderLeverage = "max_leader_leverage"
    case schedule
    case market
    // staleness
    case age = "entry_expiry_ms"
    case verification
    // lock
    case lock
    case manual
    case base
    // size
    case size
    /// What the sleeve really holds of the leader's position.
    case filledShare = "filled_share"
    /// What mirrored limit orders have bought of it before.
    case ahead
    case owed
    // caps
    case orderCap = "max_order_notional"
    case coinCap = "max_coin_notional"
    case positionCap = "max_position_notional"
    case grossCap = "max_gross_notional"
    case netCap = "max_net_notional"
    case leverageCap = "max_account_leverage"
    case liquidationBuffer = "min_liquidation_buffer_bps"
    case freeMargin = "free_margin"
    /// Its part of what all copies of a signal may take of the book.
    case depth
    // rounding, minimum, price
    case lot
    case minimumNotional = "min_notional"
    case spread = "max_spread_bps"
    case price
    // exits too
    case holding
    case unknownOutcome = "unknown_outcome"
    case exchangeDown = "exchange_down"

    public enum Scope: Sendable { case entries, everything }

    /// Which orders it may stop or delay as a gate. Beside that an exit ends, when it is prepared, where the subscriber trades by hand and
    /// wants it to stay (``manual``), and where it opens for a shared account and is worth less than an order must be
    /// (``minimumNotional``): then it stays owed.
    public var appliesTo: Scope {
        switch self {
        case .holding, .unknownOutcome, .exchangeDown: .everything
        case .subscription, .killSwitch, .state, .dailyLoss, .drawdown, .breaker, .frozen, .coins, .newListing, .direction,
            .leaderNotional, .conviction, .leaderLeverage, .schedule, .market, .age, .verification, .lock, .manual, .base, .size,
            .filledShare, .ahead, .owed, .orderCap, .coinCap, .positionCap, .grossCap, .netCap, .leverageCap, .liquidationBuffer, .freeMargin,
            .depth, .lot, .minimumNotional, .spread, .price:
            .entries
        }
    }

    /// Whether what an order of another size leaves held is a new measure for increases.
    var correctsK: Bool { self != .filledShare && self != .ahead && self != .owed && self != .lot }

    /// The outcome of an entry that a cap left nothing of, or too little.
    public var capOutcome: Outcome {
        switch self {
        case .orderCap: .capOrder
        case .coinCap: .capCoin
        case .grossCap, .netCap, .leverageCap: .capAccount
        case .liquidationBuffer: .liquidationBuffer
        case .freeMargin: .margin
        case .depth: .noBook
        case .ahead, .owed: .accumulated
        case .filledShare, .minimumNotional: .minimumNotional
        default: .capSleeve
        }
    }
}
