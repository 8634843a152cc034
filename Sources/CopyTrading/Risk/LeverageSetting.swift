/// The leverage a subscription's positions have at the exchange.
public enum LeverageSetting: Sendable, Equatable {
    /// The leader's, at most so much.
    case matching(maximum: Int)
    case fixed(Int)
    /// As it is at the exchange: nothing is set.
    case keep

    /// At least 1, at most what the account and the market allow.
    /// - Parameters:
    ///   - leader: `nil` when not known: then the maximum that the subscriber agreed to. In cross margin it decides how much margin an order
    ///     binds, not when the account is liquidated; with less, what a leveraged leader does could not be copied at all.
    ///   - account: the most the account's owner allows.
    ///   - market: the exchange's maximum for the size in question.
    public func leverage(leader: Int?, account: Int?, market: Int) -> Int {
        let wanted =
            switch self {
            case .matching(let maximum): min(leader ?? maximum, maximum)
            case .fixed(let leverage): leverage
            // Not known, so the margin of an order is taken for all that it is worth.
            case .keep: 1
            }
        return max(1, min(wanted, account ?? market, market))
    }
}

/// Leverage and margin mode of one coin on one account, as the exchange has them.
public struct LeverageState: Sendable, Equatable {
    public enum MarginMode: String, Sendable, CaseIterable { case cross, isolated }

    public var leverage: Int
    public var mode: MarginMode

    public init(leverage: Int, mode: MarginMode) {
        self.leverage = leverage
        self.mode = mode
    }

    /// What to do before an entry is sent; never asked for exits.
    public enum Step: Sendable, Equatable {
        case none
        case update(LeverageState)
        /// LEVERAGE_KEPT: the position is open in another mode, or at another leverage, and keeps both.
        case kept(LeverageState, wanted: LeverageState)
    }

    /// - Parameters:
    ///   - current: as last set or seen at the exchange; `nil` when not known: then it is set when flat, and left alone otherwise.
    ///   - isFlat: of the account in the coin, all sleeves together.
    ///   - onlyIsolated: of the market; markets of other exchanges' making (`xyz:TSLA`) are isolated too.
    public static func step(current: LeverageState?, leverage: Int, mode: MarginMode, isFlat: Bool, coin: Coin, onlyIsolated: Bool) -> Step {
        let isBuilt = coin.text.contains(":")
        let wanted = LeverageState(leverage: leverage, mode: onlyIsolated || isBuilt ? .isolated : mode)
        guard let current else { return isFlat ? .update(wanted) : .none }
        if current == wanted { return .none }
        if isFlat { return .update(wanted) }
        return .kept(current, wanted: wanted)
    }
}
