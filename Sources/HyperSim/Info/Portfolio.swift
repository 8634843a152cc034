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
    var samples: [EquitySample] = []

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
        value = account.equity(engine.universe)
        samples = account.report.equity.kept.filter { $0.time >= start }
        samples.append(EquitySample(time: now, value: value, profit: profit))
    }

    var json: JSON {
        [
            "accountValueHistory": .array(samples.map { [.integer($0.time), .decimal($0.value)] }),
            "pnlHistory": .array(samples.map { [.integer($0.time), .decimal($0.profit)] }), "vlm": .decimal(volume),
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
    /// Over all dexes, isolated margin and spot included; a leader's is fixed.
    func equity(_ universe: Universe) -> Notional {
        if case .leader(_, let equity) = kind { return equity }
        return universe.dexes.indices.reduce(report.spotBalance) { $0 + state(onDex: $1, universe: universe).all.accountValue }
    }
}
