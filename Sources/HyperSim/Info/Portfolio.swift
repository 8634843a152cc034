import CopyTrading
import JSON

/// How an account did over one stretch of time, for `portfolio` and the leaderboard.
struct Portfolio {
    /// The exchange's windows; `perp` ones leave spot out, of which there is none here.
    enum Window: String, CaseIterable {
        case day, week, month, allTime, perpDay, perpWeek, perpMonth, perpAllTime

        /// Milliseconds; `nil` reaches back to the account's first day.
        var length: Int64? {
            switch self {
            case .day, .perpDay: CandleInterval.dayLength
            case .week, .perpWeek: 7 * CandleInterval.dayLength
            case .month, .perpMonth: 30 * CandleInterval.dayLength
            case .allTime, .perpAllTime: nil
            }
        }
    }

    var value = Notional.zero
    /// Closed profit less fees within the window, and what stands open now.
    var profit = Notional.zero
    var volume = Notional.zero
    var samples: [ValueSample] = []

    init() {}

    init(_ account: Account, _ window: Window, _ engine: Engine, now: Int64) {
        let start = window.length.map { now - $0 } ?? 0
        for fill in account.fills.kept.in(start...max(start, now)) {
            volume = Money.clamped(volume, adding: Money.product(fill.price, fill.size))
            profit = Money.clamped(profit, adding: fill.closedPnl - fill.fee)
        }
        for (index, position) in account.positions {
            profit = Money.clamped(profit, adding: position.unrealizedPnl(mark: engine.universe.markets[index].mark))
        }
        value = account.worth(engine.universe)
        samples = account.valueSamples.kept.filter { $0.time >= start }
        let total = account.isLeader ? profit : value - account.netDeposits
        samples.append(ValueSample(time: now, accountValue: value, pnl: total))
    }

    var json: JSON {
        [
            "accountValueHistory": .array(samples.map { [.integer($0.time), .decimal($0.accountValue)] }),
            "pnlHistory": .array(samples.map { [.integer($0.time), .decimal($0.pnl)] }), "vlm": .decimal(volume),
        ]
    }

    /// Profit as a fraction of what the account was worth before it, cut off at the eighth decimal.
    var returnOnInvestment: Notional {
        let base = value - profit
        guard base.e8 > 0 else { return .zero }
        return Notional(e8: Int64(clamping: Int128(profit.e8) * Int128(Notional.scale) / Int128(base.e8)))
    }
}

extension Account {
    /// Perpetuals and spot together; a leader's is fixed.
    fileprivate func worth(_ universe: Universe) -> Notional {
        guard case .leader(_, let equity) = kind else { return equity(universe) }
        return equity
    }

    /// A leader's name, or the address.
    var displayName: String {
        guard case .leader(let name, _) = kind else { return address }
        return name
    }
}
