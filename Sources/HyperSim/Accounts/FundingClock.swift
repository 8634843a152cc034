import CopyTrading

/// One market's funding: the premium's average over the running hour, and the rates of past hours.
struct FundingClock {
    /// What `fundingHistory` lists.
    struct Settled: Equatable {
        /// Milliseconds since 1970.
        var time: Int64
        /// Per hour.
        var rate: Ratio
        var premium: Ratio
    }

    /// Takes the place of the computed rate while it is set, per hour.
    var fixedRate: Ratio?
    private(set) var history = BoundedHistory<Settled>(limit: FundingClock.historyLimit)
    private var premium = Ratio.zero
    private var since: Int64 = 0
    private var began: Int64 = 0
    /// Σ premium × milliseconds over the running hour.
    private var sum: Int128 = 0

    static let historyLimit = 2_000
    /// 0.01 % for 8 hours.
    static let interest = Ratio(basisPoints: 1)
    static let clamp = Ratio(basisPoints: 5)
    static let cap = Ratio(basisPoints: 400)
    /// Of rates and premiums.
    static let decimals: Int128 = 100_000_000

    mutating func begin(premium: Ratio, now: Int64) {
        self.premium = premium
        since = now
        began = now
    }

    /// The premium is another from now on.
    mutating func move(to premium: Ratio, now: Int64) {
        guard premium != self.premium else { return }
        sum += self.premium.e18 * Int128(now - since)
        since = now
        self.premium = premium
    }

    /// What the running hour would be settled at now.
    func running(now: Int64) -> Settled {
        let total = sum + premium.e18 * Int128(now - since)
        let average = Self.truncated(now > began ? Ratio(e18: total / Int128(now - began)) : premium)
        let spread = min(max(Self.interest - average, .zero - Self.clamp), Self.clamp)
        let hourly = Self.truncated(Ratio(e18: (average + spread).e18 / 8))
        return Settled(time: now, rate: fixedRate ?? min(max(hourly, .zero - Self.cap), Self.cap), premium: average)
    }

    /// Ends the hour and begins the next.
    mutating func settle(premium: Ratio, now: Int64) -> Settled {
        let settled = running(now: now)
        history.append(settled)
        sum = 0
        begin(premium: premium, now: now)
        return settled
    }

    /// To 10 decimals.
    private static func truncated(_ ratio: Ratio) -> Ratio { Ratio(e18: ratio.e18 - ratio.e18 % decimals) }
}

/// What an account paid for its positions in one market, positive when it paid.
struct FundingTotals: Equatable {
    var allTime = Notional.zero
    var sinceOpen = Notional.zero
    var sinceChange = Notional.zero

    mutating func pay(_ amount: Notional) {
        allTime += amount
        sinceOpen += amount
        sinceChange += amount
    }

    /// After a trade in the market.
    mutating func changed(_ change: Position.Change) {
        sinceChange = .zero
        if change.start.sign * change.end.sign <= 0 { sinceOpen = .zero }
    }
}

/// An account's value and its profit so far at one moment, for `portfolio`.
struct ValueSample: Equatable {
    /// Milliseconds since 1970.
    var time: Int64
    /// Perpetuals and spot together.
    var accountValue: Notional
    /// ``accountValue`` less net deposits.
    var pnl: Notional

    /// A month of hours.
    static let limit = 744
}
