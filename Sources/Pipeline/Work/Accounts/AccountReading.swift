import CopyTrading
import Hyperliquid

/// An account as the exchange had it, on the dexs that were asked for.
struct AccountReading: Sendable {
    struct Position: Sendable, Equatable {
        /// Signed.
        var size: Size
        /// Unsigned.
        var value: Notional
        var leverage: LeverageState
    }

    /// When the reading began, microseconds since 1970: what was settled before is in it.
    var begunAt: Int64
    /// As of when it is, by the exchange's clock, milliseconds since 1970; of several states the earliest.
    var asOf: Int64
    /// `nil` when it cannot be told, or was not asked for.
    var equity: Notional?
    var freeMargin: Notional
    var maintenanceMargin: Notional
    var positions: [Coin: Position]

    /// - Parameters:
    ///   - states: of each dex that was read.
    ///   - equity: of the account as a whole.
    init(begunAt: Int64, states: [Hyperliquid.AccountState], equity: Notional?) {
        self.begunAt = begunAt
        asOf = states.map(\.time).min() ?? begunAt / 1_000
        self.equity = equity
        let used = states.reduce(Notional.zero) { $0 + $1.margin.marginUsed }
        freeMargin = (equity ?? states.reduce(Notional.zero) { $0 + $1.margin.accountValue }) - used
        maintenanceMargin = states.reduce(Notional.zero) { $0 + $1.crossMaintenanceMargin }
        positions = [:]
        for position in states.flatMap(\.perpetuals) {
            positions[position.coin] = Position(
                size: position.size, value: position.value,
                leverage: LeverageState(
                    leverage: position.leverage.value, mode: position.leverage.mode == .cross ? .cross : .isolated))
        }
    }

    /// What an entry in `coin` is capped by; `nil` when the equity is not known.
    func facts(coin: Coin) -> AccountFacts? {
        guard let equity else { return nil }
        var facts = AccountFacts(equity: equity, freeMargin: freeMargin, maintenanceMargin: maintenanceMargin)
        for (held, position) in positions {
            facts.grossNotional += position.value
            facts.netNotional += position.size < .zero ? -position.value : position.value
            if held == coin { facts.coinNotional = position.value }
        }
        return facts
    }
}
