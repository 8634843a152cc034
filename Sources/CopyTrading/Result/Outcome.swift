/// Why a leg of a copy ended as it did (section 12 of the rules). The codes are stable: people's dashboards read them.
public enum Outcome: String, Sendable, CaseIterable {
    case filled = "OK_FILLED"
    case partial = "OK_PARTIAL"
    case accumulated = "OK_ACCUMULATED"
    case coalesced = "OK_COALESCED"
    case snapClose = "OK_SNAP_CLOSE"

    case paused = "SKIP_PAUSED"
    case windDown = "SKIP_WIND_DOWN"
    case halted = "SKIP_HALTED"
    case filterCoin = "SKIP_FILTER_COIN"
    case filterSide = "SKIP_FILTER_SIDE"
    case filterNotional = "SKIP_FILTER_NOTIONAL"
    case filterLeverage = "SKIP_FILTER_LEVERAGE"
    case schedule = "SKIP_SCHEDULE"
    case stale = "SKIP_STALE"
    case priceMoved = "SKIP_PRICE_MOVED"
    case spread = "SKIP_SPREAD"
    case noBook = "SKIP_NO_BOOK"
    case minimumNotional = "SKIP_MIN_NOTIONAL"
    case roundedToZero = "SKIP_ROUNDED_ZERO"
    case capOrder = "SKIP_CAP_ORDER"
    case capCoin = "SKIP_CAP_COIN"
    case capSleeve = "SKIP_CAP_SLEEVE"
    case capAccount = "SKIP_CAP_ACCOUNT"
    case liquidationBuffer = "SKIP_LIQ_BUFFER"
    case margin = "SKIP_MARGIN"
    case dailyLoss = "SKIP_DAILY_LOSS"
    case drawdown = "SKIP_DRAWDOWN"
    case breaker = "SKIP_BREAKER"
    case coinLocked = "SKIP_COIN_LOCKED"
    case manual = "SKIP_MANUAL"
    case uncopiedBase = "SKIP_UNCOPIED_BASE"
    case noPosition = "SKIP_NO_POSITION"
    case unsupported = "SKIP_UNSUPPORTED"
    case delisted = "SKIP_DELISTED"
    case budget = "SKIP_BUDGET"
    case equityUnknown = "SKIP_EQUITY_UNKNOWN"
    case superseded = "SKIP_SUPERSEDED"
    /// The fleet had more to do than it can.
    case shed = "SKIP_SHED"

    case rejected = "FAIL_REJECTED"
    case noLiquidity = "FAIL_NO_LIQUIDITY"
    case agent = "FAIL_AGENT"
    /// Given by nobody now; an old trail may hold it.
    case unknownResolved = "FAIL_UNKNOWN_RESOLVED"
    /// Put aside as unworkable, and ended by an operator.
    case dropped = "FAIL_DROPPED"
    case strandedDust = "STRANDED_DUST"

    /// True when something was traded at the exchange.
    public var isExecuted: Bool { self == .filled || self == .partial || self == .snapClose }
    /// True when it should have been, and was not.
    public var isFailure: Bool {
        switch self {
        case .rejected, .noLiquidity, .agent, .unknownResolved, .dropped, .strandedDust: true
        default: false
        }
    }
}
