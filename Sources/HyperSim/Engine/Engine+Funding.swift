import CopyTrading

/// Funding: once an hour those on the side the perpetual trades above its oracle pay the other side.
///
/// rate for 8 hours = premium + clamp(0.01 % − premium, ±0.05 %), an eighth of it each hour, at most 4 % an hour; premium is the average of
/// (mid − oracle) / oracle over the hour. What a position pays: size × oracle × rate.
extension Engine {
    static let fundingInterval: Int64 = 3_600_000

    /// Sets the first settlement, at the full hour after the first input.
    func beginFunding(at now: Int64) {
        guard !fundingHasBegun else { return }
        fundingHasBegun = true
        for market in universe.markets { market.funding.begin(premium: market.premium, now: now) }
        setTimer(.funding, at: (now / Self.fundingInterval + 1) * Self.fundingInterval)
    }

    /// Settles the hour that ends.
    func settleFunding(at now: Int64) {
        setTimer(.funding, at: now + Self.fundingInterval)
        let holders = accounts.values.filter { !$0.isLeader && !$0.positions.isEmpty }.sorted { $0.address < $1.address }
        for market in universe.markets {
            let rate = market.funding.settle(premium: market.premium, now: now)
            guard rate.rate != .zero else { continue }
            for account in holders { pay(rate.rate, account, market, now: now) }
        }
        sampleValues(at: now)
        checkMargins(now: now)
    }

    private func pay(_ rate: Ratio, _ account: Account, _ market: Market, now: Int64) {
        var position = account.position(in: market)
        guard !position.size.isZero else { return }
        let value = Money.product(market.oracle, position.size)
        let due = Int128(value.e8) * Int128(position.size.sign) * rate.e18 / Ratio.one.e18
        let amount = Notional(e8: -Int64(clamping: due)).truncated(decimals: 6)
        if let held = position.isolatedCash {
            position.isolatedCash = held + amount
            account.set(position, in: market)
        } else {
            account.cash += amount
        }
        treasury.house -= Int128(amount.e8)
        account.fundingTotals[market.index, default: FundingTotals()].pay(-amount)
        let payment = FundingPayment(
            time: now, coin: market.coin, amount: amount, position: position.size, rate: rate, isIsolated: position.isolatedCash != nil)
        account.fundings.append(payment)
        effects.fundings.append((account, payment))
        effects.ledger.append(LedgerEntry(time: now, account: account.address, .funding(payment)))
        mustCheck(account)
    }
}

extension Market {
    /// (mid − oracle) / oracle.
    var premium: Ratio {
        let oracle = oracle
        guard mid != oracle, oracle.e8 > 0 else { return .zero }
        return Ratio(e18: Int128(mid.e8 - oracle.e8) * Ratio.one.e18 / Int128(oracle.e8))
    }
}
